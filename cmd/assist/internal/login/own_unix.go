//go:build unix

package login

import (
	"errors"
	"io/fs"
)

func ownOnly(info fs.FileInfo) error {
	if info.Mode().Perm()&0o077 != 0 {
		return errors.New("others may read it: chmod 600")
	}
	return nil
}
