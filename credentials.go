package assist

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
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

// keyring gives the credentials of each request, and remembers those it gave.
type keyring struct {
	merchantID string
	given      Credentials                                // to NewClient
	source     func(context.Context) (Credentials, error) // nil: given

	mu   sync.Mutex
	seen []Credentials // the newest last
}

// credentialsSeen bounds the memory: more than are in use at the same time, with
// those whose password may still show in a late answer.
const credentialsSeen = 32

// credentials are those of one request, which keeps them whatever comes later.
func (c *Client) credentials(ctx context.Context) (Credentials, error) {
	k := &c.keys
	if k.source == nil {
		return k.given, nil
	}
	cred, err := k.source(ctx)
	if err == nil {
		err = cred.check()
	}
	if err == nil && cred.MerchantID != k.merchantID {
		err = &ValidationError{Field: "Credentials.MerchantID", Reason: "must be that of the client"}
	}
	if err != nil {
		return Credentials{}, c.causeOf(ctx, err)
	}
	k.remember(cred)
	return cred, nil
}

func (k *keyring) remember(cred Credentials) {
	k.mu.Lock()
	defer k.mu.Unlock()
	at := slices.IndexFunc(k.seen, func(known Credentials) bool {
		return known.Login == cred.Login && known.Password.Reveal() == cred.Password.Reveal()
	})
	switch {
	case at == len(k.seen)-1 && at >= 0:
		return
	case at >= 0:
		k.seen = slices.Concat(k.seen[:at], k.seen[at+1:])
	case len(k.seen) == credentialsSeen:
		k.seen = k.seen[1:]
	}
	// A new list, as others may be reading the one before.
	k.seen = append(slices.Clone(k.seen), cred)
}

// all are the credentials that a text may show.
func (k *keyring) all() []Credentials {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.seen
}
