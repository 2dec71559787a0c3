package assist

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func requireReason(t testing.TB, err error, want SignatureReason) {
	t.Helper()
	var refused *SignatureError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, want, refused.Reason, "%v", err)
	require.Equal(t, Unknown, OutcomeOf(err))
}

func qiwiRequest(t testing.TB) CancelRequest {
	return CancelRequest{Billnumber: "5554143265883170", OrderNumber: "28042010_fffffffffffsd", Amount: rub(t, "0.11")}
}

// comparing is a verifier that does all the work of one that verifies a
// signature, but for the cryptography.
var comparing = verifierFunc(func(a SignedAnswer) error {
	for text := range a.SignedTexts() {
		if text == a.Signature {
			return nil
		}
	}
	return &SignatureError{Reason: SignatureOtherText}
})

func TestSignedTexts(t *testing.T) {
	t.Parallel()
	a := SignedAnswer{OrderNumber: "n", OrderAmount: "2", OrderCurrency: "RUB", OrderState: "s", PacketDate: "p"}
	assert.Equal(t, []string{"n2.00RUBsp", "n2RUBsp"}, slices.Collect(a.SignedTexts()), "without an operation only the short layout")
	a.OrderAmount = "2.00"
	op := SignedOperation{Billnumber: "b", ResponseCode: "c", Amount: "1.00", Currency: "USD", MeanNumber: "m", ApprovalCode: "a"}
	a.Operations = []SignedOperation{op}
	assert.Equal(t, []string{"n2.00RUBsp", "b,n,c,1.00,USD,m,a,s,p", "bnc1.00USDmasp", "b,n,c,2.00,RUB,m,a,s,p", "bnc2.00RUBmasp"}, slices.Collect(a.SignedTexts()))
	all := len(slices.Collect(a.SignedTexts()))
	for n := range all {
		seen := 0
		for range a.SignedTexts() {
			if seen++; seen > n {
				break
			}
		}
		assert.Equal(t, n+1, seen, "whoever has found the text asks for no more")
	}
}

// verifierFunc is a verifier of the merchant's own.
type verifierFunc func(SignedAnswer) error

func (f verifierFunc) Verify(a SignedAnswer) error { return f(a) }

func TestEveryVerifierMustBeSatisfied(t *testing.T) {
	t.Parallel()
	refusal := errors.New("not today")
	yes := verifierFunc(func(SignedAnswer) error { return nil })
	no := verifierFunc(func(SignedAnswer) error { return refusal })
	for name, verifiers := range map[string][]Verifier{"first": {no, yes}, "last": {yes, no}} {
		var opts []Option
		for _, v := range verifiers {
			opts = append(opts, WithVerifier(v))
		}
		_, err := mocked(t, answering(http.StatusOK, sample(t, "qiwi_cancel.xml")), opts...).Cancel(t.Context(), qiwiRequest(t))
		requireReason(t, err, VerifierRefused)
		require.ErrorIs(t, err, refusal, name)
		assert.ErrorContains(t, err, "refused by a verifier: not today")
	}
	own := verifierFunc(func(SignedAnswer) error { return fmt.Errorf("mine: %w", &SignatureError{Reason: SignatureInvalid}) })
	_, err := mocked(t, answering(http.StatusOK, sample(t, "qiwi_cancel.xml")), WithVerifier(own)).Cancel(t.Context(), qiwiRequest(t))
	requireReason(t, err, SignatureInvalid)
	_, err = NewClient(testBase, testCredentials(), WithVerifier(nil))
	assert.Equal(t, NotSent, OutcomeOf(err))
}

func TestVerifierSeesTheTextsAsSent(t *testing.T) {
	t.Parallel()
	var seen SignedAnswer
	spy := verifierFunc(func(a SignedAnswer) error { seen = a; return nil })
	text := sample(t, "qiwi_cancel.xml")
	_, signature, _ := strings.Cut(text, "<signature>")
	signature, _, _ = strings.Cut(signature, "</signature>")
	body := strings.NewReplacer(">2.00<", "> 2.00 <", ">PartialCanceled<", ">partialcanceled<").Replace(text)
	_, err := mocked(t, answering(http.StatusOK, body), WithVerifier(spy)).Cancel(t.Context(), qiwiRequest(t))
	require.NoError(t, err)
	assert.Equal(t, SignedAnswer{
		Service: "wscancel", Billnumber: "5554143265883170", OrderNumber: "28042010_fffffffffffsd", OrderAmount: " 2.00 ", OrderCurrency: "RUB",
		OrderState: "partialcanceled", PacketDate: "28.01.2014 14:30:02", Signature: signature,
		Operations: []SignedOperation{{Billnumber: "5554143265883170.4", ResponseCode: "AS000", Amount: "0.11", Currency: "RUB", MeanNumber: "9213301111"}},
	}, seen)
}

// Signatures and check values cover the order number, and some of them nothing
// else that names the order: with a verifier it must be the one that was asked
// about.
func TestTheSignedOrderNumberIsTheOneAskedAbout(t *testing.T) {
	t.Parallel()
	anything := WithVerifier(verifierFunc(func(SignedAnswer) error { return nil }))
	for name, test := range map[string]struct {
		number string
		opts   []Option
		want   Outcome
	}{
		"its own":                     {"2013.10.23-700027-5", []Option{anything}, Accepted},
		"another":                     {"2013.10.23-700027-6", []Option{anything}, Unknown},
		"another spelling":            {"2013.10.23 700027-5", []Option{anything}, Unknown},
		"another, and nothing signed": {"2013.10.23-700027-6", nil, Accepted},
	} {
		body := strings.ReplaceAll(soapAnswer(cancelled()), "2013.10.23-700027-5", test.number)
		_, err := mocked(t, answering(http.StatusOK, body), test.opts...).Cancel(t.Context(), webMoneyRequest(t))
		assert.Equal(t, test.want, OutcomeOf(err), "%s: %v", name, err)
		order := strings.ReplaceAll(orderAnswer([]Billnumber{"5700027202722028"}, paid()), "2013.10.23-700027-5", test.number)
		d := &scripted{order: order, cancel: soapAnswer(cancelled())}
		_, err = d.client(t, test.opts...).Cancel(t.Context(), webMoneyRequest(t), LookFirst())
		if test.want == Accepted {
			assert.NoError(t, err, name)
		} else {
			assert.Equal(t, NotSent, OutcomeOf(err), name)
		}
	}
}
