package simulation

import (
	"errors"
	"slices"
	"time"

	"github.com/assist-go/assist"
)

// store is the merchant's database: it survives every crash, and its writes are
// atomic. All of it is guarded by the mutex of the run.
type store struct {
	run      *run
	payments []*payment
}

// payment is a row of the payments of a merchant.
type payment struct {
	merchant int
	number   int // within the run
	order    assist.Order
	plan     paymentPlan
	refunds  []*refund

	// Only one client at a time cancels a payment; the SDK keeps its own calls
	// apart, and the store the clients.
	holder     *process
	openings   int // refunds that are open with the holder
	version    int // of the row: it grows whenever somebody lets go
	lastHolder *process
	freeSince  time.Time
	passedOver []string // intents that a person has closed as never arrived
	stuck      bool     // an unknown cancel of it is left to a person

	// For the checker alone.
	limit  int64                      // what may go back, in minor units
	last   int                        // the number of the newest operation that the server has made
	byHand map[assist.Billnumber]bool // made by somebody in the personal account
	gaps   bool                       // numbers were left out
}

// refund is what the merchant owes a customer: the row that workers take up.
type refund struct {
	payment *payment
	index   int // within the run
	plan    refundPlan

	state        refundState
	attempts     int
	intent       string // token of the open attempt
	cancellation string // token of an accepted one
	open         *attempt
	by           *process // that opened it
	notBefore    time.Time
	unresolved   time.Time // since when the open attempt is being asked about
	left         *attempt  // the one that is left to a person

	truth []*attempt // every attempt, for the checker alone
}

type refundState int

const (
	toDo refundState = iota
	sent             // an intent is stored, its outcome isn't
	following
	done
	refused
	atPerson // openly unknown: the next step is a person's
)

func (s refundState) final() bool { return s >= done }

var refundStateNames = [...]string{"to do", "sent", "following", "done", "refused", "at a person"}

func (s refundState) String() string { return refundStateNames[s] }

var errTaken = errors.New("the refund or its payment is somebody else's")

// handover is how long a payment rests between two clients. A client tells its
// own operations from a later cancel's by memory; another client goes by the
// clock, and allows a minute for clocks that differ.
const handover = 90 * time.Second

// versionOf is what a worker reads before it begins a cancel.
func (s *store) versionOf(r *refund) (version int, ok bool) {
	s.run.mu.Lock()
	defer s.run.mu.Unlock()
	return r.payment.version, r.state == toDo
}

// openIntent stores an intent before the send. It refuses when another process
// has taken the refund or cancels its payment: SaveIntent's error then stops the
// cancel.
func (s *store) openIntent(r *refund, a *attempt, p *process, in assist.Intent, version int) error {
	s.run.mu.Lock()
	defer s.run.mu.Unlock()
	a.intent = in
	row, habit := r.payment, s.run.scenario.Habit
	switch {
	case habit == SavesNoIntent:
		return nil
	case habit == HasNoArbiter:
	case r.state != toDo, row.holder != nil && row.holder != p:
		return errTaken
	case row.holder == nil && row.version != version:
		// What LookFirst saw may be older than what the other one did.
		return errTaken
	case row.holder == nil && row.lastHolder != nil && row.lastHolder != p && time.Since(row.freeSince) < handover && !s.run.allLearned(row, a):
		return errTaken
	}
	s.hold(r, a, p)
	return nil
}

// hold is what a stored intent means to the rows.
func (s *store) hold(r *refund, a *attempt, p *process) {
	r.payment.holder = p
	r.payment.openings++
	r.state, r.open, r.by, r.intent, r.unresolved = sent, a, p, a.intent.Token(), time.Now()
}

// storeLate is a bad habit: the intent is stored when the answer is there.
func (s *store) storeLate(r *refund, a *attempt, p *process) {
	s.run.mu.Lock()
	defer s.run.mu.Unlock()
	if a.intent.ID != "" {
		s.hold(r, a, p)
	}
}

// close notes how an attempt ended. The first who knows closes it; others who
// find out the same later change nothing.
func (s *store) close(a *attempt, state refundState, token string) {
	r := a.refund
	s.run.mu.Lock()
	defer s.run.mu.Unlock()
	if r.open != a || r.state.final() {
		return
	}
	if r.state == sent {
		s.letGo(r.payment)
	}
	r.state, r.cancellation = state, token
	if state == atPerson {
		r.left, r.payment.stuck = a, true
	}
	if state == toDo || state.final() {
		r.open, a.closed = nil, true
	}
}

// blocked leaves a refund to the person who looks at its payment: while an
// earlier cancel of it is unknown, no other is sent.
func (s *store) blocked(r *refund) bool {
	s.run.mu.Lock()
	defer s.run.mu.Unlock()
	if r.state == toDo && r.payment.stuck {
		r.state = atPerson
	}
	return r.state == atPerson
}

// reopen lets a refund be tried again, not before a time.
func (s *store) reopen(a *attempt, notBefore time.Time) {
	r := a.refund
	s.close(a, toDo, "")
	s.run.mu.Lock()
	defer s.run.mu.Unlock()
	if r.state == toDo {
		r.notBefore = notBefore
	}
}

func (s *store) letGo(row *payment) {
	row.openings--
	if row.openings == 0 {
		row.lastHolder, row.holder, row.freeSince = row.holder, nil, time.Now()
	}
	row.version++
}

// personClosed notes that a person has taken an intent for one that never
// arrived.
func (s *store) personClosed(a *attempt) bool {
	r := a.refund
	s.run.mu.Lock()
	defer s.run.mu.Unlock()
	if r.open != a || r.state != sent {
		return false
	}
	r.payment.passedOver = append(r.payment.passedOver, r.intent)
	s.letGo(r.payment)
	r.state, r.open, a.closed, a.passedOver = toDo, nil, true, true
	return true
}

// openIntents are those that a process is told of when it starts.
func (s *store) openIntents(merchant int) (open []assist.Intent) {
	s.run.mu.Lock()
	defer s.run.mu.Unlock()
	for _, row := range s.payments {
		if row.merchant != merchant {
			continue
		}
		tokens := slices.Clone(row.passedOver)
		for _, r := range row.refunds {
			if r.state == sent {
				tokens = append(tokens, r.intent)
			}
		}
		for _, token := range tokens {
			if in, err := assist.ParseIntent(token); err == nil {
				open = append(open, in)
			}
		}
	}
	return open
}

// row reads a refund.
func (s *store) row(r *refund) refund {
	s.run.mu.Lock()
	defer s.run.mu.Unlock()
	return *r
}

// passedOver gives the intents that a person has closed, of a refund's payment.
func (s *store) passedOver(r *refund) []string {
	s.run.mu.Lock()
	defer s.run.mu.Unlock()
	return slices.Clone(r.payment.passedOver)
}

// naivelyDone notes that the control has read a success.
func (s *store) naivelyDone(r *refund) {
	s.run.mu.Lock()
	defer s.run.mu.Unlock()
	r.state = done
}

// isPassedOver tells whether a person has taken an attempt for one that never came.
func (s *store) isPassedOver(a *attempt) bool {
	s.run.mu.Lock()
	defer s.run.mu.Unlock()
	return a.passedOver
}

// isClosed tells whether an attempt is decided, by whichever process.
func (s *store) isClosed(a *attempt) bool {
	s.run.mu.Lock()
	defer s.run.mu.Unlock()
	return a.closed
}
