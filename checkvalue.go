package assist

import (
	"crypto/md5"
	"crypto/subtle"
	"encoding/hex"
	"strings"

	"github.com/assist-go/assist/internal/wire"
)

// NewCheckValueVerifier makes a [Verifier] of the check value that Assist puts
// into answers of the order services when the merchant chose MD5 (protocol §8).
// The secret is the merchant's secret word, the merchant ID the account that
// the answers belong to. An empty secret, which everybody knows, and an ID that
// isn't digits are refused with a [*ValidationError], and so is every one in a
// program that runs with GODEBUG=fips140=only, which forbids MD5.
//
// It covers the order services and notifications only: answers to a cancel
// carry no check value, so they pass by unchecked, and a client with this
// verifier alone believes them on the strength of TLS. It covers merchant, order
// number, amount, currency and state of the order; no operation, no code, no
// date. MD5 keeps out those who don't know the secret; whoever sees a right
// value can try secrets against it at leisure, so it should be long.
func NewCheckValueVerifier(secret Secret, merchantID string) (Verifier, error) {
	switch {
	case secret.Reveal() == "":
		return nil, invalid("Secret", "must not be empty")
	case merchantID == "" || !allDigits(merchantID):
		return nil, invalid("MerchantID", "must be digits")
	}
	if err := md5Allowed(); err != nil {
		return nil, &ValidationError{Field: "GODEBUG", Reason: "fips140=only forbids the MD5 that a check value is made with: " +
			"take the verifier away, or run without it", Err: err}
	}
	return &checkValueVerifier{secret: secret, merchantID: merchantID}, nil
}

type checkValueVerifier struct {
	secret     Secret
	merchantID string
}

// Verify compares in constant time, with every variant, so that the time tells
// nothing about the right value.
func (v *checkValueVerifier) Verify(a SignedAnswer) error {
	if a.Service == serviceCancel {
		return nil
	}
	got := strings.ToUpper(strings.TrimSpace(a.CheckValue))
	if got == "" {
		return &SignatureError{Reason: CheckValueMissing}
	}
	// A program may switch the rules of FIPS 140 off for the making of a verifier
	// alone.
	if err := md5Allowed(); err != nil {
		return &SignatureError{Reason: VerifierRefused, Err: err}
	}
	right := 0
	for _, text := range v.texts(a) {
		right |= subtle.ConstantTimeCompare([]byte(got), []byte(checkValueOf(v.secret, text)))
	}
	if right != 1 {
		return &SignatureError{Reason: CheckValueWrong}
	}
	return nil
}

// texts gives what a check value may cover. A notification has the operation's
// amount and currency on older pages, the order's on newer ones.
func (v *checkValueVerifier) texts(a SignedAnswer) []string {
	var texts []string
	add := func(sent, currency string) {
		for _, amount := range amountTexts(sent) {
			texts = append(texts, v.merchantID+a.OrderNumber+amount+currency+a.OrderState)
		}
	}
	add(a.OrderAmount, a.OrderCurrency)
	if a.Service == servicePush {
		for _, op := range a.Operations {
			add(op.Amount, op.Currency)
		}
	}
	return texts
}

var serviceCancel = wire.Cancel.String()

// md5Allowed asks for MD5 as a stream: where it is forbidden, a stream answers
// with an error, while md5.Sum panics.
func md5Allowed() error {
	_, err := md5.New().Write(nil)
	return err
}

// checkValueOf is upper(md5(upper(md5(SECRET) + md5(X)))), in hex.
func checkValueOf(secret Secret, text string) string {
	return strings.ToUpper(md5Hex(strings.ToUpper(md5Hex(secret.Reveal()) + md5Hex(text))))
}

func md5Hex(text string) string {
	sum := md5.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}
