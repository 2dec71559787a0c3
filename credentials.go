package assist

import (
	"context"
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unicode"

	"github.com/assist-go/assist/internal/redact"
)

// Credentials authenticate the merchant in every request (protocol §1).
type Credentials struct {
	MerchantID string // digits
	Login      string
	Password   Secret
}

// Format writes the merchant's number alone, under every verb: a login must not
// be logged either.
func (cred Credentials) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "assist.Credentials("+cred.MerchantID+")")
}

// LogValue gives the merchant's number alone to slog.
func (cred Credentials) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(cred)) }

// MarshalText gives the merchant's number alone, so that a configuration in JSON
// or XML, or in a record of slog, shows neither login nor password. Credentials
// can't be read back from it: read them field by field from where secrets are
// kept. (A verb that fits no value, which go vet reports, has fmt print any
// struct by its fields: then the login shows, and never the password.)
func (cred Credentials) MarshalText() ([]byte, error) { return fmt.Append(nil, cred), nil }

// MarshalBinary gives what [Credentials.MarshalText] gives, for gob and its like.
func (cred Credentials) MarshalBinary() ([]byte, error) { return cred.MarshalText() }

// check wants what no server could do without. Lengths and alphabets differ
// between the pages of the documentation, so Assist is the judge of them.
func (cred Credentials) check() error {
	if err := cred.checkMerchant(); err != nil {
		return err
	}
	switch {
	case cred.Login == "" || hasControl(cred.Login):
		return invalid("Credentials.Login", "must not be empty or hold control characters")
	case cred.Password.Reveal() == "" || hasControl(cred.Password.Reveal()):
		return invalid("Credentials.Password", "must not be empty or hold control characters")
	}
	return nil
}

func (cred Credentials) checkMerchant() error {
	if cred.MerchantID == "" || !allDigits(cred.MerchantID) || len(cred.MerchantID) > 32 {
		return invalid("Credentials.MerchantID", "must be digits")
	}
	return nil
}

// keyring gives the credentials of each request, and remembers those it gave, so
// that texts can be cleaned of them: an answer may come late, after a change of
// password.
type keyring struct {
	merchantID string
	given      Credentials                                // to NewClient
	source     func(context.Context) (Credentials, error) // nil: given

	seen redact.Scrubber
}

func (k *keyring) remember(cred Credentials) {
	k.seen.Learn(cred.Password.Reveal(), cred.Login)
}

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

// maxMessage bounds a server's text inside an error, in characters.
const maxMessage = 200

// maxScrubbed is how much of a server's text is looked at for an error, in
// bytes.
const maxScrubbed = 16 << 10

// scrub makes a server's text fit for an error: one line, short, and without
// the credentials that a careless server may repeat.
func (k *keyring) scrub(text string) string {
	var b strings.Builder
	written, gap := 0, false
	// What is shown stands at the beginning, so that a long text costs no more
	// than a short one.
	text = strings.TrimSpace(text)
	for _, r := range k.seen.Clean(text[:min(len(text), maxScrubbed)]) {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			gap = written > 0
			continue
		case written >= maxMessage:
			b.WriteString("…")
			return b.String()
		case gap:
			b.WriteByte(' ')
			written, gap = written+1, false
		}
		b.WriteRune(r)
		written++
	}
	return b.String()
}

// tells whether any error in the tree shows a credential: net/http puts a
// server's broken header into its own error, and a transport of the caller's may
// put the request there.
func (k *keyring) tells(err error) bool {
	if err == nil {
		return false
	}
	if k.seen.Finds(err.Error()) {
		return true
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return k.tells(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			if k.tells(inner) {
				return true
			}
		}
	}
	return false
}

// redactedError stands in for an error that showed a credential. It keeps nothing
// of that error but its scrubbed text and what it says about the context.
type redactedError struct {
	text              string
	canceled, expired bool
}

func (e *redactedError) Error() string { return e.text }

func (e *redactedError) Is(target error) bool {
	return e.canceled && target == context.Canceled || e.expired && target == context.DeadlineExceeded
}
