package assist

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/assist-go/assist/internal/redact"
)

// Credentials authenticate the merchant in every request (protocol §1).
type Credentials struct {
	MerchantID string // digits
	Login      string
	Password   Secret
}

// Format writes the merchant's number alone, under every verb: a login belongs
// into no log either.
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
		return &ValidationError{Field: "Credentials.Login", Reason: "must not be empty or hold control characters"}
	case cred.Password.Reveal() == "" || hasControl(cred.Password.Reveal()):
		return &ValidationError{Field: "Credentials.Password", Reason: "must not be empty or hold control characters"}
	}
	return nil
}

func (cred Credentials) checkMerchant() error {
	if cred.MerchantID == "" || !allDigits(cred.MerchantID) || len(cred.MerchantID) > 32 {
		return &ValidationError{Field: "Credentials.MerchantID", Reason: "must be digits"}
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
