package assist

import (
	"bytes"
	//lint:ignore SA1019 only to name a key that is too weak to be taken
	"crypto/dsa"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/assist-go/assist/internal/wire"
)

// openpgpFile reads a key or a message that GnuPG made; see
// testdata/openpgp/make.sh.
func openpgpFile(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/openpgp/" + name)
	require.NoError(t, err)
	return text
}

func signatureVerifierOf(t testing.TB, keys ...string) Verifier {
	t.Helper()
	var ring []byte
	for _, key := range keys {
		ring = append(ring, openpgpFile(t, key)...)
	}
	v, err := NewSignatureVerifier(ring)
	require.NoError(t, err)
	return v
}

// qiwiAnswer is what can be signed of the QIWI sample, with the sample's own
// signature.
func qiwiAnswer(t testing.TB) SignedAnswer {
	t.Helper()
	var a wire.Answer
	require.NoError(t, SOAP.decode(sample(t, "qiwi_cancel.xml"), wire.Cancel, &a))
	return signedAnswer(serviceCancel, &a.Orders[0], nil)
}

// qiwiAnswerSigned is the same answer with a signature of a test key.
func qiwiAnswerSigned(t testing.TB, message string) SignedAnswer {
	t.Helper()
	a := qiwiAnswer(t)
	a.Signature = string(openpgpFile(t, message))
	return a
}

func requireReason(t testing.TB, err error, want SignatureReason) {
	t.Helper()
	var refused *SignatureError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, want, refused.Reason, "%v", err)
	require.Equal(t, Unknown, OutcomeOf(err))
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
	assert.True(t, a.isSignedText(text))
	assert.Equal(t, a.PacketDate, signedAt.Format(layoutSeconds), "packet dates are GMT")

	for _, change := range []func(*SignedAnswer){
		func(a *SignedAnswer) { a.OrderNumber += "1" },
		func(a *SignedAnswer) { a.OrderAmount = "2.01" },
		func(a *SignedAnswer) { a.OrderCurrency = "USD" },
		func(a *SignedAnswer) { a.OrderState = "Canceled" },
		func(a *SignedAnswer) { a.PacketDate = "28.01.2014 14:30:03" },
	} {
		other := a
		change(&other)
		assert.False(t, other.isSignedText(text))
	}
	requireReason(t, signatureVerifierOf(t, "assist.gpg").Verify(a), SignatureUnknownKey)
}

// The other sample's signature is shortened in its document.
func TestWebMoneySampleSignatureIsCut(t *testing.T) {
	t.Parallel()
	var a wire.Answer
	require.NoError(t, SOAP.decode(sample(t, "webmoney_cancel.xml"), wire.Cancel, &a))
	requireReason(t, signatureVerifierOf(t, "assist.gpg").Verify(signedAnswer(serviceCancel, &a.Orders[0], nil)), SignatureUnreadable)
}

func TestSignatureLayouts(t *testing.T) {
	t.Parallel()
	v := signatureVerifierOf(t, "assist.gpg")
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
					requireReason(t, v.Verify(a), SignatureOtherText)
				}
			})
		}
	}
}

// A JSON number loses decimals, but not the money that was signed.
func TestSignatureOverAmountsOfJSONNumbers(t *testing.T) {
	t.Parallel()
	v := signatureVerifierOf(t, "assist.gpg")
	for _, message := range []string{"sha1_short.b64", "sha1_nine_comma_order.b64", "sha1_nine_order.b64"} {
		a := qiwiAnswerSigned(t, message)
		for _, sent := range []string{"2", "2.0", "2.00"} {
			a.OrderAmount = sent
			require.NoError(t, v.Verify(a), "%s %s", message, sent)
		}
		for _, sent := range []string{"", "2.", "2.000", "02", "20", "-2", "2,00", "2e0"} {
			a.OrderAmount = sent
			requireReason(t, v.Verify(a), SignatureOtherText)
		}
	}
}

func TestSignatureRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, key, message string
		want               SignatureReason
	}{
		{"text of another answer", "assist.gpg", "other_text.b64", SignatureOtherText},
		{"wrong key", "assist.gpg", "wrong_key.b64", SignatureUnknownKey},
		{"a key that isn't in use any more", "next.gpg", "sha1_short.b64", SignatureUnknownKey},
		{"key expired when it signed", "expired.gpg", "sha1_short.b64", SignatureInvalid},
		{"signature past its own end", "assist.gpg", "expired_signature.b64", SignatureInvalid},
		{"RIPEMD-160", "assist.gpg", "ripemd160.b64", SignatureInvalid},
		{"MD5", "rsa.gpg", "md5.b64", SignatureInvalid},
		{"signature of a text document", "assist.gpg", "text_mode.b64", SignatureInvalid},
		{"unsigned", "assist.gpg", "unsigned.b64", SignatureUnreadable},
		{"encrypted", "assist.gpg", "encrypted.b64", SignatureUnreadable},
		{"compressed", "assist.gpg", "compressed.b64", SignatureUnreadable},
		{"compressed bomb", "rsa.gpg", "bomb.b64", SignatureUnreadable},
		{"two signatures", "assist.gpg", "two_signatures.b64", SignatureUnreadable},
		{"armored", "assist.gpg", "armored.b64", SignatureUnreadable},
		{"cleartext", "assist.gpg", "cleartext.b64", SignatureUnreadable},
		{"detached", "assist.gpg", "detached.b64", SignatureUnreadable},
		{"a key in its place", "assist.gpg", "assist.asc", SignatureUnreadable},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			requireReason(t, signatureVerifierOf(t, test.key).Verify(qiwiAnswerSigned(t, test.message)), test.want)
		})
	}

	v := signatureVerifierOf(t, "assist.gpg")
	a := qiwiAnswer(t)
	for _, none := range []string{"", " ", "\r\n\t"} {
		a.Signature = none
		requireReason(t, v.Verify(a), SignatureMissing)
	}
	a.Signature = strings.Repeat("A", maxSignature+1)
	requireReason(t, v.Verify(a), SignatureUnreadable)
	require.ErrorContains(t, v.Verify(a), "too large", "before anything is decoded")
	a.Signature = "kA0DAAIR…"
	requireReason(t, v.Verify(a), SignatureUnreadable)
}

func TestNothingMayStandBehindTheMessage(t *testing.T) {
	t.Parallel()
	v := signatureVerifierOf(t, "assist.gpg")
	a := qiwiAnswer(t)
	message, err := messageOf(string(openpgpFile(t, "sha1_short.b64")))
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
		requireReason(t, v.Verify(a), SignatureUnreadable)
		a.Signature = base64.StdEncoding.EncodeToString(append(behind[:len(behind):len(behind)], message...))
		require.Error(t, v.Verify(a), "%s in front", name)
	}
	one := strings.Join(strings.Fields(string(openpgpFile(t, "sha1_short.b64"))), "")
	a.Signature = one + one
	requireReason(t, v.Verify(a), SignatureUnreadable)
	for n := range len(message) {
		a.Signature = base64.StdEncoding.EncodeToString(message[:n])
		require.Error(t, v.Verify(a), "cut to %d bytes", n)
	}
}

// Where a changed message is still taken, the change was outside what anybody
// signed (the file name, the date of the literal), and the text is the same.
func TestFlippedBytesOfTheMessage(t *testing.T) {
	t.Parallel()
	v := signatureVerifierOf(t, "assist.gpg")
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
	v := signatureVerifierOf(t, "assist.gpg")
	order := []func(*SignedAnswer) *string{
		func(a *SignedAnswer) *string { return &a.OrderNumber },
		func(a *SignedAnswer) *string { return &a.OrderState },
		func(a *SignedAnswer) *string { return &a.PacketDate },
	}
	orderMoney := []func(*SignedAnswer) *string{
		func(a *SignedAnswer) *string { return &a.OrderAmount },
		func(a *SignedAnswer) *string { return &a.OrderCurrency },
	}
	operation := []func(*SignedAnswer) *string{
		func(a *SignedAnswer) *string { return &a.Operations[0].Billnumber },
		func(a *SignedAnswer) *string { return &a.Operations[0].ResponseCode },
		func(a *SignedAnswer) *string { return &a.Operations[0].MeanNumber },
		func(a *SignedAnswer) *string { return &a.Operations[0].ApprovalCode },
	}
	operationMoney := []func(*SignedAnswer) *string{
		func(a *SignedAnswer) *string { return &a.Operations[0].Amount },
		func(a *SignedAnswer) *string { return &a.Operations[0].Currency },
	}
	for message, covered := range map[string][][]func(*SignedAnswer) *string{
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
						requireReason(t, v.Verify(a), SignatureOtherText)
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
			keys = append(keys, openpgpFile(t, name)...)
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
			v, err := NewSignatureVerifier(test.keys)
			require.NoError(t, err)
			require.NoError(t, v.Verify(qiwiAnswerSigned(t, test.message)))
			requireReason(t, v.Verify(qiwiAnswerSigned(t, "wrong_key.b64")), SignatureUnknownKey)
		})
	}
}

