package refunds

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds/internal/memstore"
	"github.com/assist-go/assist/refunds/internal/storage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Begin is the one arbiter of sending: whatever has changed since the refund was
// claimed and its payment looked at keeps it from being sent.
func TestBeginRefuses(t *testing.T) {
	t.Parallel()
	person := Person{ID: "a", Name: "A", Reason: "r"}
	for _, tt := range []struct {
		name   string
		change func(t *testing.T, b *Book, v *view)
		want   error
	}{
		{"nothing has changed", func(*testing.T, *Book, *view) {}, nil},
		{"a newer claim", func(t *testing.T, b *Book, v *view) {
			require.NoError(t, b.store.Update(t.Context(), func(tx storage.Tx) error {
				_, err := tx.Claim(t.Context(), storage.Claim{Merchant: "1", States: []int64{int64(Pending)}, Now: micros(time.Now().Add(time.Hour)), Limit: 10})
				return err
			}))
		}, errTaken},
		{"a cancel of the payment that has begun and ended", func(t *testing.T, b *Book, v *view) {
			require.NoError(t, b.store.Update(t.Context(), func(tx storage.Tx) error {
				p := v.payment
				return b.free(t.Context(), tx, &p, "another", nil)
			}))
		}, errTaken},
		{"another cancel of the payment, in spite of all", func(t *testing.T, b *Book, v *view) {
			require.NoError(t, b.store.Update(t.Context(), func(tx storage.Tx) error {
				_, err := tx.Insert(t.Context(), &storage.Attempt{IntentID: "other", Refund: 99, Merchant: "1", Payment: v.r.Payment, Number: 1})
				return err
			}))
		}, errTaken},
		{"withdrawn", func(t *testing.T, b *Book, v *view) { require.NoError(t, b.Withdraw(t.Context(), ID(v.r.ID), person)) }, errTaken},
		{"held", func(t *testing.T, b *Book, v *view) { require.NoError(t, b.Hold(t.Context(), "1", person)) }, errHeld},
		{"its reservation was dropped", func(t *testing.T, b *Book, v *view) {
			require.NoError(t, b.store.Update(t.Context(), func(tx storage.Tx) error {
				_, err := tx.Insert(t.Context(), &storage.Reservation{IntentID: "intent", Merchant: "1", Settled: 1})
				return err
			}))
		}, errTaken},
		{"purged", func(t *testing.T, b *Book, v *view) {
			require.NoError(t, b.Withdraw(t.Context(), ID(v.r.ID), person))
			n, err := b.Purge(t.Context(), time.Now().Add(time.Hour))
			require.NoError(t, err)
			require.Equal(t, 1, n)
		}, errTaken},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b, v := looked(t)
			tt.change(t, b, v)
			err := b.begin(t.Context(), v, assist.Intent{ID: "intent"}, sender{client: "me"}, nil, "")
			require.ErrorIs(t, err, tt.want)
			_, err = b.attempt(t.Context(), "intent")
			if tt.want != nil {
				assert.ErrorIs(t, err, ErrNotFound, "nothing of it is stored")
				return
			}
			require.NoError(t, err)
			again := b.begin(t.Context(), v, assist.Intent{ID: "second"}, sender{client: "me"}, nil, "")
			assert.ErrorIs(t, again, errTaken, "and none is begun twice")
		})
	}
}

// What begin compares is what refuses: with a guard taken out, each of these
// would be sent.
func TestBeginWithoutItsGuards(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change  func(*testing.T, *Book, *view)
		misread func(*view, storage.Row)
	}{
		"the payment's version": {func(t *testing.T, b *Book, v *view) {
			require.NoError(t, b.store.Update(t.Context(), func(tx storage.Tx) error {
				p := v.payment
				return b.free(t.Context(), tx, &p, "another", nil)
			}))
		}, func(v *view, row storage.Row) {
			if p, ok := row.(*storage.Payment); ok {
				p.Version = v.payment.Version
			}
		}},
		"the refund's version, or the lease as the only guard": {func(t *testing.T, b *Book, v *view) {
			require.NoError(t, b.store.Update(t.Context(), func(tx storage.Tx) error {
				_, err := tx.Claim(t.Context(), storage.Claim{Merchant: "1", States: []int64{int64(Pending)}, Now: micros(time.Now().Add(time.Hour)), Limit: 10})
				return err
			}))
		}, func(v *view, row storage.Row) {
			if r, ok := row.(*storage.Refund); ok {
				r.Version = v.r.Version
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, v := looked(t)
			tt.change(t, b, v)
			require.ErrorIs(t, b.begin(t.Context(), v, assist.Intent{ID: "intent"}, sender{client: "me"}, nil, ""), errTaken)
			b.store = misreading{b.store, func(row storage.Row) { tt.misread(v, row) }}
			require.NoError(t, b.begin(t.Context(), v, assist.Intent{ID: "intent"}, sender{client: "me"}, nil, ""))
		})
	}
}

