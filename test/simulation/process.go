package simulation

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/assist-go/assist"
)

// host is a machine on which a merchant's process runs, and runs again after it
// was killed.
type host struct {
	run      *run
	merchant int
	number   int
}

// process is one life of a merchant's program. All that it knows dies with it;
// the store stays.
type process struct {
	host   *host
	life   int
	ctx    context.Context
	kill   context.CancelFunc
	client *assist.Client
	skew   time.Duration // of its clock
	began  time.Time
	told   map[string]bool // intents, at its start

	// The crash switch: at this step of this refund's worker.
	crashRefund, crashStep int

	mu   sync.Mutex
	dead bool
	made map[int]int // exchanges so far, by payment and service
	// true answers in a row, until there were two: from then on the client knows
	// what the server's clock shows.
	dated int
}

const mostCrashes = 3

func (h *host) work() {
	for life := 0; ; life++ {
		p := h.newProcess(life)
		p.work()
		if !p.isDead() {
			return
		}
		// The next one begins beside all others.
		d := diceFor(h.run.scenario.Seed, 1, h.merchant, h.number, life)
		time.Sleep(pick(d, d.between(time.Millisecond, time.Second), d.between(time.Second, time.Minute), d.between(time.Minute, 2*time.Hour)))
	}
}

func (h *host) newProcess(life int) *process {
	r := h.run
	p := &process{host: h, life: life, made: make(map[int]int), crashRefund: -1}
	p.ctx, p.kill = context.WithCancel(context.Background())
	d := diceFor(r.scenario.Seed, 2, h.merchant, h.number, life)
	if life < mostCrashes && d.percent(35) {
		p.crashRefund, p.crashStep = d.below(r.result.Refunds), 1+d.below(24)
	}
	// One merchant's machines agree on the time to seconds or minutes.
	apart := r.scenario.merchants[h.merchant].apart
	p.skew = r.scenario.merchants[h.merchant].skew + diceFor(r.scenario.Seed, 12, h.merchant, h.number).between(-apart, apart)
	p.client = r.newClient(p)
	p.began = time.Now()
	open := r.store.openIntents(h.merchant)
	p.client.Remember(open...)
	p.told = make(map[string]bool, len(open))
	for _, in := range open {
		p.told[in.ID] = true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.MostOpen = max(r.result.MostOpen, len(open))
	return p
}

// work runs a worker for every refund of the merchant, until all are final or
// the process is killed.
func (p *process) work() {
	defer p.kill()
	var workers sync.WaitGroup
	for _, row := range p.host.run.store.payments {
		if row.merchant != p.host.merchant {
			continue
		}
		for _, owed := range row.refunds {
			workers.Go(func() {
				(&worker{process: p, run: p.host.run, refund: owed, client: p.client, id: 1 + 2*owed.index + p.host.number}).work()
			})
		}
	}
	workers.Wait()
}

func (p *process) String() string {
	return fmt.Sprintf("process %d.%d.%d", p.host.merchant, p.host.number, p.life)
}

// now is the time on the process's clock.
func (p *process) now() time.Time { return p.host.run.serverNow().Add(p.skew) }

func (p *process) isDead() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dead
}

// number counts the exchanges of a kind, so that each throws dice of its own.
func (p *process) number(key int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.made[key]++
	return p.made[key]
}

// sawDate counts the answers by which the client learns the time.
func (p *process) sawDate(a answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch date, err := http.ParseTime(a.header.Get("Date")); {
	case p.dated >= 2 || err != nil:
	case a.late < time.Minute && p.host.run.dateNow().Sub(date).Abs() < time.Minute:
		p.dated++
	default:
		p.dated = 0
	}
}

func (p *process) knowsTheTime() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dated >= 2
}

func (p *process) httpClient() *http.Client {
	var transport http.RoundTripper = &link{p}
	if p.host.run.scenario.Habit == RetriesInTransport {
		transport = retrying{transport}
	}
	return &http.Client{Transport: transport}
}

// killed unwinds a goroutine of a process that is no more. The deferred calls of
// the SDK run, as they can't in a real crash; all they touch is memory of a
// client that nobody uses any more.
type killedHere struct{}

// step is a moment at which the process can be killed: before and after
// everything that can be seen from outside.
func (w *worker) step() {
	p := w.process
	w.steps++
	r := p.host.run
	p.mu.Lock()
	crash := !p.dead && w.refund.index == p.crashRefund && w.steps >= p.crashStep && !r.isCalm() || !p.dead && p.diesOfOutage()
	p.dead = p.dead || crash
	dead := p.dead
	p.mu.Unlock()
	r.mu.Lock()
	r.result.Steps++
	if crash {
		r.result.Faults[killed]++
		r.event("killed", p.host.merchant, p.host.number, p.life)
		r.say("%v is killed at step %d of refund %d", p, w.steps, w.refund.index)
	}
	r.mu.Unlock()
	if crash {
		p.kill()
	}
	if dead {
		panic(killedHere{})
	}
}
