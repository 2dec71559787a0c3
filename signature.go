package assist

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/assist-go/assist/internal/charset"
	"github.com/assist-go/assist/internal/wire"
)

// SignedTexts gives every text that a signature of this answer may cover
// (protocol §8): the short one, and the nine fields joined by a comma or by
// nothing, with the operation's or the order's amount and currency. Assist's
// documents disagree about the layout, so each is right. A [Verifier] accepts an
// answer when the text that was signed equals one of them.
func (a SignedAnswer) SignedTexts() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, orderAmount := range amountTexts(a.OrderAmount) {
			if !yield(a.OrderNumber + orderAmount + a.OrderCurrency + a.OrderState + a.PacketDate) {
				return
			}
		}
		for i := range a.Operations {
			if !a.yieldNine(&a.Operations[i], yield) {
				return
			}
		}
	}
}

// yieldNine gives the layouts of nine fields for one operation.
func (a SignedAnswer) yieldNine(op *SignedOperation, yield func(string) bool) (more bool) {
	both := func(amount, currency string) bool {
		fields := []string{
			op.Billnumber, a.OrderNumber, op.ResponseCode, amount, currency,
			op.MeanNumber, op.ApprovalCode, a.OrderState, a.PacketDate,
		}
		return yield(strings.Join(fields, ",")) && yield(strings.Join(fields, ""))
	}
	for _, amount := range amountTexts(op.Amount) {
		if !both(amount, op.Currency) {
			return false
		}
	}
	if a.OrderAmount == op.Amount && a.OrderCurrency == op.Currency {
		return true
	}
	for _, amount := range amountTexts(a.OrderAmount) {
		if !both(amount, a.OrderCurrency) {
			return false
		}
	}
	return true
}

// amountTexts gives the ways in which an amount may stand in a signed text:
// with two decimals, which a JSON number may have lost, and as it was sent
// (protocol §8). Both are the same money.
func amountTexts(sent string) []string {
	whole, fraction, pointed := strings.Cut(sent, ".")
	if whole == "" || !allDigits(whole) || !allDigits(fraction) || len(fraction) >= 2 || pointed && fraction == "" {
		return []string{sent}
	}
	return []string{whole + "." + fraction + "00"[len(fraction):], sent}
}

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

// verifiers are those of a client. Without any, an answer is believed on the
// strength of TLS.
type verifiers []Verifier

// signedFor binds what is signed to the question: signatures and check values
// cover the order number, some of them nothing else that names the order. Without
// them the number is a text that decides nothing, as the billnumber names the
// order.
func (all verifiers) signedFor(number string, order *Order) error {
	if len(all) > 0 && order.Number != "" && order.Number != strings.TrimSpace(number) {
		return fmt.Errorf("%w: another order number, and it is the one that is signed", ErrOtherAnswer)
	}
	return nil
}

// verify asks every verifier about one order of an answer, in both readings of
// [Verifier]. Only the operations in about are shown to them, so that a signature
// of another operation proves nothing; nil shows all.
func (all verifiers) verify(service string, o *wire.Order, about []Operation) error {
	if len(all) == 0 {
		return nil
	}
	a := signedAnswer(service, o, about)
	sent := a.asSent(o.Charset)
	for _, v := range all {
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