func TestSignatureKeysThatAreRefused(t *testing.T) {
	t.Parallel()
	assistKey := openpgpFile(t, "assist.gpg")
	armored := string(openpgpFile(t, "assist.asc"))
	for name, keys := range map[string][]byte{
		"none":                     nil,
		"no key":                   []byte("not a key"),
		"a message":                openpgpFile(t, "armored.b64"),
		"cut":                      assistKey[:len(assistKey)-10],
		"something behind":         append(bytes.Clone(assistKey), "x"...),
		"a short RSA key":          openpgpFile(t, "short_rsa.gpg"),
		"a good one and a bad one": append(bytes.Clone(assistKey), openpgpFile(t, "short_rsa.gpg")...),
		"revoked":                  openpgpFile(t, "revoked.gpg"),
		"armored and cut":          []byte(armored[:len(armored)/2]),
		"a block of another kind":  []byte(strings.ReplaceAll(armored, "PUBLIC KEY BLOCK", "MESSAGE")),
		"a private block":          []byte(strings.ReplaceAll(armored, "PUBLIC KEY", "PRIVATE KEY")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := NewSignatureVerifier(keys)
			var wrong *ValidationError
			require.ErrorAs(t, err, &wrong)
			assert.Equal(t, "PublicKeys", wrong.Field)
			assert.Equal(t, NotSent, OutcomeOf(err))
		})
	}
	_, err := NewSignatureVerifier(make([]byte, maxKeys+1))
	require.ErrorContains(t, errors.Unwrap(err), "too large", "before anything is read")

	entity, err := openpgp.NewEntity("Assist test key", "", "", &packet.Config{Algorithm: packet.PubKeyAlgoEd25519})
	require.NoError(t, err)
	var public, private bytes.Buffer
	require.NoError(t, entity.Serialize(&public))
	require.NoError(t, entity.SerializePrivate(&private, nil))
	_, err = NewSignatureVerifier(public.Bytes())
	require.NoError(t, err)
	_, err = NewSignatureVerifier(private.Bytes())
	require.Error(t, err, "a private key")
	require.ErrorContains(t, errors.Unwrap(err), "private")

	weak := &dsa.PublicKey{Y: big.NewInt(3)}
	weak.P, weak.Q, weak.G = new(big.Int).Lsh(big.NewInt(1), 511), big.NewInt(1), big.NewInt(2)
	assert.True(t, isWeakDSA(packet.NewDSAPublicKey(time.Unix(1, 0), weak)), "512 bits")
	weak.P.Lsh(weak.P, 512)
	assert.False(t, isWeakDSA(packet.NewDSAPublicKey(time.Unix(1, 0), weak)), "1024 bits")
}

