// Package terminal asks a person, where there is one.
package terminal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// ErrNobody: the answer can't be had, because there is no terminal or nobody may
// be asked.
var ErrNobody = errors.New("terminal: nobody can be asked")

// Terminal is where the program reads and writes.
type Terminal struct {
	In       io.Reader
	Out, Err io.Writer
	// Whether each of them is a terminal.
	InIs, OutIs, ErrIs bool
	NoInput            bool
	lines              chan line
}

type line struct {
	text string
	err  error
}

// Standard is the process's own.
func Standard() *Terminal {
	is := func(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
	return &Terminal{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, InIs: is(os.Stdin), OutIs: is(os.Stdout), ErrIs: is(os.Stderr)}
}

// Asks tells whether a person can be asked: the question goes to stderr, so that
// stdout stays free for data.
func (t *Terminal) Asks() bool { return t.InIs && t.ErrIs && !t.NoInput }

// Ask shows a question and waits for one line. When the context ends, so does the
// wait.
func (t *Terminal) Ask(ctx context.Context, question string) (string, error) {
	if !t.Asks() {
		return "", ErrNobody
	}
	if _, err := io.WriteString(t.Err, question); err != nil {
		return "", err
	}
	return t.readLine(ctx)
}

func (t *Terminal) readLine(ctx context.Context) (string, error) {
	if t.lines == nil {
		// A read of a terminal can't be ended, so it goes on behind a context that
		// has ended; the program does too.
		t.lines = make(chan line, 1)
		go func() {
			text, err := oneLine(t.In)
			t.lines <- line{text, err}
		}()
	}
	select {
	case got := <-t.lines:
		t.lines = nil
		return strings.TrimSpace(got.text), got.err
	case <-ctx.Done():
		fmt.Fprintln(t.Err)
		return "", context.Cause(ctx)
	}
}

// oneLine reads byte by byte, so that nothing behind the line is taken.
func oneLine(r io.Reader) (string, error) {
	var text strings.Builder
	b := make([]byte, 1)
	for text.Len() < 4096 {
		n, err := r.Read(b)
		if n == 1 {
			if b[0] == '\n' {
				return text.String(), nil
			}
			text.WriteByte(b[0])
		}
		if err != nil {
			return text.String(), err
		}
	}
	return "", errors.New("terminal: the line is too long")
}

// Secret asks for a line that isn't shown.
func (t *Terminal) Secret(question string) (string, error) {
	file, ok := t.In.(*os.File)
	if !ok || !t.Asks() {
		return "", ErrNobody
	}
	if _, err := io.WriteString(t.Err, question); err != nil {
		return "", err
	}
	text, err := term.ReadPassword(int(file.Fd()))
	fmt.Fprintln(t.Err)
	return string(text), err
}
