package refunds

import (
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestNothingToDoHidesNoError(t *testing.T) {
	t.Parallel()
	assert.NoError(t, orNothing(errNothing))
	assert.ErrorIs(t, orNothing(errors.Join(io.EOF, errNothing)), io.EOF)
	assert.ErrorIs(t, orNothing(firstOf(io.EOF, errNothing)), io.EOF)
}
