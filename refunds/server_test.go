package refunds

import (
	"testing"

	"github.com/assist-go/assist"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestServerName(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"pay.example": "pay.example", "PAY.Example": "pay.example", "pay.example:443": "pay.example", "pay.example:80": "pay.example",
		"pay.example:8443": "pay.example:8443", "127.0.0.1:40001": "127.0.0.1", "[::1]:40001": "::1", "localhost:8080": "localhost",
		"[2001:db8::1]:8443": "[2001:db8::1]:8443", "[2001:db8::1]": "2001:db8::1", "": "",
	} {
		assert.Equal(t, want, serverName(host), host)
	}
}

// A merchant that moves between a carrier's look and its begin: nothing is stored,
// so nothing is sent.
func TestBeginAtAnotherServer(t *testing.T) {
	t.Parallel()
	b, v := looked(t)
	require.NoError(t, b.SetServer(t.Context(), "1", "new.pay.example", Person{ID: "a", Name: "A", Reason: "it moved"}))
	var other *ServerError
	require.ErrorAs(t, b.begin(t.Context(), v, assist.Intent{ID: "one"}, sender{"me", "pay.example"}, nil, ""), &other)
	assert.Equal(t, &ServerError{MerchantID: "1", Server: "new.pay.example", Client: "pay.example"}, other)
	_, err := b.attempt(t.Context(), "one")
	require.ErrorIs(t, err, ErrNotFound)
	require.NoError(t, b.begin(t.Context(), v, assist.Intent{ID: "two"}, sender{"me", "new.pay.example"}, nil, ""))
}
