package storetest

import (
	"testing"
	"time"

	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/refunds"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// purgeKeepsDoubt: that money may have moved by a cancel which a person closed is
// as well known after Purge as before, and the payment isn't closed for ever.
func purgeKeepsDoubt(t *testing.T, open Open) {
	w := NewWorld(t, open(t))
	o := w.Pay()
	w.Server.Next(assisttest.DieBefore())
	r := w.Of(o, "10.00")
	id := w.Enqueue(r)
	c := w.Carrier()
	w.Until(c, id, 20*time.Hour, NeedsPerson)
	_, err := w.Book.ProposeDecision(ctxOf(w), id, refunds.Decision{Kind: refunds.GiveUp}, Person("anna"))
	require.NoError(t, err)
	w.Until(c, id, time.Hour, Final)
	w.Until(c, id, 35*24*time.Hour, func(*refunds.Record) bool { return false })
	n, err := w.Book.Purge(ctxOf(w), w.Now())
	require.NoError(t, err)
	assert.Zero(t, n)
	rec, err := w.Book.ByKey(ctxOf(w), w.Merchant(), r.Key)
	require.NoError(t, err)
	assert.True(t, rec.PassedOver, "money may have moved by it")
	p, err := w.Book.Payment(ctxOf(w), w.Merchant(), o.Billnumber)
	require.NoError(t, err)
	assert.Equal(t, "90.00 RUB", p.Left.String())
	second := w.Enqueue(w.Of(o, "20.00"))
	assert.Equal(t, refunds.Done, w.Until(c, second, 3*time.Hour, Final).State, "the payment isn't closed for ever")
}
