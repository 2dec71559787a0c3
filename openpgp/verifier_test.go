package openpgp

import (
	"bytes"
	//lint:ignore SA1019 only to name a key that is too weak to be taken
	"crypto/dsa"
	"encoding/base64"
	"errors"
	"io"
	"math/big"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	pgp "github.com/ProtonMail/go-crypto/openpgp/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/assist-go/assist"
)

// file reads a key or a message that GnuPG made; see
// make.sh beside it.
func file(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	return text
}

func verifierOf(t testing.TB, keys ...string) assist.Verifier {
	t.Helper()
	var ring []byte
	for _, key := range keys {
		ring = append(ring, file(t, key)...)
	}
	v, err := NewVerifier(ring)
	require.NoError(t, err)
	return v
}

// qiwiAnswer is what can be signed of the QIWI sample, with the sample's own
// signature, as a client shows it to its verifier.
func qiwiAnswer(t testing.TB) assist.SignedAnswer {
	t.Helper()
	return *shown(t, "qiwi_cancel.xml", qiwiRequest(t))
}

// qiwiAnswerSigned is the same answer with a signature of a test key.
func qiwiAnswerSigned(t testing.TB, message string) assist.SignedAnswer {
	t.Helper()
	a := qiwiAnswer(t)
	a.Signature = string(file(t, message))
	return a
}

func requireReason(t testing.TB, err error, want assist.SignatureReason) {
	t.Helper()
	var refused *assist.SignatureError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, want, refused.Reason, "%v", err)
	require.Equal(t, assist.Unknown, assist.OutcomeOf(err))
}

// literalOf gives the text and the time of signing inside a message, verified by
// nobody.
func literalOf(t testing.TB, message []byte) (text string, signedAt time.Time) {
	t.Helper()
	packets := packet.NewReader(bytes.NewReader(message))
	for {
		p, err := packets.Next()
		if errors.Is(err, io.EOF) {
			return text, signedAt
		}
		require.NoError(t, err)
		switch p := p.(type) {
		case *packet.LiteralData:
			body, err := io.ReadAll(p.Body)
			require.NoError(t, err)
			text = string(body)
		case *packet.Signature:
			signedAt = p.CreationTime.UTC()
		}
	}
}

// Assist's key of the time isn't public, so of the sample itself only the
// binding can be held: its signature is about its own fields.
func TestQIWISampleSignsItsOwnFields(t *testing.T) {
	t.Parallel()
	a := qiwiAnswer(t)
	assert.Contains(t, a.Signature, "\n", "line breaks inside")
	message, err := messageOf(a.Signature)
	require.NoError(t, err)
	text, signedAt := literalOf(t, message)
	assert.Equal(t, "28042010_fffffffffffsd2.00RUBPartialCanceled28.01.2014 14:30:02", text)
	assert.Contains(t, slices.Collect(a.SignedTexts()), text)
	assert.Equal(t, a.PacketDate, signedAt.Format("02.01.2006 15:04:05"), "packet dates are GMT")

	for _, change := range []func(*assist.SignedAnswer){
		func(a *assist.SignedAnswer) { a.OrderNumber += "1" },
		func(a *assist.SignedAnswer) { a.OrderAmount = "2.01" },
		func(a *assist.SignedAnswer) { a.OrderCurrency = "USD" },
		func(a *assist.SignedAnswer) { a.OrderState = "Canceled" },
		func(a *assist.SignedAnswer) { a.PacketDate = "28.01.2014 14:30:03" },
	} {
		other := a
		change(&other)
		assert.NotContains(t, slices.Collect(other.SignedTexts()), text)
	}
	requireReason(t, verifierOf(t, "assist.gpg").Verify(a), assist.SignatureUnknownKey)
}

// The other sample's signature is shortened in its document.
func TestWebMoneySampleSignatureIsCut(t *testing.T) {
	t.Parallel()
	amount, err := assist.ParseMoney("0.10", "RUB")
	require.NoError(t, err)
	a := shown(t, "webmoney_cancel.xml", assist.CancelRequest{Billnumber: "5700027202722028", OrderNumber: "2013.10.23-700027-5", Amount: amount})
	requireReason(t, verifierOf(t, "assist.gpg").Verify(*a), assist.SignatureUnreadable)
}

