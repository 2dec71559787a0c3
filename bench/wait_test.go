package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/bench/loopback"
)

// BenchmarkWait has many cancellations in process waited for by one client: each
// is asked about once, then rests until the next question, an hour later. One
// round is from the start to the end of all waits by their context. The
// bytes are what a resting wait holds of heap and stack.
func BenchmarkWait(b *testing.B) {
	for _, waits := range []int{1, 1000, 100_000} {
		b.Run(fmt.Sprint(waits), func(b *testing.B) {
			client := newClient(b, "https://assist.example.test", assist.WithHTTPClient(&http.Client{Transport: inProcess(b)}))
			resumed := manyInProcess(b, client, waits)
			var bytes, goroutines float64
			for b.Loop() {
				bytes, goroutines = waitForAll(b, client, resumed)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(waits), "ns/wait")
			b.ReportMetric(bytes/float64(waits), "held-B/wait")
			b.ReportMetric(goroutines/float64(waits), "goroutines/wait")
		})
	}
}

// waitForAll gives the bytes and goroutines that the waits hold while they rest.
func waitForAll(tb testing.TB, client *assist.Client, all []*assist.Cancellation) (bytes, goroutines float64) {
	ctx, cancel := context.WithCancel(tb.Context())
	defer cancel()
	before, running := held(), runtime.NumGoroutine()
	var asked, ended sync.WaitGroup
	asked.Add(len(all))
	observed := assist.Observe(func(o assist.Observation) {
		if o.Err != nil {
			tb.Errorf("a question failed: %v", o.Err)
		}
		asked.Done()
	})
	for _, x := range all {
		ended.Go(func() {
			if _, err := client.Wait(ctx, x, 48*time.Hour, observed, assist.PollEvery(time.Hour, time.Hour)); !errors.Is(err, context.Canceled) {
				tb.Errorf("a wait ended by itself: %v", err)
			}
		})
	}
	asked.Wait()
	bytes, goroutines = float64(held()-before), float64(runtime.NumGoroutine()-running)
	cancel()
	ended.Wait()
	return bytes, goroutines
}

// held is what heap and stacks hold after a collection. Several of them let the
// stacks shrink that a question has grown.
func held() int64 {
	var m runtime.MemStats
	for range 4 {
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// manyInProcess makes cancellations of different orders, as they come out of
// their tokens after a restart: they are asked about at once.
func manyInProcess(tb testing.TB, client *assist.Client, n int) []*assist.Cancellation {
	tb.Helper()
	amount, err := assist.ParseMoney(loopback.Amount, loopback.Currency)
	require.NoError(tb, err)
	x, err := client.Cancel(tb.Context(), assist.CancelRequest{
		Billnumber: loopback.Billnumber, OrderNumber: orderOf(loopback.Billnumber), Amount: amount,
	})
	require.NoError(tb, err)
	require.Equal(tb, assist.InProcess, x.Status)
	resumed, err := client.Resume(x.Token())
	require.NoError(tb, err)
	var number numbers
	all := make([]*assist.Cancellation, n)
	for i := range all {
		payment := number.next()
		another := *resumed
		another.Intent.Request.Billnumber, another.Intent.Request.OrderNumber = assist.Billnumber(payment), orderOf(payment)
		another.Operation.Billnumber = assist.Billnumber(payment + ".4")
		another.Operations = []assist.Operation{another.Operation}
		all[i] = &another
	}
	return all
}

// orderOf gives each payment an order of its own.
func orderOf(billnumber string) string { return "order-" + billnumber }

// inProcess answers every request, in memory, that the cancel is in process.
func inProcess(tb testing.TB) http.RoundTripper {
	tb.Helper()
	sample := strings.NewReplacer(
		"28042010_fffffffffffsd", orderOf(loopback.Billnumber),
		"<operationstate>Success", "<operationstate>In Process", "AS000", "AS300",
	).Replace(file(tb, "qiwi_cancel.xml"))
	cancelled := strings.Split(sample, loopback.Billnumber)
	listed := strings.Split(strings.NewReplacer(
		"<ws:WSCancelResponseParams>", "<ws:orderresultResponse>", "</ws:WSCancelResponseParams>", "</ws:orderresultResponse>",
	).Replace(sample), loopback.Billnumber)
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		text, pieces := string(body), cancelled
		_, rest, found := strings.Cut(text, "order-")
		if found {
			pieces = listed
		} else if _, rest, found = strings.Cut(text, "<billnumber>"); !found {
			return nil, errors.New("a request about nothing")
		}
		answer := strings.Join(pieces, rest[:len(loopback.Billnumber)])
		return &http.Response{
			StatusCode: http.StatusOK, ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Request: req,
			Body: io.NopCloser(strings.NewReader(answer)), ContentLength: int64(len(answer)),
		}, nil
	})
}

func TestWaitsRest(t *testing.T) {
	client := newClient(t, "https://assist.example.test", assist.WithHTTPClient(&http.Client{Transport: inProcess(t)}))
	_, goroutines := waitForAll(t, client, manyInProcess(t, client, 20))
	require.Equal(t, 20.0, goroutines)
}
