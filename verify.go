package assist

import (
	"errors"
	"fmt"
	"strings"

	"github.com/assist-go/assist/internal/wire"
)

// signedFor binds what is signed to the question: signatures and check values
// cover the order number, some of them nothing else that names the order. Without
// them the number is a text that decides nothing, as the billnumber names the
// order.
func (c *Client) signedFor(number string, order *Order) error {
	if len(c.verifiers) > 0 && order.Number != "" && order.Number != strings.TrimSpace(number) {
		return fmt.Errorf("%w: another order number, and it is the one that is signed", ErrOtherAnswer)
	}
	return nil
}

// verify asks every verifier about one order of an answer. Only the operations
// in about are shown to them, so that a signature of another operation proves
// nothing; nil shows all.
func (c *Client) verify(s wire.Service, o *wire.Order, about []Operation) error {
	if len(c.verifiers) == 0 {
		return nil
	}
	return c.verifyOrder(s.String(), o, about)
}

// verifyOrder asks every verifier about the order in both readings of
// [Verifier].
func (c *Client) verifyOrder(service string, o *wire.Order, about []Operation) error {
	a := signedAnswer(service, o, about)
	sent := a.asSent(o.Charset)
	for _, v := range c.verifiers {
		err := askVerifier(v, a)
		if err != nil && sent != nil && askVerifier(v, *sent) == nil {
			err = nil
		}
		if err == nil {
			continue
		}
		var known *SignatureError
		if errors.As(err, &known) {
			return err
		}
		return &SignatureError{Reason: VerifierRefused, Err: err}
	}
	return nil
}

// askVerifier takes a panic for a refusal: the verifier was given a server's bytes,
// and what it makes of them must not cost the caller the intent.
func askVerifier(v Verifier, a SignedAnswer) (err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("the verifier panicked (%T)", panicked)
		}
	}()
	return v.Verify(a)
}
