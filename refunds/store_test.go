package refunds_test

import (
	"testing"

	"github.com/assist-go/assist/refunds"
	"github.com/assist-go/assist/refunds/internal/storetest"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(testing.TB) refunds.Store { return refunds.Memory() })
}
