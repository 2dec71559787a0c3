package openpgp

import (
	"bytes"
	"testing"

	pgp "github.com/ProtonMail/go-crypto/openpgp/v2"
	"github.com/stretchr/testify/require"
)

// A verified answer, beside one whose key is parsed anew for it: no more than
// half of that, because one signature is checked and not two.
func BenchmarkVerify(b *testing.B) {
	a := qiwiAnswerSigned(b, "sha1_short.b64")
	b.Run("keys parsed once", func(b *testing.B) {
		v := verifierOf(b, "assist.gpg")
		b.ReportAllocs()
		for b.Loop() {
			require.NoError(b, v.Verify(a))
		}
	})
	b.Run("keys parsed for each answer", func(b *testing.B) {
		key := file(b, "assist.gpg")
		b.ReportAllocs()
		for b.Loop() {
			ring, err := pgp.ReadKeyRing(bytes.NewReader(key))
			require.NoError(b, err)
			require.NoError(b, (&verifier{keys: []pgp.EntityList{ring}}).Verify(a))
		}
	})
}
