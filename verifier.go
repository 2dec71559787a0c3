package assist

import (
	"errors"
	"fmt"
	"slices"

	"github.com/assist-go/assist/internal/charset"
	"github.com/assist-go/assist/internal/wire"
)

// Verifier decides whether an answer is Assist's own (protocol §8).
// Assist offers two proofs: OpenPGP signatures, which the package openpgp beside
// this one verifies, and check values, see [NewCheckValueVerifier]. A merchant
// may bring another.
//
// Verify gives nil, or why the answer must not be believed: a
// [*SignatureError], or any error, which is then put into one. It must be safe
// for concurrent use and must not wait for anything: a cancel stands behind it.
//
// Whether the bytes of an answer were signed or what they say isn't documented.
// So Verify is asked about the texts in UTF-8 and, where an answer came in
// windows-1251 and that makes a difference, about them in the bytes as they were
// sent. The answer is believed when either is right.
type Verifier interface {
	Verify(SignedAnswer) error
}

// SignedAnswer holds the texts of one order of an answer that a signature or a
// check value can cover, as they were sent: not trimmed, not parsed. A text that
// the answer doesn't have is empty.
type SignedAnswer struct {
	// Service is "wscancel", "orderresult", "orderstate", "resultbydate", or
	// "pushpaymentresult" for a notification.
	Service string

	Billnumber, OrderNumber, OrderAmount, OrderCurrency, OrderState string

	// Operations are, in the answer to a cancel, those that the cancel made; of
	// the other services all that the answer lists.
	Operations []SignedOperation

	PacketDate, Signature, CheckValue string
}

// SignedOperation holds the texts of one operation.
type SignedOperation struct {
	Billnumber, ResponseCode, Amount, Currency, MeanNumber, ApprovalCode string
}

// servicePush is the service of a notification; it isn't one that is asked.
const servicePush = "pushpaymentresult"

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

func signedAnswer(service string, o *wire.Order, about []Operation) SignedAnswer {
	a := SignedAnswer{
		Service:       service,
		Billnumber:    o.Text(wire.Billnumber),
		OrderNumber:   o.Text(wire.OrderNumber),
		OrderAmount:   o.Text(wire.OrderAmount),
		OrderCurrency: o.Text(wire.OrderCurrency),
		OrderState:    o.Text(wire.OrderStateText),
		PacketDate:    o.Text(wire.PacketDate),
		Signature:     o.Text(wire.Signature),
		CheckValue:    o.Text(wire.CheckValue),
	}
	records := o.Operations
	if o.Flat {
		records = []wire.Record{o.Record}
	}
	shown := namesOf(about)
	for i := range records {
		r := &records[i]
		if number, err := billnumberOf(r); about != nil && (err != nil || !shown[number]) {
			continue
		}
		a.Operations = append(a.Operations, SignedOperation{
			Billnumber:   r.Text(wire.Billnumber),
			ResponseCode: r.Text(wire.ResponseCode),
			Amount:       r.Text(wire.Amount),
			Currency:     r.Text(wire.Currency),
			MeanNumber:   r.Text(wire.MeanNumber),
			ApprovalCode: r.Text(wire.ApprovalCode),
		})
	}
	return a
}

// asSent gives the texts in the bytes as they were sent, or nil where these are the
// same.
func (a SignedAnswer) asSent(c charset.Charset) *SignedAnswer {
	if c == charset.UTF8 {
		return nil
	}
	sent, differs := a, false
	sent.Operations = slices.Clone(a.Operations)
	texts := []*string{&sent.Billnumber, &sent.OrderNumber, &sent.OrderAmount, &sent.OrderCurrency, &sent.OrderState, &sent.PacketDate}
	for i := range sent.Operations {
		op := &sent.Operations[i]
		texts = append(texts, &op.Billnumber, &op.ResponseCode, &op.Amount, &op.Currency, &op.MeanNumber, &op.ApprovalCode)
	}
	for _, text := range texts {
		bytes := c.Bytes(*text)
		differs = differs || bytes != *text
		*text = bytes
	}
	if !differs {
		return nil
	}
	return &sent
}

// SignatureReason says in a few words why an answer was not believed.
type SignatureReason string

// The reasons of a [*SignatureError].
const (
	// SignatureMissing: the answer carries no signature.
	SignatureMissing SignatureReason = "no signature"
	// SignatureUnreadable: what stands in its place is no single signed OpenPGP
	// message: unsigned, encrypted, compressed, too large, in another form, with
	// several signatures or with anything behind it.
	SignatureUnreadable SignatureReason = "not one signed OpenPGP message"
	// SignatureUnknownKey: made by none of the keys given.
	SignatureUnknownKey SignatureReason = "signed by an unknown key"
	// SignatureInvalid: made with one of the keys' names but wrong, of a hash
	// weaker than SHA-1, expired, or made when its key was expired or revoked.
	SignatureInvalid SignatureReason = "not a valid signature"
	// SignatureOtherText: valid, but over a text that is not this answer's: one
	// of the two was changed, or the signature is another answer's.
	SignatureOtherText SignatureReason = "a valid signature of another text"
	// CheckValueMissing: the answer carries no check value.
	CheckValueMissing SignatureReason = "no check value"
	// CheckValueWrong: the answer was changed, or the secret is another.
	CheckValueWrong SignatureReason = "a wrong check value"
	// VerifierRefused: a [Verifier] of the merchant's own refused; Err tells why.
	VerifierRefused SignatureReason = "refused by a verifier"
)

// SignatureError says that a complete answer was not believed, because it isn't
// proved to be Assist's. What it says is then not known, so the outcome is
// [Unknown]. A cancel gives it inside an [*UnknownOutcomeError], an order
// service inside a [*FollowError].
//
// It means an attack, or more often a setting: another key, another secret, or a
// merchant account that signs in the other way. Err never holds a text of the
// answer, unless a [Verifier] of the merchant's own put it there.
type SignatureError struct {
	Reason SignatureReason
	Err    error // the cause, where there is one
}

func (e *SignatureError) Error() string {
	return joined("assist", "the answer is not proved to be Assist's", string(e.Reason), textOfError(e.Err))
}

func (e *SignatureError) Unwrap() error { return e.Err }

// Outcome is [Unknown].
func (e *SignatureError) Outcome() Outcome { return Unknown }
