package storetest

import (
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/refunds"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// at makes a carrier whose client reaches a server under a host name.
func (w *World) at(server *assisttest.Server, base string, cred assist.Credentials, opts ...refunds.CarrierOption) *refunds.Carrier {
	w.TB.Helper()
	client, err := assist.NewClient(base, cred, assist.WithHTTPClient(server.HTTPClient()), assist.WithClock(w.Now), assist.AllowPlainHTTP())
	require.NoError(w.TB, err)
	return w.CarrierWith(client, opts...)
}

const realHost, testHost = "http://pay.example", "http://test.pay.example"

// servers: one merchant's refunds are of one server, whoever carries them.
func servers(t *testing.T, open Open) {
	elsewhere := func(t *testing.T, w *World, c *refunds.Carrier) *refunds.ServerError {
		t.Helper()
		_, err := c.Step(ctxOf(w))
		var other *refunds.ServerError
		require.ErrorAs(t, err, &other)
		return other
	}
	noted := func(t *testing.T, w *World) (n int) {
		for e, err := range w.Book.Events(ctxOf(w), refunds.EventFilter{Kinds: []refunds.EventKind{refunds.OtherServer}}) {
			require.NoError(t, err)
			assert.Contains(t, e.Reason, "test.pay.example")
			n++
		}
		return n
	}
	// begin makes a world in which the real server is the merchant's, and a test
	// server that takes the same credentials or others.
	begin := func(t *testing.T, password string) (w *World, test *assisttest.Server, right *refunds.Carrier) {
		w = NewWorld(t, open(t))
		cred := w.Server.Credentials()
		cred.Password = assist.NewSecret(password)
		test = assisttest.NewServer(t, assisttest.InMemory(), assisttest.WithClock(w.Now), assisttest.WithMerchant(cred))
		right = w.at(w.Server, realHost, w.Server.Credentials())
		require.Equal(t, refunds.Done, w.Until(right, w.Enqueue(w.Of(w.Pay(), "10.00")), time.Hour, Final).State)
		return w, test, right
	}
	for _, tt := range []struct{ name, password string }{{"the same credentials", "TestPassword1"}, {"others", "AnotherPassword1"}} {
		t.Run("nothing is sent to another, with "+tt.name, func(t *testing.T) {
			w, test, right := begin(t, tt.password)
			o := w.Pay()
			id := w.Enqueue(w.Of(o, "10.00"))
			for range 2 { // it knows an order of that very number, and the payment
				test.Pay(assisttest.Payment{PaidAt: w.Now().Add(-48 * time.Hour)})
			}
			_, knows := test.Order(o.Billnumber)
			require.True(t, knows)
			wrong := w.at(test, testHost, w.Server.Credentials())
			assert.Equal(t, &refunds.ServerError{MerchantID: w.Merchant(), Server: "pay.example", Client: "test.pay.example"}, elsewhere(t, w, wrong))
			asked := len(test.Requests())
			assert.LessOrEqual(t, asked, 1, "the question that showed it")
			assert.Equal(t, "0.00", test.Moved(o.Billnumber).Amount())
			elsewhere(t, w, wrong)
			assert.Len(t, test.Requests(), asked, "and nothing more")
			assert.Equal(t, 1, noted(t, w))
			s, err := w.Book.Stats(ctxOf(w))
			require.NoError(t, err)
			assert.Empty(t, s.Paused, "the real settings are right")
			rec := w.Get(id)
			assert.Empty(t, rec.Attempts)
			w.Step(right)
			assert.Equal(t, refunds.Done, w.Get(id).State, "it wasn't put off")
		})
	}
	t.Run("another's silence about an unknown outcome says nothing", func(t *testing.T) {
		w, test, right := begin(t, "TestPassword1")
		w.Server.Next(assisttest.DieAfter())
		o := w.Pay()
		id := w.Enqueue(w.Of(o, "10.00"))
		w.Step(right)
		require.Equal(t, refunds.Sent, w.Get(id).State)
		w.Pass(20 * time.Hour)
		elsewhere(t, w, w.at(test, testHost, w.Server.Credentials()))
		rec := w.Get(id)
		assert.Equal(t, refunds.Sent, rec.State)
		assert.Zero(t, rec.NeedsPerson, rec.Detail)
		assert.Equal(t, refunds.Done, w.Until(right, id, time.Hour, Final).State)
		assert.Equal(t, "10.00", w.Moved(o))
	})
	t.Run("another's results aren't compared", func(t *testing.T) {
		w, test, _ := begin(t, "TestPassword1")
		byHand := test.Pay(assisttest.Payment{PaidAt: w.Now().Add(-2 * time.Hour)})
		_, err := test.RefundByHand(byHand.Billnumber, rub(700))
		require.NoError(t, err)
		r, err := w.at(test, testHost, w.Server.Credentials()).Reconcile(ctxOf(w), w.Merchant(), w.Now().Add(-4*time.Hour), w.Now())
		var other *refunds.ServerError
		require.ErrorAs(t, err, &other)
		assert.Empty(t, r.Strange)
		assert.False(t, r.Complete)
	})
	t.Run("login and password can change", func(t *testing.T) {
		w, _, _ := begin(t, "TestPassword1")
		cred := w.Server.Credentials()
		cred.Login, cred.Password = "another_login", assist.NewSecret("Rotated1")
		w.Server.SetCredentials(cred)
		assert.Equal(t, refunds.Done, w.Until(w.at(w.Server, realHost, cred), w.Enqueue(w.Of(w.Pay(), "10.00")), time.Hour, Final).State)
	})
	t.Run("a merchant moves", func(t *testing.T) {
		w, _, right := begin(t, "TestPassword1")
		w.Step(w.at(w.Server, "http://PAY.example:80", w.Server.Credentials()))
		var invalid *refunds.InvalidError
		for _, bad := range []string{"", "https://new.pay.example", "new.pay.example/path", "who@new.pay.example"} {
			require.ErrorAs(t, w.Book.SetServer(ctxOf(w), w.Merchant(), bad, Person("anna")), &invalid, bad)
		}
		require.ErrorAs(t, w.Book.SetServer(ctxOf(w), w.Merchant(), "new.pay.example", refunds.Person{}), &invalid)
		require.NoError(t, w.Book.SetServer(ctxOf(w), w.Merchant(), "New.pay.example:443", Person("anna")))
		id := w.Enqueue(w.Of(w.Pay(), "10.00"))
		before := len(cancels(w))
		assert.Equal(t, "new.pay.example", elsewhere(t, w, right).Server, "also where it was the right one before")
		assert.Len(t, cancels(w), before)
		assert.Equal(t, refunds.Done, w.Until(w.at(w.Server, "http://new.pay.example", w.Server.Credentials()), id, time.Hour, Final).State)
		require.NoError(t, w.Book.SetServer(ctxOf(w), w.Merchant(), "pay.example", Person("anna")))
		assert.Equal(t, refunds.Done, w.Until(right, w.Enqueue(w.Of(w.Pay(), "10.00")), time.Hour, Final).State, "and back")
	})
}
