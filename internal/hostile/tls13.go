package hostile

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
)

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

// The kinds of content of a record (RFC 8446, 5.1).
const (
	ContentAlert     = 21
	ContentHandshake = 22
	ContentData      = 23
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
	head := []byte{ContentData, 3, 3}
	head = binary.BigEndian.AppendUint16(head, uint16(len(inner)+aead.Overhead()))
	return aead.Seal(head, nonce, inner, head)
}

// NewTLS13 is a server that asks for a client certificate and, when it has
// come and before its own handshake is over, sends the records of the test and
// closes. Without asking it sends them when the handshake is over.
func NewTLS13(t testing.TB, asks bool, records func(seal func(byte, ...byte) []byte) [][]byte) *Server {
	t.Helper()
	server := New(t, nil, func(c *Conn) {
		log := &tls13Writer{}
		secure := Secured("http/1.1")
		secure.MinVersion, secure.KeyLogWriter, secure.SessionTicketsDisabled = tls.VersionTLS13, log, true
		send := func() {
			for _, record := range records(func(kind byte, content ...byte) []byte { return log.seal(t, kind, content) }) {
				_, _ = c.Raw.Write(record)
			}
			// No reset, which could overtake the records.
			_ = c.Raw.CloseWrite()
		}
		if asks {
			secure.ClientAuth = tls.RequestClientCert
			secure.VerifyConnection = func(tls.ConnectionState) error {
				send()
				// Not the server's own alert.
				c.Wait()
				return errors.New("planned by the test")
			}
		}
		if tls.Server(c.Raw, secure).Handshake() == nil && !asks {
			send()
			c.Wait()
		}
	})
	server.URL = strings.Replace(server.URL, "http:", "https:", 1)
	return server
}

func Alerting(codes ...byte) func(func(byte, ...byte) []byte) [][]byte {
	return func(seal func(byte, ...byte) []byte) (records [][]byte) {
		for _, code := range codes {
			records = append(records, seal(ContentAlert, 2, code))
		}
		return records
	}
}
