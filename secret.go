package assist

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"

	"github.com/assist-go/assist/internal/redact"
)

// redacted is what every printer of a [Secret] shows.
const redacted = redact.Redacted

// Secret is a text that must not be shown: a password. Every fmt verb, slog,
// JSON, XML and text encoding gives "[redacted]". A secret in an unexported
// field, where fmt cannot call its methods, shows the address of a function
// and no text. There is no way to read one back from such an output, so a
// configuration file is read into a string first.
//
// The zero value is an empty secret. A Secret is safe for concurrent use.
type Secret struct {
	// A printer that follows pointers by reflection stops at a function, so the
	// text lives in a closure.
	reveal func() string
}

// NewSecret hides a text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{reveal: func() string { return text }}
}

// Reveal gives the text. It is called in few places, so that they can be found.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// Equal tells whether two secrets hide the same text, in a time that doesn't
// tell how much of it is the same.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

// String gives "[redacted]".
func (s Secret) String() string { return redacted }

// GoString gives "[redacted]".
func (s Secret) GoString() string { return redacted }

// Format writes "[redacted]" under every verb and flag.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText gives "[redacted]", for JSON, XML and all that asks for text.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalBinary gives "[redacted]", for gob and its like.
func (s Secret) MarshalBinary() ([]byte, error) { return []byte(redacted), nil }

// LogValue gives "[redacted]" to slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
