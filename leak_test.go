package assist

import (
	"testing"

	"go.uber.org/goleak"
)

// No call may leave a goroutine behind, whatever it met: the tests of this
// package meet every fault, so none may be left when all are over.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
