package login

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// ErrWeak: the password is too short, or too long to be one.
var ErrWeak = errors.New("a password has 12 to 200 characters")

// The parameters of argon2id: 64 MiB, once through, some 50 ms.
const (
	passes = 1
	memory = 64 << 10 // KiB
	lanes  = 4
	length = 32
)

// hash makes what is stored of a password.
func hash(password string) (string, error) {
	if n := len([]rune(password)); n < 12 || n > 200 {
		return "", ErrWeak
	}
	var salt [16]byte
	_, _ = rand.Read(salt[:])
	sum := argon2.IDKey([]byte(password), salt[:], passes, memory, lanes, length)
	text := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memory, passes, lanes, text(salt[:]), text(sum)), nil
}

// matches holds a password against what is stored. An unknown user's costs the
// same time.
func matches(stored, password string) bool {
	known := stored != ""
	if !known {
		stored = nobody
	}
	parts := strings.Split(stored, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || len(password) > 1000 {
		return false
	}
	var kib, times uint32
	var threads uint8
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &kib, &times, &threads); err != nil || kib > 1<<20 || times < 1 || times > 10 || threads < 1 {
		return false
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(want) != length {
		return false
	}
	got := argon2.IDKey([]byte(password), salt, times, kib, threads, length)
	return subtle.ConstantTimeCompare(got, want) == 1 && known
}

// nobody is a hash that no password is known of.
const nobody = "$argon2id$v=19$m=65536,t=1,p=4$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
