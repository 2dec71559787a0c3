package assist

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// waitingCost has many cancellations waited for by one client, each asked about
// twice, and measures what one wait holds in the pause that follows.
func waitingCost(t *testing.T, waits int) (bytes, goroutines float64, questions int64) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		transport := roundTripper(func(req *http.Request) (*http.Response, error) {
			form := bodyOf(t, req)
			_, rest, _ := strings.Cut(form, "Ordernumber=n-")
			number, _, _ := strings.Cut(rest, "&")
			asked.Add(1)
			return answerOf(req, strings.ReplaceAll(strings.ReplaceAll(orderXML("5700027202722028", ""), "5700027202722028", number), "n-7", "n-"+number)), nil
		})
		c := mocked(t, transport, WithProtocol(Form(FormatXML)))
		resumed := make([]*Cancellation, waits)
		for i := range resumed {
			x := inProcess(t)
			payment := Billnumber(fmt.Sprintf("57%014d", i))
			x.Intent.Request.Billnumber, x.Intent.Request.OrderNumber = payment, "n-"+string(payment)
			x.Operation.Billnumber = payment + ".3"
			x.Operations[0] = x.Operation
			back, err := c.Resume(x.Token())
			assert.NoError(t, err)
			resumed[i] = back
		}
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		before, running := held(), runtime.NumGoroutine()
		for _, x := range resumed {
			all.Go(func() {
				_, err := c.Wait(ctx, x, 48*time.Hour)
				assert.ErrorIs(t, err, context.Canceled)
			})
		}
		time.Sleep(70 * time.Second)
		synctest.Wait()
		bytes = float64(held()-before) / float64(waits)
		goroutines = float64(runtime.NumGoroutine()-running) / float64(waits)
		questions = asked.Load()
		cancel()
		all.Wait()
	})
	return bytes, goroutines, questions
}

// held is what heap and stacks hold after a collection. Two of them let the
// stacks shrink that a question has grown.
func held() int64 {
	var m runtime.MemStats
	for range 6 {
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

var waits = flag.Int("waits", 2000, "how many cancellations TestCostOfWaiting waits for at once")

// It is not parallel: it measures the memory of the process.
func TestCostOfWaiting(t *testing.T) {
	if slowdown > 1 {
		t.Skip("the race detector's own memory would be measured")
	}
	bytes, goroutines, questions := waitingCost(t, *waits)
	t.Logf("%d waits: %.0f bytes and %.3f goroutines each, %d questions", *waits, bytes, goroutines, questions)
	assert.LessOrEqual(t, bytes, 8192.0)
	assert.LessOrEqual(t, goroutines, 1.001)
	assert.InDelta(t, 2**waits, questions, float64(*waits)/2, "one question per order and interval")
}
