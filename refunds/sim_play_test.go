package refunds

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/refunds/internal/memstore"
	"github.com/assist-go/assist/refunds/internal/storage"
	"github.com/stretchr/testify/require"
)

// newWorld makes a world of one seed.
func newWorld(tb testing.TB, seed uint64, h habit, store storage.Store) *world {
	w := &world{dice: rand.New(rand.NewPCG(seed, 1)), now: time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC), store: store, habit: h,
		events: make(chan happening), effects: map[int64]int{}, owed: map[ID]owed{}, faulty: true, freed: map[string]freed{}, order: map[int64][]int64{},
		byDigest: map[string]ID{}, sent: map[ID]int{}}
	w.wallets = w.dice.IntN(4) == 0
	_, w.scans = store.(*memstore.Store)
	w.server = assisttest.New(assisttest.WithClock(func() time.Time { return w.now }))
	w.opens(tb)
	return w
}

// opens gives the person a Book, and the processes their first lives.
func (w *world) opens(tb testing.TB) {
	var err error
	w.operate, err = NewBook(tb.Context(), w.store, Clock(func() time.Time { return w.now }))
	require.NoError(tb, err)
	w.procs = nil
	for i := range 2 {
		w.procs = append(w.procs, w.start(fmt.Sprint("p", i)))
	}
}

// simulate plays one seed and tells what was wrong at the end.
func simulate(tb testing.TB, seed uint64, h habit, store storage.Store) (wrong []string, w *world) {
	w = newWorld(tb, seed, h, store)
	w.rounds(tb, 3+w.dice.IntN(4))
	w.settles(tb)
	return append(w.wrong, w.count(tb)...), w
}

func (w *world) rounds(tb testing.TB, n int) {
	for range n {
		w.enqueue(tb)
		w.topUp(tb)
		w.play(time.Duration(10+w.dice.IntN(400)) * time.Minute)
		w.person(tb)
	}
}

// settles lets all come to an end, or to a person: the faults are over.
func (w *world) settles(tb testing.TB) {
	w.faulty = false
	w.server.Next()
	for range 40 {
		w.play(8 * time.Hour)
		w.topUp(tb)
		w.person(tb)
		if w.open(tb) == 0 {
			break
		}
	}
	w.play(time.Hour) // for the last deliveries
	w.stop()
}

// play lets the processes run for a while of virtual time.
func (w *world) play(d time.Duration) {
	end := w.now.Add(d)
	for {
		var ready []*process
		soonest := end
		for i, p := range w.procs {
			if p.dead && !p.running { // it has gone: another life begins after a while
				w.forget()
				w.procs[i] = w.start(p.name)
				w.procs[i].until = w.now.Add(time.Duration(w.dice.IntN(300)) * time.Second)
				p = w.procs[i]
			}
			if !p.until.After(w.now) {
				ready = append(ready, p)
			} else if p.until.Before(soonest) {
				soonest = p.until
			}
		}
		if len(ready) == 0 {
			if !soonest.Before(end) {
				w.now = end
				return
			}
			w.now = soonest
			continue
		}
		w.let(ready[w.dice.IntN(len(ready))])
	}
}

// let lets one process go to its next boundary.
func (w *world) let(p *process) {
	p.running = true
	p.goOn <- struct{}{}
	switch h := <-w.events; {
	case h.dead:
		p.dead, p.running = true, false
	case !h.next.IsZero():
		p.until = h.next
		if !p.until.After(w.now) {
			p.until = w.now.Add(time.Second)
		}
	default: // at a boundary: mostly on at once, at times a while later
		w.now = w.now.Add(time.Duration(w.dice.IntN(40)) * time.Millisecond)
		switch n := w.dice.IntN(4000); {
		case !w.faulty:
		case n == 0: // the machine stands still
			p.until = w.now.Add(time.Duration(1+w.dice.IntN(300)) * time.Minute)
		case n < 40:
			p.until = w.now.Add(time.Duration(w.dice.IntN(120)) * time.Second)
		}
	}
}

// stop ends the processes where they stand.
func (w *world) stop() {
	for _, p := range w.procs {
		if p.dead && !p.running {
			continue
		}
		p.dead = true
		p.goOn <- struct{}{}
		for h := range w.events {
			if h.dead {
				break
			}
		}
	}
}

