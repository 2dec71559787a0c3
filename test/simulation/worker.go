package simulation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/assist-go/assist"
)

// worker brings one refund to its end, in one process. It does what the SDK's
// README asks for; where a habit breaks a rule, it says so.
type worker struct {
	process *process
	run     *run
	refund  *refund
	client  *assist.Client // of the process; a bad habit takes others

	id      int // within the run, from 1
	steps   int
	tries   int
	patient bool
	decided []assist.Intent // closed by others, while this client still holds them for unknown
	attempt *attempt        // the one that is being sent
	oldLook bool            // what LookFirst saw last was an earlier answer about the payment
}

func (w *worker) work() {
	defer func() {
		switch reason := recover(); reason.(type) {
		case nil, killedHere:
		default:
			w.run.mu.Lock()
			w.run.found(rulePanic, "%v", reason)
			w.run.mu.Unlock()
			panic(reason)
		}
	}()
	if early := w.refund.plan.start - w.run.elapsed(); early > 0 {
		w.sleep(early)
	}
	w.untie()
	w.triesBesideOpen()
	for {
		row := w.run.store.row(w.refund)
		if row.state.final() || w.run.elapsed() > w.run.until() {
			return
		}
		w.step()
		switch row.state {
		case toDo:
			if w.run.store.blocked(w.refund) {
				return
			}
			if wait := time.Until(row.notBefore); wait > 0 {
				w.sleep(wait)
				w.untie()
				continue
			}
			if w.habit() == Naive {
				w.sendNaively()
			} else {
				w.cancel()
			}
			w.sleep(w.pause())
		case sent, following:
			if row.by != w.process && !w.patient {
				// Another one is at it. It is given some time before its work is taken
				// up: by then it is done, or was killed.
				w.patient = true
				w.sleep(w.dice(11).between(time.Minute, 15*time.Minute))
				w.untie()
				continue
			}
			if row.state == sent {
				w.resolve(row)
			} else {
				w.follow(row)
			}
		}
	}
}

func (w *worker) habit() Habit { return w.run.scenario.Habit }

// pause grows with every try, and differs from worker to worker.
func (w *worker) pause() time.Duration {
	d := w.dice(4, w.tries)
	w.tries++
	longest := min(2*time.Minute<<(3*min(w.tries, 5)), 6*time.Hour)
	return d.between(5*time.Second*time.Duration(w.tries), longest)
}

func (w *worker) dice(keys ...int) *dice {
	p := w.process
	return diceFor(w.run.scenario.Seed, append(keys, p.host.merchant, p.host.number, p.life, w.refund.index)...)
}

// sleep ends with the process.
func (w *worker) sleep(d time.Duration) {
	if w.rest(w.process.ctx, d) != nil {
		panic(killedHere{})
	}
}

// rest waits within a call. It gives the context's error, unless the process was
// killed: then nothing after it is seen.
func (w *worker) rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	if w.process.isDead() {
		panic(killedHere{})
	}
	return ctx.Err()
}

// request is the cancel that the customer is owed.
func (w *worker) request(a *attempt) assist.CancelRequest {
	row, plan := w.refund.payment, w.refund.plan
	req := assist.CancelRequest{
		Billnumber: row.order.Billnumber, OrderNumber: row.order.Number, OrderDate: row.order.Date, Amount: plan.amount,
	}
	if plan.withOrder {
		req = row.order.CancelRequest(plan.amount)
	}
	if plan.part > 0 {
		req.Billnumber = row.order.Operations[plan.part-1].Billnumber
	}
	if plan.dateless {
		req.OrderDate = time.Time{}
	}
	ids := w.run.scenario.RefundIDs
	if ids == allRefundIDs || ids == someRefundIDs && plan.refundID && takesRefundIDs(w.protocol()) {
		req.ExternalRefundID = fmt.Sprintf("refund-%04d-%02d", w.refund.index, a.number)
	}
	return req
}

func (w *worker) protocol() assist.Protocol {
	return w.run.scenario.merchants[w.process.host.merchant].protocol
}

// takesRefundIDs tells the protocols whose refund ids the server knows; a form
// may carry one, and it is passed over.
func takesRefundIDs(p assist.Protocol) bool { return p == assist.SOAP || p == assist.JSON }