func TestSignatureLayouts(t *testing.T) {
	t.Parallel()
	v := verifierOf(t, "assist.gpg")
	for _, hash := range []string{"sha1", "sha256"} {
		for _, layout := range []string{"short", "nine_comma_operation", "nine_comma_order", "nine_operation", "nine_order"} {
			t.Run(hash+" "+layout, func(t *testing.T) {
				t.Parallel()
				a := qiwiAnswerSigned(t, hash+"_"+layout+".b64")
				require.NoError(t, v.Verify(a))

				plain := strings.Join(strings.Fields(a.Signature), "")
				for name, spaced := range map[string]string{
					"on one line":     plain,
					"Windows lines":   strings.ReplaceAll(a.Signature, "\n", "\r\n"),
					"spaces anywhere": " " + strings.Join(strings.Split(plain, ""), " ") + "\t",
				} {
					a.Signature = spaced
					require.NoError(t, v.Verify(a), name)
				}
				a.Operations = nil
				if layout == "short" {
					require.NoError(t, v.Verify(a), "it covers no operation")
				} else {
					requireReason(t, v.Verify(a), assist.SignatureOtherText)
				}
			})
		}
	}
}

// A JSON number loses decimals, but not the money that was signed.
func TestSignatureOverAmountsOfJSONNumbers(t *testing.T) {
	t.Parallel()
	v := verifierOf(t, "assist.gpg")
	for _, message := range []string{"sha1_short.b64", "sha1_nine_comma_order.b64", "sha1_nine_order.b64"} {
		a := qiwiAnswerSigned(t, message)
		for _, sent := range []string{"2", "2.0", "2.00"} {
			a.OrderAmount = sent
			require.NoError(t, v.Verify(a), "%s %s", message, sent)
		}
		for _, sent := range []string{"", "2.", "2.000", "02", "20", "-2", "2,00", "2e0"} {
			a.OrderAmount = sent
			requireReason(t, v.Verify(a), assist.SignatureOtherText)
		}
	}
}

func TestSignatureRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, key, message string
		want               assist.SignatureReason
	}{
		{"text of another answer", "assist.gpg", "other_text.b64", assist.SignatureOtherText},
		{"wrong key", "assist.gpg", "wrong_key.b64", assist.SignatureUnknownKey},
		{"a key that isn't in use any more", "next.gpg", "sha1_short.b64", assist.SignatureUnknownKey},
		{"key expired when it signed", "expired.gpg", "sha1_short.b64", assist.SignatureInvalid},
		{"signature past its own end", "assist.gpg", "expired_signature.b64", assist.SignatureInvalid},
		{"RIPEMD-160", "assist.gpg", "ripemd160.b64", assist.SignatureInvalid},
		{"MD5", "rsa.gpg", "md5.b64", assist.SignatureInvalid},
		{"signature of a text document", "assist.gpg", "text_mode.b64", assist.SignatureInvalid},
		{"unsigned", "assist.gpg", "unsigned.b64", assist.SignatureUnreadable},
		{"encrypted", "assist.gpg", "encrypted.b64", assist.SignatureUnreadable},
		{"compressed", "assist.gpg", "compressed.b64", assist.SignatureUnreadable},
		{"compressed bomb", "rsa.gpg", "bomb.b64", assist.SignatureUnreadable},
		{"two signatures", "assist.gpg", "two_signatures.b64", assist.SignatureUnreadable},
		{"armored", "assist.gpg", "armored.b64", assist.SignatureUnreadable},
		{"cleartext", "assist.gpg", "cleartext.b64", assist.SignatureUnreadable},
		{"detached", "assist.gpg", "detached.b64", assist.SignatureUnreadable},
		{"a key in its place", "assist.gpg", "assist.asc", assist.SignatureUnreadable},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			requireReason(t, verifierOf(t, test.key).Verify(qiwiAnswerSigned(t, test.message)), test.want)
		})
	}

	v := verifierOf(t, "assist.gpg")
	a := qiwiAnswer(t)
	for _, none := range []string{"", " ", "\r\n\t"} {
		a.Signature = none
		requireReason(t, v.Verify(a), assist.SignatureMissing)
	}
	a.Signature = strings.Repeat("A", maxSignature+1)
	requireReason(t, v.Verify(a), assist.SignatureUnreadable)
	require.ErrorContains(t, v.Verify(a), "too large", "before anything is decoded")
	a.Signature = "kA0DAAIR…"
	requireReason(t, v.Verify(a), assist.SignatureUnreadable)
}

