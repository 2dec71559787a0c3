package profile

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/cmd/assist/internal/ownfile"
)

// Password finds the password: ASSIST_PASSWORD, the command, or the file. It is
// looked for anew each time, so that a changed one is found.
func (p *Profile) Password(ctx context.Context) (assist.Secret, error) {
	return p.secret(ctx, "password", "ASSIST_PASSWORD", p.PasswordCommand, p.PasswordFile)
}

// SecretWord finds the merchant's secret word, and gives an empty secret where none
// is set.
func (p *Profile) SecretWord(ctx context.Context) (assist.Secret, error) {
	if p.environment("ASSIST_SECRET_WORD") == "" && len(p.SecretWordCommand) == 0 && p.SecretWordFile == "" {
		return assist.Secret{}, nil
	}
	return p.secret(ctx, "secret_word", "ASSIST_SECRET_WORD", p.SecretWordCommand, p.SecretWordFile)
}

func (p *Profile) secret(ctx context.Context, name, variable string, command []string, file string) (assist.Secret, error) {
	if value := p.environment(variable); value != "" {
		return assist.NewSecret(value), nil
	}
	var text string
	var err error
	switch {
	case len(command) > 0:
		text, err = output(ctx, name, command)
	case file != "":
		text, err = private(name, file)
	default:
		err = wrong("not set: %s_command, %s_file or %s", name, name, variable)
	}
	if err != nil {
		return assist.Secret{}, err
	}
	if text = strings.TrimRight(text, "\r\n"); text == "" {
		return assist.Secret{}, wrong("the %s that was found is empty", name)
	}
	return assist.NewSecret(text), nil
}

// output runs a command that prints a secret. What it prints on stderr is the
// user's to see; what it prints on stdout is seen by nobody.
func output(ctx context.Context, name string, command []string) (string, error) {
	ctx, end := context.WithTimeout(ctx, time.Minute)
	defer end()
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	var out bytes.Buffer
	c.Stdout, c.Stderr, c.Stdin = &out, os.Stderr, os.Stdin
	c.WaitDelay = time.Second
	if err := c.Run(); err != nil {
		return "", wrong("%s_command (%s) failed: %v", name, command[0], err)
	}
	return out.String(), nil
}

// private reads a file that nobody else may read.
func private(name, path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", wrong("%s_file: %v", name, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", wrong("%s_file: %v", name, err)
	}
	if err := ownfile.Check(info); err != nil {
		return "", wrong("%s_file %s: %v", name, path, err)
	}
	text := make([]byte, 4096)
	n, err := f.Read(text)
	if err != nil && n == 0 {
		return "", wrong("%s_file %s is empty or can't be read", name, path)
	}
	return string(text[:n]), nil
}