// cancel sends the refund once, and stores what it learns.
func (w *worker) cancel() {
	version, ok := w.run.store.versionOf(w.refund)
	if !ok {
		return
	}
	w.learn()
	a := w.run.newAttempt(w.refund, w.refund.plan.lookFirst)
	x, err := w.send(w.client, a, version)
	w.untie()
	w.step()
	w.run.checkError(err)
	if w.habit() == SavesNoIntent {
		w.run.store.storeLate(w.refund, a, w.process)
	}
	var closed *assist.UnresolvedError
	switch assist.OutcomeOf(err) {
	case assist.Accepted:
		w.accepted(a, x)
	case assist.NotSent:
		w.run.told(w.process, a, telling{verdict: toldNotSent, err: err})
		w.step()
		w.run.store.reopen(a, time.Time{})
		if errors.As(err, &closed) {
			w.reopen(closed.Intent)
		}
	case assist.Rejected:
		w.rejected(a, nil, err)
	default:
		w.unknown(a, err, version)
	}
}

func (w *worker) send(client *assist.Client, a *attempt, version int) (*assist.Cancellation, error) {
	d := w.dice(6, a.number)
	w.attempt = a
	ctx, stop := context.WithTimeout(context.WithValue(w.process.ctx, workerKey{}, w),
		pick(d, 95*time.Second, 95*time.Second, 2500*time.Millisecond, 30*time.Minute, d.between(time.Millisecond, 200*time.Millisecond))+offBeat)
	defer stop()
	options := []assist.CancelOption{assist.SaveIntent(func(_ context.Context, in assist.Intent) error {
		w.step()
		w.run.checkToken(in.Token())
		err := w.run.store.openIntent(w.refund, a, w.process, in, version)
		w.step()
		return err
	})}
	if a.lookFirst {
		options = append(options, assist.LookFirst())
	}
	for _, in := range w.decided {
		options = append(options, assist.DespiteUnknown(in))
	}
	for _, token := range w.run.store.passedOver(w.refund) {
		in, err := assist.ParseIntent(token)
		if err != nil {
			panic(err)
		}
		options = append(options, assist.DespiteUnknown(in))
	}
	if w.refund.plan.amount == (assist.Money{}) {
		return client.CancelFull(ctx, w.request(a), options...)
	}
	return client.Cancel(ctx, w.request(a), options...)
}

// accepted stores the token of a cancel that Assist took.
func (w *worker) accepted(a *attempt, x *assist.Cancellation) {
	token := x.Token()
	w.run.checkToken(token)
	if x.Status == assist.Succeeded || w.habit() == TakesInProcessForSuccess {
		w.run.told(w.process, a, telling{verdict: toldDone, operations: x.Operations, order: &x.Order})
		w.step()
		w.run.store.close(a, done, token)
		return
	}
	w.run.told(w.process, a, telling{verdict: toldInProcess, operations: x.Operations, order: &x.Order})
	w.step()
	w.run.store.close(a, following, token)
}

// rejected ends the refund, or tries it again: both are safe.
func (w *worker) rejected(a *attempt, order *assist.Order, err error) {
	w.run.told(w.process, a, telling{verdict: toldRefused, order: order, err: err})
	w.step()
	notBefore, later := assist.NotBefore(err)
	// It is on the client's clock, which goes as fast as every other.
	wait := notBefore.Sub(w.process.now())
	switch {
	case w.waitsForSettings(err):
		w.run.store.reopen(a, time.Now().Add(w.dice(32, a.number).between(5*time.Minute, 20*time.Minute)))
	case later && w.run.elapsed() < latestRetry:
		w.run.store.reopen(a, time.Now().Add(wait))
	case a.number < 6 && w.dice(7, a.number).percent(40):
		w.run.store.reopen(a, time.Time{})
	default:
		w.run.store.close(a, refused, "")
	}
}

func (w *worker) unknown(a *attempt, err error, version int) {
	switch w.habit() {
	case ResendsUnknown:
		w.run.store.reopen(a, time.Time{})
		w.client = w.run.newClient(w.process)
		return
	case TakesUnknownForFailure:
		w.run.told(w.process, a, telling{verdict: toldRefused, err: err})
		w.run.store.close(a, refused, "")
		return
	case GoesByOrderState:
		w.goByOrderState(a)
		return
	}
	w.run.told(w.process, a, telling{verdict: toldUnknown, err: err})
	var unknown *assist.UnknownOutcomeError
	if !errors.As(err, &unknown) {
		w.note(ruleKnown, "%v is unknown without an intent: %v", a, err)
	}
	// Who is hasty and tries again is refused by the client, for all of the
	// payment.
	if w.dice(8, a.number).percent(20) {
		second := w.run.newAttempt(w.refund, false)
		_, err := w.send(w.client, second, version)
		w.untie()
		if !errors.Is(err, assist.ErrUnresolved) && assist.OutcomeOf(err) != assist.NotSent {
			w.note(ruleClosed, "%v was unknown, and a second cancel was let through: %v", a, err)
		}
		w.run.told(w.process, second, telling{verdict: toldNotSent, err: err})
	}
	w.step()
}

