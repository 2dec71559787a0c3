//go:build unix

package ownfile

import (
	"errors"
	"io/fs"
)

// Check gives an error where anybody but the owner may read or write the file.
func Check(info fs.FileInfo) error {
	if info.Mode().Perm()&0o077 != 0 {
		return errors.New("others may read it: chmod 600")
	}
	return nil
}
