package sendonce

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// One address that doesn't answer holds up no other.
func TestGatesAreOfOneAddress(t *testing.T) {
	t.Parallel()
	planned := errors.New("planned")
	var gates dialGates
	for range DialsAtOnce {
		_, err := gates.enter(t.Context(), "dead:443")
		require.NoError(t, err)
	}
	over, cancel := context.WithCancelCause(t.Context())
	cancel(planned)
	_, err := gates.enter(over, "dead:443")
	require.ErrorIs(t, err, planned)
	for range 20 { // a select over a free place and a context that is over goes either way
		_, err = gates.enter(over, "free:443")
		require.ErrorIs(t, err, planned)
	}
	leave, err := gates.enter(t.Context(), "alive:443")
	require.NoError(t, err)
	leave()
}
