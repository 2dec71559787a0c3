package openpgp

import (
	"bytes"
	"encoding/base64"
	"sync"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	pgp "github.com/ProtonMail/go-crypto/openpgp/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/assist-go/assist"
)

// shortLived makes a key whose only certificate lives for an hour, and answers
// that it signed at moments of that time and later.
func shortLived(t testing.TB, moments ...time.Duration) (public []byte, answers []assist.SignedAnswer) {
	t.Helper()
	born := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	clock := born
	config := &packet.Config{Algorithm: packet.PubKeyAlgoEd25519, Time: func() time.Time { return clock }}
	entity, err := pgp.NewEntity("Assist test key", "", "", config)
	require.NoError(t, err)
	for _, moment := range moments {
		clock = born.Add(moment)
		var message bytes.Buffer
		w, err := pgp.Sign(&message, []*pgp.Entity{entity}, nil, config)
		require.NoError(t, err)
		_, err = w.Write([]byte("n1.00RUBs"))
		require.NoError(t, err)
		require.NoError(t, w.Close())
		answers = append(answers, assist.SignedAnswer{
			Service: "orderstate", OrderNumber: "n", OrderAmount: "1.00", OrderCurrency: "RUB", OrderState: "s",
			Signature: base64.StdEncoding.EncodeToString(message.Bytes()),
		})
	}
	hour := uint32(3600)
	for name, identity := range entity.Identities {
		certificate := identity.SelfCertifications[0].Packet
		certificate.SigLifetimeSecs = &hour
		require.NoError(t, certificate.SignUserId(name, entity.PrimaryKey, entity.PrivateKey, config))
	}
	var key bytes.Buffer
	require.NoError(t, entity.Serialize(&key))
	return key.Bytes(), answers
}

// What the library notes of a key while it looks at one message must not decide
// about the next.
func TestOneMessageSaysNothingAboutTheNext(t *testing.T) {
	t.Parallel()
	key, answers := shortLived(t, time.Minute, 2*time.Hour)
	for name, order := range map[string][]int{"in time first": {0, 1, 0}, "too late first": {1, 0, 1}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := NewVerifier(key)
			require.NoError(t, err)
			for _, i := range order {
				if i == 0 {
					require.NoError(t, v.Verify(answers[0]))
				} else {
					requireReason(t, v.Verify(answers[1]), assist.SignatureInvalid)
				}
			}
		})
	}
}

// The race detector sees any write to a key that several goroutines share.
func TestKeysAreSharedByGoroutines(t *testing.T) {
	t.Parallel()
	short, answers := shortLived(t, time.Minute, 2*time.Hour)
	keys := map[string][]byte{"short-lived": short}
	messages := map[string]assist.SignedAnswer{"in time": answers[0], "too late": answers[1]}
	for _, name := range []string{"assist.gpg", "expired.gpg", "next.gpg", "rsa.gpg"} {
		keys[name] = file(t, name)
	}
	for _, name := range []string{"sha1_short.b64", "sha256_nine_order.b64", "signed_in_time.b64", "next_key.b64", "rsa_key.b64", "revoked_key.b64", "wrong_key.b64", "expired_signature.b64"} {
		messages[name] = qiwiAnswerSigned(t, name)
	}
	var ring []byte
	for _, key := range keys {
		ring = append(ring, key...)
	}
	shared, err := NewVerifier(ring)
	require.NoError(t, err)
	var wg sync.WaitGroup
	for name, message := range messages {
		fresh, err := NewVerifier(ring)
		require.NoError(t, err)
		want := fresh.Verify(message)
		for range 3 {
			wg.Go(func() { assert.Equal(t, want, shared.Verify(message), name) })
		}
	}
	wg.Wait()
}

func TestEveryCertificateIsSettled(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"assist.gpg", "expired.gpg", "next.gpg", "rsa.gpg"} {
		ring, err := readKeys(file(t, name))
		require.NoError(t, err, name)
		for _, key := range ring {
			for _, e := range key {
				certificates := append(e.Revocations[:len(e.Revocations):len(e.Revocations)], e.DirectSignatures...)
				for _, identity := range e.Identities {
					certificates = append(append(certificates, identity.SelfCertifications...), identity.Revocations...)
				}
				for _, subkey := range e.Subkeys {
					certificates = append(append(certificates, subkey.Bindings...), subkey.Revocations...)
				}
				require.NotEmpty(t, certificates, name)
				for _, c := range certificates {
					require.NotNil(t, c.Valid, name)
				}
			}
		}
	}
}
