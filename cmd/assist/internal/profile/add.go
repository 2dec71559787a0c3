package profile

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Add adds a profile behind what the file has, and keeps the password in a file of
// its own beside it, which nobody else can read. What is there isn't changed.
func Add(path, name, url, merchant, login, password string) error {
	if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		return wrong("a profile's name is of small letters, digits, - and _")
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	secret := filepath.Join(dir, name+".password")
	if err := write(secret, os.O_CREATE|os.O_EXCL, password+"\n"); err != nil {
		return wrong("%v", err)
	}
	var text strings.Builder
	text.WriteString("\n[profiles." + name + "]\n")
	for _, s := range [][2]string{{"url", url}, {"merchant", merchant}, {"login", login}, {"password_file", secret}} {
		text.WriteString(s[0] + " = " + strconv.Quote(s[1]) + "\n")
	}
	return write(path, os.O_CREATE|os.O_APPEND, text.String())
}

func write(path string, how int, text string) error {
	f, err := os.OpenFile(path, how|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}
