package hostile_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/internal/hostile"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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
	known := hostile.SelfSigned(t, now.Add(-time.Hour), now.Add(time.Hour))
	foreign := hostile.SelfSigned(t, now.Add(-time.Hour), now.Add(time.Hour))
	expired := hostile.SelfSigned(t, now.Add(-2*time.Hour), now.Add(-time.Hour))
	authorities := poolOf(t, known)
	authorities.AddCert(poolOfParsed(t, expired))
	tests := []struct {
		name string
		auth tls.ClientAuthType
		opts []assist.Option
		want assist.Outcome
	}{
		{"the right one", tls.RequireAndVerifyClientCert, []assist.Option{assist.WithClientCertificate(known)}, assist.Accepted},
		{"none", tls.RequireAndVerifyClientCert, nil, assist.NotSent},
		{"none, any would do", tls.RequireAnyClientCert, nil, assist.NotSent},
		{"none, none is needed", tls.VerifyClientCertIfGiven, nil, assist.Accepted},
		{"not asked for", tls.NoClientCert, []assist.Option{assist.WithClientCertificate(foreign)}, assist.Accepted},
		{"of an unknown authority", tls.RequireAndVerifyClientCert, []assist.Option{assist.WithClientCertificate(foreign)}, assist.NotSent},
		{"of an unknown authority, none is needed", tls.VerifyClientCertIfGiven, []assist.Option{assist.WithClientCertificate(foreign)}, assist.NotSent},
		{"expired", tls.RequireAndVerifyClientCert, []assist.Option{assist.WithClientCertificate(expired)}, assist.NotSent},
	}
	for _, test := range tests {
		for version, name := range map[uint16]string{tls.VersionTLS12: "TLS 1.2", tls.VersionTLS13: "TLS 1.3"} {
			t.Run(test.name+", "+name, func(t *testing.T) {
				t.Parallel()
				secure := hostile.Secured("http/1.1")
				secure.MinVersion, secure.MaxVersion = version, version
				secure.ClientAuth, secure.ClientCAs = test.auth, authorities
				server := hostile.New(t, secure, (*hostile.Conn).Serve)
				client := reach(t, server.URL, append([]assist.Option{assist.WithRootCAs(hostile.LoopbackRoots(t))}, test.opts...)...)
				for range 2 {
					a := try(t.Context(), t, client)
					if test.want == assist.Accepted {
						a.isAccepted(t)
						continue
					}
					a.isNotSent(t)
					if version == tls.VersionTLS13 {
						assert.ErrorContains(t, a.err, "WithClientCertificate", "the remedy is named")
						assert.Equal(t, assist.RemedySettings, assist.RemedyOf(a.err))
					}
				}
				arrivals, _ := server.Counts()
				assert.Equal(t, test.want == assist.Accepted, arrivals > 0)
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
			server := hostile.NewTLS13(t, true, hostile.Alerting(byte(code)))
			a := try(t.Context(), t, reach(t, server.URL, assist.WithRootCAs(hostile.LoopbackRoots(t))))
			if proving[byte(code)] {
				a.isNotSent(t)
				assert.ErrorContains(t, a.err, "WithClientCertificate")
				assert.Equal(t, assist.RemedySettings, assist.RemedyOf(a.err))
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
			return [][]byte{seal(kind, content...), seal(hostile.ContentAlert, 2, refused)}
		}
	}
	inOneWrite := func(records func(func(byte, ...byte) []byte) [][]byte) func(func(byte, ...byte) []byte) [][]byte {
		return func(seal func(byte, ...byte) []byte) [][]byte { return [][]byte{bytes.Join(records(seal), nil)} }
	}
	tests := []struct {
		name    string
		asks    bool
		records func(func(byte, ...byte) []byte) [][]byte
		want    assist.Outcome
	}{
		{"at once", true, hostile.Alerting(refused), assist.NotSent},
		{"no certificate was asked for", false, hostile.Alerting(refused), assist.Unknown},
		{"behind a ticket", true, behind(hostile.ContentHandshake, ticket(3600)), assist.Unknown},
		{"behind a ticket, in one packet", true, inOneWrite(behind(hostile.ContentHandshake, ticket(3600))), assist.Unknown},
		{"behind a ticket of no lifetime", true, behind(hostile.ContentHandshake, ticket(0)), assist.Unknown},
		{"behind an empty record", true, behind(hostile.ContentData, nil), assist.Unknown},
		{"behind half an answer", true, behind(hostile.ContentData, []byte("HTTP/1.1 200 OK\r\n")), assist.Unknown},
		{"behind a warning", true, hostile.Alerting(90, refused), assist.Unknown},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := hostile.NewTLS13(t, test.asks, test.records)
			a := try(t.Context(), t, reach(t, server.URL, assist.WithRootCAs(hostile.LoopbackRoots(t))))
			if test.want == assist.NotSent {
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
	server := hostile.NewTLS13(t, true, hostile.Alerting(116))
	try(t.Context(), t, reach(t, server.URL, through(keeping(t)))).isUnknown(t)
}
