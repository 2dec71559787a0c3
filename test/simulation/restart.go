package simulation

import (
	"context"
	"errors"
	"time"

	"github.com/assist-go/assist"
)

// restarts makes a scenario that of one merchant whose process sends many cancels,
// hears of none what became of it, is killed with all of them open, and starts
// again with nothing but the store.
func (s *Scenario) restarts(payments int) {
	d := diceFor(s.Seed, 33)
	m := planMerchant(d, 0)
	// What it learns of other cancels would open their payments.
	m.hosts, m.learns, m.rotation, m.payments = 1, false, nil, nil
	for range payments {
		p := planPayment(d)
		p.byHand = nil
		for i := range p.refunds {
			p.refunds[i].start = d.between(0, 10*time.Minute)
		}
		m.payments = append(m.payments, p)
	}
	s.merchants, s.clocks, s.sockets, s.plain = []merchantPlan{m}, clockPlan{}, false, false
	s.storm, s.calm, s.outage = pick(d, 5, 20), 2*time.Hour, 15*time.Minute
}

// inOutage tells whether every answer to a cancel is lost.
func (r *run) inOutage() bool { return r.elapsed() < r.scenario.outage }

// throwOutage is a network that carries cancels at most one way.
func (f *exchangeFault) throwOutage(d *dice) {
	f.kind = pick(d, lostAfter, lostAfter, lostAfter, lostDuring, heldUp)
	f.delay = d.between(time.Second, time.Hour)
}

// diesOfOutage tells whether the process is killed now, at the end of the outage.
func (p *process) diesOfOutage() bool {
	outage := p.host.run.scenario.outage
	return outage > 0 && p.life == 0 && !p.host.run.inOutage()
}

// triesBesideOpen lets a cancel of a payment begin, whose intent the process knows
// from the store alone. It must be kept from it before anything is sent.
func (w *worker) triesBesideOpen() {
	if w.run.scenario.outage == 0 || !w.process.remembers(w.refund) {
		return
	}
	stored := errors.New("the payment was open")
	ctx, stop := context.WithTimeout(context.WithValue(w.process.ctx, workerKey{}, w), time.Hour+offBeat)
	defer stop()
	a := w.run.newAttempt(w.refund, false)
	_, err := w.client.Cancel(ctx, assist.CancelRequest{Billnumber: w.refund.payment.order.Billnumber, OrderNumber: w.refund.payment.order.Number,
		OrderDate: w.refund.payment.order.Date, Amount: rubles(1_00)}, assist.SaveIntent(func(context.Context, assist.Intent) error { return stored }))
	w.untie()
	if !errors.Is(err, assist.ErrUnresolved) {
		w.note(ruleClosed, "the client was told of the open intent of refund %d, and let a second cancel through: %v", w.refund.index, err)
	}
	w.run.told(w.process, a, telling{verdict: toldNotSent, err: err})
	w.step()
}

// remembers tells whether the process was told of the refund's intent at its start,
// just now: no exchange has ended since, so that nothing is known of it yet.
func (p *process) remembers(r *refund) bool {
	p.host.run.mu.Lock()
	defer p.host.run.mu.Unlock()
	return r.state == sent && r.open != nil && p.told[r.open.intent.ID] && time.Since(p.began) < 2*time.Millisecond
}