func TestNothingMayStandBehindTheMessage(t *testing.T) {
	t.Parallel()
	v := verifierOf(t, "assist.gpg")
	a := qiwiAnswer(t)
	message, err := messageOf(string(file(t, "sha1_short.b64")))
	require.NoError(t, err)
	for name, behind := range map[string][]byte{
		"a zero":                  {0},
		"a line break":            {'\n'},
		"a marker packet":         {0xca, 3, 'P', 'G', 'P'},
		"an unknown packet":       {0xfc, 1, 'x'},
		"a padding packet":        {0xd5, 1, 'x'},
		"a trust packet":          {0xcc, 1, 'x'},
		"an empty literal":        {0xcb, 6, 'b', 0, 0, 0, 0, 0},
		"the signature again":     message[94:],
		"the message again":       message,
		"an old unlimited packet": {0xaf, 'x'},
	} {
		a.Signature = base64.StdEncoding.EncodeToString(append(message[:len(message):len(message)], behind...))
		requireReason(t, v.Verify(a), assist.SignatureUnreadable)
		a.Signature = base64.StdEncoding.EncodeToString(append(behind[:len(behind):len(behind)], message...))
		require.Error(t, v.Verify(a), "%s in front", name)
	}
	one := strings.Join(strings.Fields(string(file(t, "sha1_short.b64"))), "")
	a.Signature = one + one
	requireReason(t, v.Verify(a), assist.SignatureUnreadable)
	for n := range len(message) {
		a.Signature = base64.StdEncoding.EncodeToString(message[:n])
		require.Error(t, v.Verify(a), "cut to %d bytes", n)
	}
}

// Where a changed message is still taken, the change was outside what anybody
// signed (the file name, the date of the literal), and the text is the same.
func TestFlippedBytesOfTheMessage(t *testing.T) {
	t.Parallel()
	v := verifierOf(t, "assist.gpg")
	for _, name := range []string{"sha1_short.b64", "sha256_nine_comma_operation.b64"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := qiwiAnswerSigned(t, name)
			message, err := messageOf(a.Signature)
			require.NoError(t, err)
			text, _ := literalOf(t, message)
			start := bytes.Index(message, []byte(text))
			taken := 0
			for i := range message {
				for _, bit := range []byte{0x01, 0x80} {
					flipped := bytes.Clone(message)
					flipped[i] ^= bit
					a.Signature = base64.StdEncoding.EncodeToString(flipped)
					if v.Verify(a) != nil {
						continue
					}
					taken++
					require.False(t, start <= i && i < start+len(text), "byte %d of the signed text", i)
					require.Contains(t, string(flipped), text)
				}
			}
			assert.Less(t, taken, 70, "of %d", 2*len(message))
		})
	}
}

func TestFlippedBytesOfTheAnswer(t *testing.T) {
	t.Parallel()
	v := verifierOf(t, "assist.gpg")
	order := []func(*assist.SignedAnswer) *string{
		func(a *assist.SignedAnswer) *string { return &a.OrderNumber },
		func(a *assist.SignedAnswer) *string { return &a.OrderState },
		func(a *assist.SignedAnswer) *string { return &a.PacketDate },
	}
	orderMoney := []func(*assist.SignedAnswer) *string{
		func(a *assist.SignedAnswer) *string { return &a.OrderAmount },
		func(a *assist.SignedAnswer) *string { return &a.OrderCurrency },
	}
	operation := []func(*assist.SignedAnswer) *string{
		func(a *assist.SignedAnswer) *string { return &a.Operations[0].Billnumber },
		func(a *assist.SignedAnswer) *string { return &a.Operations[0].ResponseCode },
		func(a *assist.SignedAnswer) *string { return &a.Operations[0].MeanNumber },
		func(a *assist.SignedAnswer) *string { return &a.Operations[0].ApprovalCode },
	}
	operationMoney := []func(*assist.SignedAnswer) *string{
		func(a *assist.SignedAnswer) *string { return &a.Operations[0].Amount },
		func(a *assist.SignedAnswer) *string { return &a.Operations[0].Currency },
	}
	for message, covered := range map[string][][]func(*assist.SignedAnswer) *string{
		"sha1_short.b64":                {order, orderMoney},
		"sha1_nine_comma_operation.b64": {order, operation, operationMoney},
		"sha1_nine_comma_order.b64":     {order, operation, orderMoney},
		"sha256_nine_operation.b64":     {order, operation, operationMoney},
		"sha256_nine_order.b64":         {order, operation, orderMoney},
	} {
		t.Run(message, func(t *testing.T) {
			t.Parallel()
			for _, fields := range covered {
				for _, field := range fields {
					whole := qiwiAnswerSigned(t, message)
					sent := *field(&whole)
					for i := range len(sent) + 1 {
						a := qiwiAnswerSigned(t, message)
						changed := sent + "x"
						if i < len(sent) {
							changed = sent[:i] + string(sent[i]^1) + sent[i+1:]
						}
						*field(&a) = changed
						requireReason(t, v.Verify(a), assist.SignatureOtherText)
					}
				}
			}
		})
	}
}

