package assist

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// selfSigned makes a certificate of nobody that a server knows.
func selfSigned(t testing.TB, from, to time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "shop"}, NotBefore: from, NotAfter: to,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, IsCA: true, BasicConstraintsValid: true,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}
}

func poolOf(t testing.TB, certificate tls.Certificate) *x509.CertPool {
	t.Helper()
	parsed, err := x509.ParseCertificate(certificate.Certificate[0])
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return pool
}

// What a server of crypto/tls makes of client certificates, in both versions. In
// TLS 1.3 the client is told when its own handshake is over and its request out.
func TestClientCertificates(t *testing.T) {
	t.Parallel()
	now := time.Now()
	known := selfSigned(t, now.Add(-time.Hour), now.Add(time.Hour))
	foreign := selfSigned(t, now.Add(-time.Hour), now.Add(time.Hour))
	expired := selfSigned(t, now.Add(-2*time.Hour), now.Add(-time.Hour))
	authorities := poolOf(t, known)
	authorities.AddCert(poolOfParsed(t, expired))
	tests := []struct {
		name string
		auth tls.ClientAuthType
		opts []Option
		want Outcome
	}{
		{"the right one", tls.RequireAndVerifyClientCert, []Option{WithClientCertificate(known)}, Accepted},
		{"none", tls.RequireAndVerifyClientCert, nil, NotSent},
		{"none, any would do", tls.RequireAnyClientCert, nil, NotSent},
		{"none, none is needed", tls.VerifyClientCertIfGiven, nil, Accepted},
		{"not asked for", tls.NoClientCert, []Option{WithClientCertificate(foreign)}, Accepted},
		{"of an unknown authority", tls.RequireAndVerifyClientCert, []Option{WithClientCertificate(foreign)}, NotSent},
		{"of an unknown authority, none is needed", tls.VerifyClientCertIfGiven, []Option{WithClientCertificate(foreign)}, NotSent},
		{"expired", tls.RequireAndVerifyClientCert, []Option{WithClientCertificate(expired)}, NotSent},
	}
	for _, test := range tests {
		for version, name := range map[uint16]string{tls.VersionTLS12: "TLS 1.2", tls.VersionTLS13: "TLS 1.3"} {
			t.Run(test.name+", "+name, func(t *testing.T) {
				t.Parallel()
				secure := secured("http/1.1")
				secure.MinVersion, secure.MaxVersion = version, version
				secure.ClientAuth, secure.ClientCAs = test.auth, authorities
				server := newHostileServer(t, secure, (*hostileConn).serve)
				client := reach(t, server.url, append([]Option{WithRootCAs(loopbackRoots(t))}, test.opts...)...)
				for range 2 {
					a := try(t.Context(), t, client)
					if test.want == Accepted {
						a.isAccepted(t)
						continue
					}
					a.isNotSent(t)
					if version == tls.VersionTLS13 {
						assert.ErrorContains(t, a.err, "WithClientCertificate", "the remedy is named")
						assert.Equal(t, RemedySettings, RemedyOf(a.err))
					}
				}
				arrivals, _ := server.counts()
				assert.Equal(t, test.want == Accepted, arrivals > 0)
			})
		}
	}
}

func poolOfParsed(t testing.TB, certificate tls.Certificate) *x509.Certificate {
	t.Helper()
	parsed, err := x509.ParseCertificate(certificate.Certificate[0])
	require.NoError(t, err)
	return parsed
}

// tls13Writer seals records as the server of a TLS 1.3 connection would, so that a
// test can send what crypto/tls never sends. Its secrets come from the server's
// key log.
type tls13Writer struct {
	mu      sync.Mutex
	keyLog  bytes.Buffer
	records uint64
}

func (w *tls13Writer) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.keyLog.Write(line)
}

const (
	contentAlert     = 21
	contentHandshake = 22
	contentData      = 23
)

// seal makes the next record of AES-128-GCM with SHA-256 (RFC 8446, 5.2 and 7.3).
func (w *tls13Writer) seal(t testing.TB, contentType byte, content []byte) []byte {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	_, rest, found := strings.Cut(w.keyLog.String(), "SERVER_TRAFFIC_SECRET_0 ")
	if !assert.True(t, found) {
		return nil
	}
	line, _, _ := strings.Cut(rest, "\n")
	secret, err := hex.DecodeString(strings.Fields(line)[1])
	assert.NoError(t, err)
	expand := func(label string, length int) []byte {
		label = "tls13 " + label
		info := binary.BigEndian.AppendUint16(nil, uint16(length))
		info = append(append(info, byte(len(label))), label...)
		out, err := hkdf.Expand(sha256.New, secret, string(append(info, 0)), length)
		assert.NoError(t, err)
		return out
	}
	block, err := aes.NewCipher(expand("key", 16))
	assert.NoError(t, err)
	aead, err := cipher.NewGCM(block)
	assert.NoError(t, err)
	nonce := expand("iv", 12)
	for i, b := range binary.BigEndian.AppendUint64(nil, w.records) {
		nonce[4+i] ^= b
	}
	w.records++
	inner := append(bytes.Clone(content), contentType)
	head := []byte{contentData, 3, 3}
	head = binary.BigEndian.AppendUint16(head, uint16(len(inner)+aead.Overhead()))
	return aead.Seal(head, nonce, inner, head)
}