// A message that arrives while another is verified must not be judged by what
// the library noted about a key for the other's date.
func TestSignatureVerifierIsConcurrent(t *testing.T) {
	t.Parallel()
	v := signatureVerifierOf(t, "assist.gpg", "expired.gpg", "next.gpg")
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

// signedSample is the QIWI sample with another signature, and with texts
// replaced.
func signedSample(t testing.TB, message string, replace ...string) string {
	t.Helper()
	text := sample(t, "qiwi_cancel.xml")
	start, end := strings.Index(text, "<signature>"), strings.Index(text, "</signature>")
	text = text[:start] + "<signature>" + string(openpgpFile(t, message)) + text[end:]
	return strings.NewReplacer(replace...).Replace(text)
}

func qiwiRequest(t testing.TB) CancelRequest {
	return CancelRequest{Billnumber: "5554143265883170", OrderNumber: "28042010_fffffffffffsd", Amount: rub(t, "0.11")}
}

func TestCancelWantsTheSignature(t *testing.T) {
	t.Parallel()
	v := signatureVerifierOf(t, "assist.gpg")
	declined := []string{"<operationstate>Success", "<operationstate>Declined", ">AS000<", ">AS102<"}
	tests := []struct {
		name, body string
		want       Outcome
		reason     SignatureReason
	}{
		{"short", signedSample(t, "sha1_short.b64"), Accepted, ""},
		{"nine fields", signedSample(t, "sha256_nine_comma_operation.b64"), Accepted, ""},
		{"no signature", signedSample(t, "sha1_short.b64", "<signature>", "<x>", "</signature>", "</x>"), Unknown, SignatureMissing},
		{"of another text", signedSample(t, "other_text.b64"), Unknown, SignatureOtherText},
		{"an order of another state", signedSample(t, "sha1_short.b64", "PartialCanceled", "Canceled"), Unknown, SignatureOtherText},
		{"a code that was changed", signedSample(t, "sha1_nine_comma_operation.b64", ">AS000<", ">AS300<", "Success", "In Process"), Unknown, SignatureOtherText},
		{"an operation that was changed", signedSample(t, "sha1_nine_comma_operation.b64", "3170.4<", "3170.5<"), Unknown, SignatureOtherText},
		{"a false decline", signedSample(t, "sha1_nine_comma_operation.b64", declined...), Unknown, SignatureOtherText},
		{"a false decline of what the short layout doesn't cover", signedSample(t, "sha1_short.b64", declined...), Rejected, ""},
		{"an unsigned decline", signedSample(t, "unsigned.b64", declined...), Unknown, SignatureUnreadable},
		{"a refusal by codes, which Assist never signs", codesFault(7, 102), Rejected, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			x, err := mocked(t, answering(http.StatusOK, test.body), WithVerifier(v)).Cancel(t.Context(), qiwiRequest(t))
			require.Equal(t, test.want, OutcomeOf(err), "%v", err)
			if test.want == Accepted {
				assert.Equal(t, Succeeded, x.Status)
			}
			if test.reason != "" {
				requireReason(t, err, test.reason)
				var unknown *UnknownOutcomeError
				require.ErrorAs(t, err, &unknown)
				assert.NotEmpty(t, unknown.Intent.ID)
			}
		})
	}
}

// A signature of another operation in the answer says nothing about ours.
func TestSignatureIsAboutOurOperation(t *testing.T) {
	t.Parallel()
	other := `<operation><billnumber>5554143265883170.5</billnumber><operationtype>300</operationtype><operationstate>Success</operationstate>` +
		`<amount>0.11</amount><currency>RUB</currency><responsecode>AS000</responsecode><operationdate>28.01.2014 14:30:01</operationdate></operation>`
	body := signedSample(t, "sha1_nine_comma_operation.b64", "</order>", other+"</order>")
	_, err := mocked(t, answering(http.StatusOK, body), WithVerifier(signatureVerifierOf(t, "assist.gpg"))).Cancel(t.Context(), qiwiRequest(t))
	requireReason(t, err, SignatureOtherText)
}

func TestOrderServicesWantTheSignature(t *testing.T) {
	t.Parallel()
	v := signatureVerifierOf(t, "assist.gpg")
	answer := func(state, signature string) string {
		return `<result firstcode="0" secondcode="0" count="1"><order><ordernumber>28042010_fffffffffffsd</ordernumber><billnumber>5554143265883170</billnumber>` +
			`<orderamount>2.00</orderamount><ordercurrency>RUB</ordercurrency><orderstate>` + state + `</orderstate><packetdate>28.01.2014 14:30:02</packetdate>` +
			`<signature>` + signature + `</signature></order></result>`
	}
	good := string(openpgpFile(t, "sha1_short.b64"))
	query := OrderQuery{OrderNumber: "28042010_fffffffffffsd"}
	orders, err := asked(t, func(url.Values) string { return answer("PartialCanceled", good) }, WithVerifier(v)).OrderState(t.Context(), query)
	require.NoError(t, err)
	assert.Equal(t, OrderPartialCanceled, orders[0].State)
	for name, body := range map[string]string{
		"a state that was changed": answer("Canceled", good),
		"no signature":             answer("PartialCanceled", ""),
	} {
		c := asked(t, func(url.Values) string { return body }, WithVerifier(v))
		_, err := c.OrderResult(t.Context(), query)
		var failed *FollowError
		require.ErrorAs(t, err, &failed, name)
		assert.Equal(t, "orderresult", failed.Service)
		var refused *SignatureError
		require.ErrorAs(t, err, &refused, name)
		assert.Equal(t, Unknown, OutcomeOf(err))
	}
}