func TestSignatureKeys(t *testing.T) {
	t.Parallel()
	ring := func(names ...string) []byte {
		var keys []byte
		for _, name := range names {
			keys = append(keys, file(t, name)...)
		}
		return keys
	}
	tests := []struct {
		name    string
		keys    []byte
		message string
	}{
		{"binary", ring("assist.gpg"), "sha1_short.b64"},
		{"armored", ring("assist.asc"), "sha1_short.b64"},
		{"armored, behind a remark", append([]byte("The key:\n\n"), ring("assist.asc")...), "sha1_short.b64"},
		{"first of two", ring("assist.gpg", "next.gpg"), "sha1_short.b64"},
		{"second of two", ring("assist.gpg", "next.gpg"), "next_key.b64"},
		{"first of two, armored", ring("assist.asc", "next.asc"), "sha1_short.b64"},
		{"second of two, armored", ring("assist.asc", "next.asc"), "next_key.b64"},
		{"RSA", ring("rsa.gpg", "assist.gpg"), "rsa_key.b64"},
		{"expired since, but not when it signed", ring("expired.gpg"), "signed_in_time.b64"},
		{"an old copy of the key in front", ring("expired.gpg", "assist.gpg"), "sha1_short.b64"},
		{"an old copy of the key behind", ring("assist.gpg", "expired.gpg"), "sha1_short.b64"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			v, err := NewVerifier(test.keys)
			require.NoError(t, err)
			require.NoError(t, v.Verify(qiwiAnswerSigned(t, test.message)))
			requireReason(t, v.Verify(qiwiAnswerSigned(t, "wrong_key.b64")), assist.SignatureUnknownKey)
		})
	}
}

func TestSignatureKeysThatAreRefused(t *testing.T) {
	t.Parallel()
	assistKey := file(t, "assist.gpg")
	armored := string(file(t, "assist.asc"))
	for name, keys := range map[string][]byte{
		"none":                     nil,
		"no key":                   []byte("not a key"),
		"a message":                file(t, "armored.b64"),
		"cut":                      assistKey[:len(assistKey)-10],
		"something behind":         append(bytes.Clone(assistKey), "x"...),
		"a short RSA key":          file(t, "short_rsa.gpg"),
		"a good one and a bad one": append(bytes.Clone(assistKey), file(t, "short_rsa.gpg")...),
		"revoked":                  file(t, "revoked.gpg"),
		"armored and cut":          []byte(armored[:len(armored)/2]),
		"a block of another kind":  []byte(strings.ReplaceAll(armored, "PUBLIC KEY BLOCK", "MESSAGE")),
		"a private block":          []byte(strings.ReplaceAll(armored, "PUBLIC KEY", "PRIVATE KEY")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := NewVerifier(keys)
			var wrong *assist.ValidationError
			require.ErrorAs(t, err, &wrong)
			assert.Equal(t, "PublicKeys", wrong.Field)
			assert.Equal(t, assist.NotSent, assist.OutcomeOf(err))
		})
	}
	_, err := NewVerifier(make([]byte, maxKeys+1))
	require.ErrorContains(t, errors.Unwrap(err), "too large", "before anything is read")

	entity, err := pgp.NewEntity("Assist test key", "", "", &packet.Config{Algorithm: packet.PubKeyAlgoEd25519})
	require.NoError(t, err)
	var public, private bytes.Buffer
	require.NoError(t, entity.Serialize(&public))
	require.NoError(t, entity.SerializePrivate(&private, nil))
	_, err = NewVerifier(public.Bytes())
	require.NoError(t, err)
	_, err = NewVerifier(private.Bytes())
	require.Error(t, err, "a private key")
	require.ErrorContains(t, errors.Unwrap(err), "private")

	weak := &dsa.PublicKey{Y: big.NewInt(3)}
	weak.P, weak.Q, weak.G = new(big.Int).Lsh(big.NewInt(1), 511), big.NewInt(1), big.NewInt(2)
	assert.True(t, isWeakDSA(packet.NewDSAPublicKey(time.Unix(1, 0), weak)), "512 bits")
	weak.P.Lsh(weak.P, 512)
	assert.False(t, isWeakDSA(packet.NewDSAPublicKey(time.Unix(1, 0), weak)), "1024 bits")
}

