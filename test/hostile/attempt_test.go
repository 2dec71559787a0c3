package hostile_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"sync"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/internal/hostile"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// cancelAnother cancels another payment, which must succeed.
func cancelAnother(ctx context.Context, t testing.TB, c *assist.Client) {
	t.Helper()
	req := webMoneyRequest(t)
	req.Billnumber = "5700027202722001"
	_, err := c.Cancel(ctx, req)
	require.NoError(t, err)
}

// warmUp cancels another payment until the HTTP/1 connection of a caller's
// transport is kept, so that the next cancel meets a used one. It tells how many
// cancels that took: a slow machine makes net/http give up a connection now and
// then.
func warmUp(t testing.TB, c *assist.Client) (cancels int) {
	t.Helper()
	kept := false
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{PutIdleConn: func(err error) { kept = err == nil }})
	for !kept {
		cancelAnother(ctx, t, c)
		cancels++
	}
	return cancels
}

// reach is a client of a server of the test. Its log is searched for the
// credentials when the test is over.
func reach(t testing.TB, url string, opts ...assist.Option) *assist.Client {
	t.Helper()
	var log lockedBuffer
	opts = append([]assist.Option{assist.WithLogger(slog.New(slog.NewJSONHandler(&log, nil)))}, opts...)
	c, err := assist.NewClient(url, testCredentials(), opts...)
	require.NoError(t, err)
	t.Cleanup(func() {
		c.CloseIdleConnections()
		assert.NotContains(t, log.String(), planted, "the password in the log")
		assert.NotContains(t, log.String(), testLogin, "the login in the log")
	})
	return c
}

// lockedBuffer is a log that several calls may write.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// attempt is one cancel with all that is to be known about it.
type attempt struct {
	client *assist.Client
	x      *assist.Cancellation
	err    error
	saved  []assist.Intent // what SaveIntent was given
}

func try(ctx context.Context, t testing.TB, c *assist.Client, opts ...assist.CancelOption) attempt {
	t.Helper()
	a := attempt{client: c}
	save := assist.SaveIntent(func(_ context.Context, in assist.Intent) error {
		a.saved = append(a.saved, in)
		return nil
	})
	a.x, a.err = c.Cancel(ctx, webMoneyRequest(t), append([]assist.CancelOption{save}, opts...)...)
	assertDiscreet(t, a.err)
	return a
}

// isUnknown checks all that must hold after an Unknown: its Intent is the one
// that was saved, and the payment stays closed.
func (a attempt) isUnknown(t testing.TB) {
	t.Helper()
	assert.Nil(t, a.x)
	require.Equal(t, assist.Unknown, assist.OutcomeOf(a.err), "%v", a.err)
	var unknown *assist.UnknownOutcomeError
	require.ErrorAs(t, a.err, &unknown)
	require.Len(t, a.saved, 1)
	assert.Equal(t, a.saved[0], unknown.Intent)
	assert.NotEmpty(t, unknown.Intent.ID)

	_, err := a.client.Cancel(context.Background(), webMoneyRequest(t))
	var unresolved *assist.UnresolvedError
	require.ErrorAs(t, err, &unresolved)
	assert.Equal(t, a.saved[0], unresolved.Intent)
	assert.Equal(t, assist.NotSent, assist.OutcomeOf(err))
	assertDiscreet(t, err)
}

// isNotSent checks that the payment is open again, too.
func (a attempt) isNotSent(t testing.TB) {
	t.Helper()
	assert.Nil(t, a.x)
	require.Equal(t, assist.NotSent, assist.OutcomeOf(a.err), "%v", a.err)
	open(t, a.client)
}

func (a attempt) isAccepted(t testing.TB) {
	t.Helper()
	require.NoError(t, a.err)
	assert.Equal(t, assist.Billnumber("5700027202722028"), a.x.Operation.Billnumber.Payment())
	assert.Equal(t, a.saved[0], a.x.Intent)
	open(t, a.client)
}

// open checks that the payment can be cancelled, and sends nothing.
func open(t testing.TB, c *assist.Client) {
	t.Helper()
	stopped := errors.New("the test sends no more")
	_, err := c.Cancel(context.Background(), webMoneyRequest(t), assist.SaveIntent(func(context.Context, assist.Intent) error { return stopped }))
	require.ErrorIs(t, err, stopped, "the payment is open")
}

// assertDiscreet searches the whole tree of an error for the credentials.
func assertDiscreet(t testing.TB, err error) {
	t.Helper()
	if err == nil {
		return
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		shown := fmt.Sprintf(verb, err)
		assert.NotContains(t, shown, planted, "%T %s", err, verb)
		assert.NotContains(t, shown, testLogin, "%T %s", err, verb)
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		assertDiscreet(t, e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			assertDiscreet(t, inner)
		}
	}
}

// untilAnswered closes the channel when the headers of an answer have come.
func untilAnswered(answered chan<- struct{}) assist.Option {
	return assist.WithRoundTripper(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(req)
			if err == nil {
				close(answered)
			}
			return resp, err
		})
	})
}

// keeping sends over a transport of the caller's, which keeps its connections and
// speaks HTTP/2 where the server does.
func keeping(t testing.TB) *http.Transport {
	t.Helper()
	transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: hostile.LoopbackRoots(t)}}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

func through(transport http.RoundTripper) assist.Option {
	return assist.WithHTTPClient(&http.Client{Transport: transport})
}

// promptly fails the test when the call takes longer than any machine needs to
// notice that a context is over.
func promptly(t testing.TB, since func() time.Time, call func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		call()
	}()
	select {
	case <-done:
		assert.Less(t, time.Since(since()), time.Second, "the context was over long before")
	case <-time.After(10 * time.Second):
		require.Fail(t, "the call doesn't honour its context")
	}
}

var errPlanned = errors.New("planned by the test")
