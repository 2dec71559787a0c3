package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/refunds"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// turns: two merchants of which much is due share the workers evenly, wherever
// they stand among others of which nothing is.
func turns(t *testing.T, open Open) {
	w := NewWorld(t, open(t))
	cred := w.Server.Credentials()
	cred.MerchantID = "900001"
	other := assisttest.NewServer(t, assisttest.InMemory(), assisttest.WithClock(w.Now), assisttest.WithMerchant(cred))
	clients := map[string]*assist.Client{w.Merchant(): w.Client(), "900001": other.Client(assist.WithClock(w.Now))}
	for i := range 6 {
		quiet := fmt.Sprint(800001 + i)
		clients[quiet], _, _ = w.Silent(quiet)
	}
	for range 10 {
		w.Enqueue(w.Of(w.Pay(), "10.00"))
		r := w.Of(other.Pay(assisttest.Payment{PaidAt: w.Now().Add(-48 * time.Hour)}), "10.00")
		r.MerchantID = "900001"
		w.Enqueue(r)
	}
	c, err := refunds.NewCarrier(w.Book, clients, refunds.Workers(1))
	require.NoError(t, err)
	w.Step(c)
	var sent []string
	for e, err := range w.Book.Events(ctxOf(w), refunds.EventFilter{Kinds: []refunds.EventKind{refunds.Sending}}) {
		require.NoError(t, err)
		sent = append(sent, e.Merchant)
	}
	require.Len(t, sent, 20)
	for _, half := range [][]string{sent[:10], sent[10:]} {
		n := 0
		for _, m := range half {
			if m == "900001" {
				n++
			}
		}
		assert.Equal(t, 5, n, "in turn: %v", sent)
	}
}

// crowded: a merchant of which much is due and whose Assist is silent leaves
// workers to the others.
func crowded(t *testing.T, open Open) {
	w := NewWorld(t, open(t))
	client, asked, release := w.Silent("600001")
	for range 30 {
		r := w.Of(w.Pay(), "10.00")
		r.MerchantID = "600001"
		w.Enqueue(r)
	}
	c, err := refunds.NewCarrier(w.Book, map[string]*assist.Client{"600001": client, w.Merchant(): w.Client()}, refunds.Workers(4), refunds.Poll(10*time.Millisecond))
	require.NoError(t, err)
	stop := w.running(c)
	within(t, asked, "the silent one wasn't asked")
	done := make(chan struct{})
	var ids []refunds.ID
	for range 6 {
		ids = append(ids, w.Enqueue(w.Of(w.Pay(), "10.00")))
	}
	go func() {
		defer close(done)
		for _, id := range ids {
			if rec, err := w.Book.Await(ctxOf(w), id); err == nil {
				assert.Equal(t, refunds.Done, rec.State)
			}
		}
	}()
	within(t, done, "the others waited for a silent merchant")
	release()
	stop()
}