// newTLS13Server is a server that asks for a client certificate and, when it has
// come and before its own handshake is over, sends the records of the test and
// closes. Without asking it sends them when the handshake is over.
func newTLS13Server(t testing.TB, asks bool, records func(seal func(byte, ...byte) []byte) [][]byte) *hostileServer {
	t.Helper()
	server := newHostileServer(t, nil, func(c *hostileConn) {
		log := &tls13Writer{}
		secure := secured("http/1.1")
		secure.MinVersion, secure.KeyLogWriter, secure.SessionTicketsDisabled = tls.VersionTLS13, log, true
		send := func() {
			for _, record := range records(func(kind byte, content ...byte) []byte { return log.seal(t, kind, content) }) {
				_, _ = c.raw.Write(record)
			}
			// No reset, which could overtake the records.
			_ = c.raw.CloseWrite()
		}
		if asks {
			secure.ClientAuth = tls.RequestClientCert
			secure.VerifyConnection = func(tls.ConnectionState) error {
				send()
				// Not the server's own alert.
				c.wait()
				return errPlanned
			}
		}
		if tls.Server(c.raw, secure).Handshake() == nil && !asks {
			send()
			c.wait()
		}
	})
	server.url = strings.Replace(server.url, "http:", "https:", 1)
	return server
}

func alerting(codes ...byte) func(func(byte, ...byte) []byte) [][]byte {
	return func(seal func(byte, ...byte) []byte) (records [][]byte) {
		for _, code := range codes {
			records = append(records, seal(contentAlert, 2, code))
		}
		return records
	}
}

// Which alerts behind the client's handshake prove that the request wasn't read.
func TestAlertsBehindTheHandshake(t *testing.T) {
	t.Parallel()
	proving := map[byte]bool{42: true, 43: true, 44: true, 45: true, 46: true, 48: true, 49: true, 116: true}
	for code := range 256 {
		if code > 120 && code < 250 {
			continue
		}
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			server := newTLS13Server(t, true, alerting(byte(code)))
			a := try(t.Context(), t, reach(t, server.url, WithRootCAs(loopbackRoots(t))))
			if proving[byte(code)] {
				a.isNotSent(t)
				assert.ErrorContains(t, a.err, "WithClientCertificate")
				assert.Equal(t, RemedySettings, RemedyOf(a.err))
			} else {
				a.isUnknown(t)
			}
		})
	}
}

func TestAlertsThatComeTooLateProveNothing(t *testing.T) {
	t.Parallel()
	const refused = 48
	ticket := func(lifetime uint32) []byte {
		body := binary.BigEndian.AppendUint32(nil, lifetime)
		body = append(body, 1, 2, 3, 4, 1, 0, 0, 4, 'a', 'b', 'c', 'd', 0, 0)
		return append([]byte{4, 0, 0, byte(len(body))}, body...)
	}
	behind := func(kind byte, content []byte) func(func(byte, ...byte) []byte) [][]byte {
		return func(seal func(byte, ...byte) []byte) [][]byte {
			return [][]byte{seal(kind, content...), seal(contentAlert, 2, refused)}
		}
	}
	inOneWrite := func(records func(func(byte, ...byte) []byte) [][]byte) func(func(byte, ...byte) []byte) [][]byte {
		return func(seal func(byte, ...byte) []byte) [][]byte { return [][]byte{bytes.Join(records(seal), nil)} }
	}
	tests := []struct {
		name    string
		asks    bool
		records func(func(byte, ...byte) []byte) [][]byte
		want    Outcome
	}{
		{"at once", true, alerting(refused), NotSent},
		{"no certificate was asked for", false, alerting(refused), Unknown},
		{"behind a ticket", true, behind(contentHandshake, ticket(3600)), Unknown},
		{"behind a ticket, in one packet", true, inOneWrite(behind(contentHandshake, ticket(3600))), Unknown},
		{"behind a ticket of no lifetime", true, behind(contentHandshake, ticket(0)), Unknown},
		{"behind an empty record", true, behind(contentData, nil), Unknown},
		{"behind half an answer", true, behind(contentData, []byte("HTTP/1.1 200 OK\r\n")), Unknown},
		{"behind a warning", true, alerting(90, refused), Unknown},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := newTLS13Server(t, test.asks, test.records)
			a := try(t.Context(), t, reach(t, server.url, WithRootCAs(loopbackRoots(t))))
			if test.want == NotSent {
				a.isNotSent(t)
			} else {
				a.isUnknown(t)
			}
		})
	}
}

// A caller's transport doesn't tell what came over its connection.
func TestAlertsOfACallersTransportProveNothing(t *testing.T) {
	t.Parallel()
	server := newTLS13Server(t, true, alerting(116))
	try(t.Context(), t, reach(t, server.url, through(keeping(t)))).isUnknown(t)
}
