package bench

import (
	"crypto/md5"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assist-go/assist"
)

// secretWord is the merchant's, invented.
const secretWord = "a word that nobody knows"

// proofs are the checks of who has made an answer, each with an answer that
// passes.
func proofs(tb testing.TB) []struct {
	name     string
	verifier assist.Verifier
	answer   assist.SignedAnswer
} {
	tb.Helper()
	checkValue, err := assist.NewCheckValueVerifier(assist.NewSecret(secretWord), merchantID)
	require.NoError(tb, err)
	signed := assist.SignedAnswer{
		Service: "wscancel", Billnumber: "5554143265883170", OrderNumber: "28042010_fffffffffffsd", OrderAmount: "2.00", OrderCurrency: "RUB",
		OrderState: "PartialCanceled", PacketDate: "28.01.2014 14:30:02", Signature: file(tb, "../openpgp/testdata/sha1_short.b64"),
		Operations: []assist.SignedOperation{{
			Billnumber: "5554143265883170.4", ResponseCode: "AS000", Amount: "0.11", Currency: "RUB", MeanNumber: "9213301111",
		}},
	}
	checked := signed
	checked.Service, checked.Signature = "orderresult", ""
	checked.CheckValue = upperMD5(md5Hex(secretWord) + md5Hex(merchantID+"28042010_fffffffffffsd"+"2.00"+"RUB"+"PartialCanceled"))
	return []struct {
		name     string
		verifier assist.Verifier
		answer   assist.SignedAnswer
	}{
		{"signature", signatureVerifier(tb), signed},
		{"check-value", checkValue, checked},
	}
}

// upperMD5 is the outer step of a check value (protocol §8).
func upperMD5(text string) string { return strings.ToUpper(md5Hex(strings.ToUpper(text))) }

func md5Hex(text string) string {
	sum := md5.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

func TestProofsPass(t *testing.T) {
	for _, p := range proofs(t) {
		require.NoError(t, p.verifier.Verify(p.answer), p.name)
		p.answer.OrderState = "Approved"
		require.Error(t, p.verifier.Verify(p.answer), p.name)
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, p := range proofs(b) {
		b.Run(p.name, func(b *testing.B) {
			measured(b, func() error { return p.verifier.Verify(p.answer) })
		})
	}
}