func (w *worker) note(rule, format string, args ...any) {
	w.run.mu.Lock()
	defer w.run.mu.Unlock()
	w.run.found(rule, format, args...)
}

// resolve finds out what became of a stored intent. It may be another process
// that has sent it, or this one before it was killed.
func (w *worker) resolve(row refund) {
	a := row.open
	in, err := assist.ParseIntent(row.intent)
	if err != nil {
		w.note(ruleKnown, "a stored intent can't be read: %v", err)
		return
	}
	age := time.Since(row.unresolved)
	pause, bound := span(age)
	ctx, stop := w.asking()
	defer stop()
	found, err := w.client.ResolveWait(ctx, in, bound, w.pace(pause)...)
	w.untie()
	w.step()
	if err != nil {
		w.run.say("%v can't resolve %v: %v", w.process, a, err)
		w.run.checkError(err)
		w.sleep(time.Minute)
		return
	}
	w.resolved(a, found)
	if found.Outcome == assist.Unknown {
		w.stillUnknown(a, found, time.Since(row.unresolved))
	}
}

// resolved stores what a question about an intent has shown.
func (w *worker) resolved(a *attempt, found *assist.Resolution) {
	w.run.checkError(found.Err)
	w.run.say("%v resolves %v: %v, candidates %v, listed %v", w.process, a, found.Outcome, billnumbers(found.Candidates), billnumbers(found.Order.Operations))
	switch found.Outcome {
	case assist.Unknown:
		w.run.shown(a, found)
	case assist.Accepted:
		w.accepted(a, found.Cancellation)
	case assist.Rejected:
		w.rejected(a, found.Order, found.Err)
	}
}

// stillUnknown goes on asking, for as long as a worker has patience.
func (w *worker) stillUnknown(a *attempt, found *assist.Resolution, age time.Duration) {
	switch {
	case w.habit() == TakesUnseenForFailure && len(found.Candidates) == 0 && age > 10*time.Minute:
		w.run.told(w.process, a, telling{verdict: toldRefused})
		w.run.store.reopen(a, time.Time{})
		w.client = w.run.newClient(w.process)
	case age > patience:
		w.callPerson(a, found)
	}
}

// reopen resolves the intent for which the client keeps the payment closed, and
// stores what it finds: it may be another worker's.
func (w *worker) reopen(in assist.Intent) {
	a := w.run.attemptOf(in)
	if w.run.store.isPassedOver(a) {
		// A person has decided, perhaps by another client: what is new on the order
		// may be of the cancel that was sent instead.
		w.decided = append(w.decided, in)
		return
	}
	w.client.Remember(w.run.store.openIntents(w.process.host.merchant)...)
	ctx, stop := w.asking()
	defer stop()
	found, err := w.client.Resolve(ctx, in)
	w.untie()
	w.run.checkError(err)
	w.step()
	if err != nil {
		return
	}
	w.resolved(a, found)
	if found.Outcome == assist.Unknown && w.run.store.isClosed(a) {
		w.decided = append(w.decided, in)
	}
}

// goByOrderState is a bad habit: the state of the order tells nothing about one
// of its cancels.
func (w *worker) goByOrderState(a *attempt) {
	row := w.refund.payment
	ctx, stop := w.asking()
	defer stop()
	orders, err := w.client.OrderState(ctx, assist.OrderQuery{OrderNumber: row.order.Number, From: row.order.Date.Add(-time.Hour)})
	if err != nil || len(orders) == 0 {
		return
	}
	if orders[0].State == "Approved" {
		w.run.told(w.process, a, telling{verdict: toldRefused, err: err})
		w.run.store.close(a, refused, "")
		return
	}
	w.run.told(w.process, a, telling{verdict: toldDone, err: err})
	w.run.store.close(a, done, "")
}