// misreading is a store of which one thing isn't looked at.
type misreading struct {
	storage.Store
	misread func(storage.Row)
}

func (m misreading) Update(ctx context.Context, f func(storage.Tx) error) error {
	return m.Store.Update(ctx, func(tx storage.Tx) error { return f(&misreadingTx{tx, m.misread}) })
}

type misreadingTx struct {
	storage.Tx
	misread func(storage.Row)
}

func (t *misreadingTx) Get(ctx context.Context, row storage.Row, l storage.Lock) (bool, error) {
	found, err := t.Tx.Get(ctx, row, l)
	t.misread(row)
	return found, err
}

func (t *misreadingTx) Read(ctx context.Context, asks ...storage.Ask) error {
	return storage.ReadEach(ctx, t, asks)
}

// looked gives a claimed refund with what was looked at.
func looked(t *testing.T) (*Book, *view) {
	b, err := NewBook(t.Context(), memstore.New())
	require.NoError(t, err)
	amount, err := assist.NewMoney(1000, "RUB")
	require.NoError(t, err)
	_, err = b.Enqueue(t.Context(), Refund{Key: "k", MerchantID: "1", Request: assist.CancelRequest{Billnumber: "5700027202722028", OrderNumber: "1", Amount: amount}})
	require.NoError(t, err)
	var claimed []*storage.Refund
	require.NoError(t, b.store.Update(t.Context(), func(tx storage.Tx) (err error) {
		claimed, err = tx.Claim(t.Context(), storage.Claim{Merchant: "1", States: []int64{int64(Pending)}, Now: micros(time.Now()), Until: micros(time.Now().Add(lease)), Limit: 1})
		return err
	}))
	require.Len(t, claimed, 1)
	v, err := b.look(t.Context(), claimed[0])
	require.NoError(t, err)
	return b, v
}

// Finish goes by the intent: the first who knows closes, later ones change
// nothing, and who only holds a claim can't.
func TestFinishByIntent(t *testing.T) {
	t.Parallel()
	b, v := looked(t)
	require.NoError(t, b.begin(t.Context(), v, assist.Intent{ID: "intent"}, sender{client: "me"}, nil, ""))
	require.NoError(t, b.finish(t.Context(), "never stored", ending{outcome: assist.Accepted, state: Done}))
	r, err := b.row(t.Context(), v.r.ID)
	require.NoError(t, err)
	assert.Equal(t, Sent, State(r.State), "an intent that isn't stored was never sent")

	op := assist.Operation{Billnumber: "5700027202722028.2", Type: assist.OperationCancel, Amount: money(1000, "RUB")}
	require.NoError(t, b.finish(t.Context(), "intent", ending{outcome: assist.Accepted, state: Done, operations: []assist.Operation{op}, actor: "a"}))
	for _, late := range []ending{
		{outcome: assist.Rejected, state: Refused, actor: "b"}, {outcome: assist.NotSent, state: Pending, actor: "b"},
		{outcome: assist.Accepted, state: InProcess, actor: "b"}, {outcome: assist.Accepted, state: Done, operations: []assist.Operation{op}, actor: "b"},
	} {
		require.NoError(t, b.finish(t.Context(), "intent", late))
		r, err := b.row(t.Context(), v.r.ID)
		require.NoError(t, err)
		assert.Equal(t, Done, State(r.State), "a final state never changes")
	}
	events, err := b.History(t.Context(), ID(v.r.ID))
	require.NoError(t, err)
	assert.Len(t, events, 3, fmt.Sprint(events))
	p := &storage.Payment{Merchant: "1", Payment: v.r.Payment}
	require.NoError(t, b.store.View(t.Context(), func(tx storage.Tx) error { _, err := tx.Get(t.Context(), p, storage.NoLock); return err }))
	assert.Equal(t, int64(2), p.Version, "one begin and one end")
}

// An operation that belongs to another attempt ends nothing.
func TestFinishRefusesAnothersOperation(t *testing.T) {
	t.Parallel()
	b, v := looked(t)
	op := assist.Operation{Billnumber: "5700027202722028.2", Type: assist.OperationCancel, Amount: money(1000, "RUB")}
	require.NoError(t, b.store.Update(t.Context(), func(tx storage.Tx) error {
		return own(t.Context(), tx, &storage.Attempt{IntentID: "another", Merchant: "1", Payment: v.r.Payment}, []assist.Operation{op})
	}))
	require.NoError(t, b.begin(t.Context(), v, assist.Intent{ID: "intent"}, sender{client: "me"}, nil, ""))
	err := b.finish(t.Context(), "intent", ending{outcome: assist.Accepted, state: Done, operations: []assist.Operation{op}})
	require.ErrorIs(t, err, errOwned)
	r, err := b.row(t.Context(), v.r.ID)
	require.NoError(t, err)
	assert.Equal(t, Sent, State(r.State))
}