func (w *world) fault() assisttest.Fault {
	d := func(minutes int) time.Duration { return time.Duration(w.dice.IntN(minutes*60)) * time.Second }
	switch w.dice.IntN(17) {
	case 0, 1:
		return assisttest.DieAfter()
	case 2:
		return assisttest.DieBefore()
	case 3, 4:
		return assisttest.InProcess(d(600), "AS000")
	case 5:
		return assisttest.InProcess(d(600), "AS100")
	case 6:
		return assisttest.Decline("AS100")
	case 7:
		return assisttest.HTMLError(502)
	case 8:
		return assisttest.ListLate(d(600)).And(assisttest.DieAfter())
	case 9:
		return assisttest.DieAndDoLater(d(1500))
	case 10:
		return assisttest.Refuse(17, 3)
	case 11:
		return assisttest.Refuse(2, 1).For(assisttest.OrderResults)
	case 12:
		return assisttest.Garbage()
	case 13:
		return assisttest.Refuse(7, 102).For(assisttest.OrderResults)
	case 14:
		return assisttest.Refuse(7, 102).For(assisttest.Cancels)
	}
	return assisttest.Fault{}
}

func (w *world) enqueue(tb testing.TB) {
	for range 1 + w.dice.IntN(2) {
		p := assisttest.Payment{PaidAt: w.now.Add(-48 * time.Hour)}
		if w.wallets && w.dice.IntN(2) == 0 {
			p = walletPayment(w.now.Add(-48*time.Hour), 10_000)
		}
		o := w.server.Pay(p)
		w.orders = append(w.orders, o)
		for range 1 + w.dice.IntN(3) {
			amount, err := assist.NewMoney(int64(1000*(1+w.dice.IntN(2))), "RUB")
			require.NoError(tb, err)
			r := Refund{Key: fmt.Sprint("key-", len(w.owed)), MerchantID: w.server.Credentials().MerchantID, Request: o.CancelRequest(amount)}
			w.asked = append(w.asked, r)
			var id ID
			for range 1 + w.dice.IntN(2) { // told twice at times
				id, err = w.operate.Enqueue(tb.Context(), r)
				require.NoError(tb, err)
			}
			w.owed[id] = owed{o.Billnumber, amount.Minor()}
			w.byDigest[externalRefundID(&storage.Refund{Merchant: r.MerchantID, Key: r.Key})[:32]] = id
		}
	}
	for range w.dice.IntN(8) {
		w.server.Next(w.fault())
	}
}

const webMoney = 30

func walletPayment(at time.Time, minor int64) assisttest.Payment {
	return assisttest.Payment{PaidAt: at, MeanTypeID: webMoney, Amount: money(minor, "RUB")}
}

// person decides about what needs one, not always wisely.
func (w *world) person(tb testing.TB) {
	ctx := tb.Context()
	for rec, err := range w.operate.List(ctx, Filter{NeedsPerson: w.habit != operatorBySums}) {
		require.NoError(tb, err)
		if w.habit == operatorBySums {
			w.comparesSums(tb, rec)
			continue
		}
		d := Decision{Kind: [...]DecisionKind{NeverCame, NeverCame, Wait, GiveUp, ItWas, NotIts}[w.dice.IntN(6)]}
		if !w.faulty && d.Kind == Wait {
			d.Kind = NeverCame
		}
		if rec.State == Pending {
			d.Kind = [...]DecisionKind{ItWas, NotIts, Wait}[w.dice.IntN(3)]
		}
		if d.Kind == ItWas || d.Kind == NotIts {
			if d.Operation = w.strange(tb, rec); d.Operation == "" {
				continue
			}
			// That it isn't the refund's is said of an operation only by who knows.
			if d.Kind == NotIts {
				d.Kind = ItWas
			}
		}
		n, err := w.operate.ProposeDecision(ctx, rec.ID, d, Person{ID: "anna", Name: "Anna", Reason: "looked"})
		if err == nil && d.Kind.needsSecond() {
			require.NoError(tb, w.operate.ConfirmDecision(ctx, n, Person{ID: "boris", Name: "Boris", Reason: "looked too"}))
		}
	}
}

// strange finds an operation of the payment that nobody owns, of the amount.
func (w *world) strange(tb testing.TB, rec *Record) assist.Billnumber {
	owners := w.owners(tb)
	o, _ := w.server.Order(rec.Request.Billnumber)
	for _, op := range o.Operations {
		if op.Type == assist.OperationCancel && owners[op.Billnumber] == nil && op.Amount == rec.Request.Amount {
			return op.Billnumber
		}
	}
	return ""
}

func (w *world) open(tb testing.TB) (n int) {
	for id := range w.owed {
		rec, err := w.operate.Get(tb.Context(), id)
		require.NoError(tb, err)
		if !rec.State.Final() {
			n++
		}
	}
	return n
}