// A weak primary key speaks for its subkeys, so a strong one of these doesn't help.
func TestPrimaryKeyMustBeStrongToo(t *testing.T) {
	t.Parallel()
	config := &packet.Config{Algorithm: packet.PubKeyAlgoEd25519}
	entity, err := pgp.NewEntity("Assist test key", "", "", config)
	require.NoError(t, err)
	require.NoError(t, entity.AddSigningSubkey(config))
	var public bytes.Buffer
	require.NoError(t, entity.Serialize(&public))
	read, err := pgp.ReadEntity(packet.NewReader(&public))
	require.NoError(t, err)
	require.NoError(t, settle(read))
	require.NoError(t, checkKey(read))
	weak := &dsa.PublicKey{Y: big.NewInt(3)}
	weak.P, weak.Q, weak.G = new(big.Int).Lsh(big.NewInt(1), 511), big.NewInt(1), big.NewInt(2)
	read.PrimaryKey = packet.NewDSAPublicKey(time.Unix(1, 0), weak)
	require.ErrorContains(t, checkKey(read), "fewer than 1024 bits")
}

// A message that arrives while another is verified must not be judged by what
// the library noted about a key for the other's date.
func TestSignatureVerifierIsConcurrent(t *testing.T) {
	t.Parallel()
	v := verifierOf(t, "assist.gpg", "expired.gpg", "next.gpg")
	messages := map[string]bool{"sha1_short.b64": true, "signed_in_time.b64": true, "next_key.b64": true, "wrong_key.b64": false, "other_text.b64": false}
	var wg sync.WaitGroup
	for range 4 {
		for message, good := range messages {
			a := qiwiAnswerSigned(t, message)
			wg.Go(func() { assert.Equal(t, good, v.Verify(a) == nil, message) })
		}
	}
	wg.Wait()
}

// What a verifier takes must be signed by its key, over a text of the answer,
// whatever bytes arrive.
func FuzzSignature(f *testing.F) {
	files, err := os.ReadDir("testdata")
	require.NoError(f, err)
	for _, entry := range files {
		if !strings.HasSuffix(entry.Name(), ".b64") {
			continue
		}
		message, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(file(f, entry.Name()))), ""))
		require.NoError(f, err)
		f.Add(message)
	}
	for _, key := range []string{"assist.gpg", "assist.asc", "rsa.gpg", "revoked.gpg"} {
		f.Add(file(f, key))
	}
	f.Add([]byte(qiwiAnswer(f).Signature))
	v := verifierOf(f, "assist.gpg", "rsa.gpg")
	a := qiwiAnswer(f)
	layouts := slices.Collect(a.SignedTexts())
	f.Fuzz(func(t *testing.T, data []byte) {
		a := a
		a.Signature = base64.StdEncoding.EncodeToString(data)
		if v.Verify(a) == nil {
			text, _ := literalOf(t, data)
			if !strings.Contains(strings.Join(layouts, "\n"), text) || text == "" {
				t.Fatalf("taken over another text: %q", text)
			}
			other := a
			other.PacketDate = "28.01.2014 14:30:03"
			if v.Verify(other) == nil {
				t.Fatal("taken for another answer")
			}
		}
		a.Signature = string(data)
		_ = v.Verify(a)
		if own, err := NewVerifier(data); err == nil {
			_ = own.Verify(a)
		}
	})
}
