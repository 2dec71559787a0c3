package sendonce

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
)

// Texts of a transport that only look like an alert are none.
func TestRemoteAlert(t *testing.T) {
	t.Parallel()
	text := tls.AlertError(42).Error()
	for name, err := range map[string]error{
		"none":                nil,
		"our own":             &net.OpError{Op: "local error", Err: errors.New(text)},
		"no operation":        errors.New("remote error: " + text),
		"nothing inside":      &net.OpError{Op: "remote error"},
		"something else":      &net.OpError{Op: "remote error", Err: errors.New("planned")},
		"of the socket layer": &net.OpError{Op: "read", Err: errors.New(text)},
	} {
		_, found := remoteAlert(err)
		assert.False(t, found, name)
	}
	alert, found := remoteAlert(fmt.Errorf("reading: %w", &net.OpError{Op: "remote error", Err: errors.New(text)}))
	assert.True(t, found)
	assert.Equal(t, tls.AlertError(42), alert)
	conn := &cancelConn{tlsState: &tls.ConnectionState{Version: tls.VersionTLS12}, certificateAsked: true, behind: 1, err: &net.OpError{Op: "remote error", Err: errors.New(text)}}
	assert.False(t, conn.certificateRefused(), "in TLS 1.2 the server's handshake is over before the client's")
	conn.tlsState.Version = tls.VersionTLS13
	assert.True(t, conn.certificateRefused())
}

// HTTP/2 frames of a server are read by the client of golang.org/x/net too, so
// that the frame that is looked for is the one that a server begins with.
func TestSettingsFrame(t *testing.T) {
	t.Parallel()
	var frame strings.Builder
	require.NoError(t, http2.NewFramer(&frame, nil).WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 100}))
	assert.True(t, isHTTP2Settings([]byte(frame.String())[:http2FrameHead]))
	frame.Reset()
	require.NoError(t, http2.NewFramer(&frame, nil).WriteSettingsAck())
	assert.False(t, isHTTP2Settings([]byte(frame.String())[:http2FrameHead]))
	assert.False(t, isHTTP2Settings([]byte("HTTP/1.1 ")))
}