func TestResultsByDateCarryNoSignature(t *testing.T) {
	t.Parallel()
	from := time.Date(2013, 10, 23, 12, 0, 0, 0, time.UTC)
	ask := func(rows string) error {
		c := asked(t, func(url.Values) string { return `<result firstcode="0" secondcode="0">` + rows + `</result>` },
			WithVerifier(signatureVerifierOf(t, "assist.gpg")))
		_, err := c.ResultsByDate(t.Context(), PeriodQuery{From: from, To: from.Add(time.Hour)})
		return err
	}
	require.NoError(t, ask(paymentXML))
	wrong := strings.Replace(paymentXML, "</payment>", "<signature>"+string(openpgpFile(t, "sha1_short.b64"))+"</signature></payment>", 1)
	requireReason(t, ask(wrong), SignatureOtherText)
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
		_, err := mocked(t, answering(http.StatusOK, signedSample(t, "sha1_short.b64")), opts...).Cancel(t.Context(), qiwiRequest(t))
		requireReason(t, err, VerifierRefused)
		require.ErrorIs(t, err, refusal, name)
		assert.ErrorContains(t, err, "refused by a verifier: not today")
	}
	own := verifierFunc(func(SignedAnswer) error { return fmt.Errorf("mine: %w", &SignatureError{Reason: SignatureInvalid}) })
	_, err := mocked(t, answering(http.StatusOK, signedSample(t, "sha1_short.b64")), WithVerifier(own)).Cancel(t.Context(), qiwiRequest(t))
	requireReason(t, err, SignatureInvalid)
	_, err = NewClient(testBase, testCredentials(), WithVerifier(nil))
	assert.Equal(t, NotSent, OutcomeOf(err))
}

func TestVerifierSeesTheTextsAsSent(t *testing.T) {
	t.Parallel()
	var seen SignedAnswer
	spy := verifierFunc(func(a SignedAnswer) error { seen = a; return nil })
	body := signedSample(t, "sha1_short.b64", ">2.00<", "> 2.00 <", ">PartialCanceled<", ">partialcanceled<")
	_, err := mocked(t, answering(http.StatusOK, body), WithVerifier(spy)).Cancel(t.Context(), qiwiRequest(t))
	require.NoError(t, err)
	want := qiwiAnswerSigned(t, "sha1_short.b64")
	want.OrderAmount, want.OrderState = " 2.00 ", "partialcanceled"
	assert.Equal(t, want, seen)
	assert.Equal(t, "wscancel", seen.Service)
	assert.Equal(t, []SignedOperation{{Billnumber: "5554143265883170.4", ResponseCode: "AS000", Amount: "0.11", Currency: "RUB", MeanNumber: "9213301111"}}, seen.Operations)
}

// What a verifier takes must be signed by its key, over a text of the answer,
// whatever bytes arrive.
func FuzzSignature(f *testing.F) {
	files, err := os.ReadDir("testdata/openpgp")
	require.NoError(f, err)
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".b64") {
			continue
		}
		message, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(openpgpFile(f, file.Name()))), ""))
		require.NoError(f, err)
		f.Add(message)
	}
	for _, key := range []string{"assist.gpg", "assist.asc", "rsa.gpg", "revoked.gpg"} {
		f.Add(openpgpFile(f, key))
	}
	f.Add([]byte(qiwiAnswer(f).Signature))
	v := signatureVerifierOf(f, "assist.gpg", "rsa.gpg")
	a := qiwiAnswer(f)
	layouts := a.layouts()
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
		if own, err := NewSignatureVerifier(data); err == nil {
			_ = own.Verify(a)
		}
	})
}