func TestExternalRefundID(t *testing.T) {
	t.Parallel()
	b, v := looked(t)
	first := externalRefundID(v.r)
	assert.Regexp(t, `^[0-9a-f]{32}-1$`, first)
	require.NoError(t, b.begin(t.Context(), v, assist.Intent{ID: "one"}, sender{client: "me"}, nil, ""))
	require.NoError(t, b.finish(t.Context(), "one", ending{outcome: assist.Rejected, state: Pending, renew: true}))
	r, err := b.row(t.Context(), v.r.ID)
	require.NoError(t, err)
	assert.Equal(t, int64(2), r.RefundNumber, "Assist has refused it, so it knows the id")

	// An attempt that a person has closed may still arrive, under the id that it
	// had: the next refusal renews nothing.
	require.NoError(t, b.store.Update(t.Context(), func(tx storage.Tx) error {
		_, err := tx.Insert(t.Context(), &storage.Attempt{IntentID: "closed", Refund: r.ID, Merchant: "1", Payment: r.Payment, Number: 9, Told: 1, ClosedBy: "anna"})
		return err
	}))
	v, err = b.look(t.Context(), r)
	require.NoError(t, err)
	require.NoError(t, b.begin(t.Context(), v, assist.Intent{ID: "two"}, sender{client: "me"}, nil, ""))
	require.NoError(t, b.finish(t.Context(), "two", ending{outcome: assist.Rejected, state: Pending, renew: true}))
	r, err = b.row(t.Context(), v.r.ID)
	require.NoError(t, err)
	assert.Equal(t, int64(2), r.RefundNumber)
}

// What Assist shows stands above what a person decides.
func TestJudge(t *testing.T) {
	t.Parallel()
	_, v := looked(t)
	v.owned["5700027202722028.2"] = &storage.Operation{Refund: 7}
	cancel := func(b assist.Billnumber, minor int64, s assist.OperationState) assist.Operation {
		return assist.Operation{Billnumber: b, Type: assist.OperationCancel, Amount: money(minor, "RUB"), State: s}
	}
	paid := assist.Operation{Billnumber: "5700027202722028.1", Type: assist.OperationPayment, Amount: money(1000, "RUB")}
	owned := cancel("5700027202722028.2", 1000, assist.OperationSuccess)
	new := func(minor int64, s assist.OperationState) assist.Operation {
		return cancel("5700027202722028.3", minor, s)
	}
	for _, tt := range []struct {
		name string
		d    storage.Decision
		ops  []assist.Operation
		fine bool
		wait bool
	}{
		{"never came, and nothing is new", storage.Decision{Kind: string(NeverCame)}, []assist.Operation{paid, owned}, true, false},
		{"never came, but one is new", storage.Decision{Kind: string(NeverCame)}, []assist.Operation{paid, owned, new(1000, assist.OperationSuccess)}, false, false},
		{"never came, but one of another amount is new", storage.Decision{Kind: string(NeverCame)}, []assist.Operation{paid, new(1, assist.OperationInProcess)}, false, false},
		{"it was", storage.Decision{Kind: string(ItWas), Operation: "5700027202722028.3"}, []assist.Operation{new(1000, assist.OperationSuccess)}, true, false},
		{"it was, and is in process", storage.Decision{Kind: string(ItWas), Operation: "5700027202722028.3"}, []assist.Operation{new(1000, assist.OperationInProcess)}, true, true},
		{"it was one that isn't listed", storage.Decision{Kind: string(ItWas), Operation: "5700027202722028.3"}, []assist.Operation{owned}, false, false},
		{"it was one of another amount", storage.Decision{Kind: string(ItWas), Operation: "5700027202722028.3"}, []assist.Operation{new(999, assist.OperationSuccess)}, false, false},
		{"it was another refund's", storage.Decision{Kind: string(ItWas), Operation: "5700027202722028.2"}, []assist.Operation{owned}, false, false},
		{"it was the payment", storage.Decision{Kind: string(ItWas), Operation: "5700027202722028.1"}, []assist.Operation{paid}, false, false},
		{"not its own, but another refund's", storage.Decision{Kind: string(NotIts), Operation: "5700027202722028.2"}, []assist.Operation{owned}, false, false},
	} {
		got, err := (&Carrier{}).judge(v, nil, &tt.d, &assist.Order{Operations: tt.ops})
		assert.Equal(t, tt.fine, err == nil, "%s: %v", tt.name, err)
		assert.Equal(t, tt.wait, got.wait, tt.name)
	}
}
