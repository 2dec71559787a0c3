package simulation

import (
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
)

// Result is what one scenario, or many, came to.
type Result struct {
	Seeds     int
	Findings  []Finding
	Steps     int // of workers, each of which is a moment at which one can be killed
	Requests  int // that arrived at the server
	Cancels   int // of them
	LogLines  int
	Payments  int
	Refunds   int
	Attempts  int
	Days      float64 // of virtual time
	Faults    [faults]int
	Verdicts  [verdicts]int
	Ends      [atPerson + 1]int
	ByPersons int // unknown cancels that a person has closed as never arrived
	Chosen    int // unknown cancels of which a person has said which operation they were
	Doubles   int // refunds paid twice by a person's word, who was shown nothing
	Revived   int // operations of cancels that a person has called never come, taken for one sent anew
	MostOpen  int // intents of which a process was told at its start
	Mistaken  int // equal refunds by hand that were taken for a cancel which isn't listed

	Reasons [reasons]int // why intents were left to a person although the faults had stopped
	Blocked int          // refunds not sent because of these

	trace uint64
}

func (r *Result) add(other *Result) {
	r.Seeds += other.Seeds
	r.Findings = append(r.Findings, other.Findings...)
	r.Steps += other.Steps
	r.Requests += other.Requests
	r.Cancels += other.Cancels
	r.LogLines += other.LogLines
	r.Payments += other.Payments
	r.Refunds += other.Refunds
	r.Attempts += other.Attempts
	r.Days += other.Days
	for i := range r.Faults {
		r.Faults[i] += other.Faults[i]
	}
	for i := range r.Verdicts {
		r.Verdicts[i] += other.Verdicts[i]
	}
	for i := range r.Ends {
		r.Ends[i] += other.Ends[i]
	}
	r.ByPersons += other.ByPersons
	for i := range r.Reasons {
		r.Reasons[i] += other.Reasons[i]
	}
	r.Chosen += other.Chosen
	r.Doubles += other.Doubles
	r.Mistaken += other.Mistaken
	r.Revived += other.Revived
	r.MostOpen = max(r.MostOpen, other.MostOpen)
	r.Blocked += other.Blocked
}

// run is a scenario under way.
type run struct {
	scenario *Scenario
	server   *assisttest.Server
	start    time.Time
	sockets  *sockets // nil: exchanges without net/http

	flights sync.WaitGroup // requests that the network still holds

	mu      sync.Mutex
	store   *store
	result  *Result
	answers map[assisttest.Service][]answer // earlier ones, as they left the server
	trace   func(text string)               // nil: nobody looks
}

// Run plays a scenario to its end. It must run in a bubble of testing/synctest,
// alone.
func Run(s *Scenario, trace func(string)) *Result {
	r := &run{scenario: s, start: time.Now(), result: &Result{Seeds: 1}, answers: make(map[assisttest.Service][]answer), trace: trace}
	r.server = assisttest.New(r.serverOptions()...)
	defer r.server.Close()
	r.setClocks()
	if s.sockets {
		r.sockets = newSockets()
		defer r.sockets.close()
	}
	r.store = &store{run: r}
	r.pay()

	var hosts sync.WaitGroup
	if len(s.oddTexts) > 0 {
		r.result.Faults[textsOdd]++
	}
	for m, merchant := range s.merchants {
		if merchant.skew != 0 {
			r.result.Faults[clockSkew]++
		}
		if merchant.hosts > 1 {
			r.result.Faults[takenTwice]++
		}
		if merchant.rotation != nil {
			hosts.Go(func() { r.rotate(merchant) })
		}
		for h := range merchant.hosts {
			hosts.Go(func() { (&host{run: r, merchant: m, number: h}).work() })
		}
	}
	for _, row := range r.store.payments {
		if len(row.plan.byHand) > 0 {
			hosts.Go(func() { r.clerk(row) })
		}
	}
	hosts.Wait()
	r.flights.Wait()
	// All that is in process comes to its end.
	time.Sleep(longestDelay + time.Hour)
	r.end()
	r.result.Days = r.elapsed().Hours() / 24
	return r.result
}

// serverOptions make the scenario's Assist.
func (r *run) serverOptions() []assisttest.Option {
	s := r.scenario
	options := []assisttest.Option{assisttest.WithClock(r.serverNow), assisttest.WithListingDelay(s.listingDelay)}
	for _, m := range s.merchants {
		options = append(options, assisttest.WithMerchant(m.credentials))
	}
	for _, w := range []assist.Wallet{assist.WebMoney, assist.QIWI} {
		options = append(options, assisttest.WithOpeningBalance(w, rubles(1_000_00)))
	}
	if s.listAll {
		options = append(options, assisttest.WithAllCancelsListed())
	}
	if s.plain {
		options = append(options, assisttest.WithPlainBillnumbers())
	}
	switch s.shape {
	case inText:
		options = append(options, assisttest.WithCodesInText())
	case documented:
		options = append(options, assisttest.WithDocumentedFaults())
	}
	return append(options, assisttest.WithFaultStatus(s.faultStatus))
}

func (r *run) elapsed() time.Duration { return time.Since(r.start) }
func (r *run) serverNow() time.Time   { return r.scenario.base.Add(r.elapsed()) }
func (r *run) dateNow() time.Time     { return r.serverNow().Add(r.scenario.clocks.main.Date) }
func (r *run) isCalm() bool           { return r.scenario.calm > 0 && r.elapsed() >= r.scenario.calm }
func (r *run) until() time.Duration {
	if r.scenario.calm > 0 {
		return horizon
	}
	return horizon * 2 / 5
}

// setClocks puts the clocks of Assist apart.
func (r *run) setClocks() {
	clocks := r.scenario.clocks
	r.server.SetOffsets(clocks.main)
	if clocks.main != (assisttest.Offsets{}) {
		r.result.Faults[clocksApart]++
	}
	if clocks.other != nil {
		r.server.AddHost(otherPath, *clocks.other)
		r.result.Faults[twoHosts]++
	}
}

// event adds to the trace, which is the same whenever the seed is. It is a sum,
// so that the order of what happens in one instant doesn't matter.
func (r *run) event(kind string, numbers ...int) {
	h := uint64(14695981039346656037)
	mix := func(n uint64) { h = (h ^ n) * 1099511628211 }
	for _, letter := range []byte(kind) {
		mix(uint64(letter))
	}
	mix(uint64(r.elapsed()))
	for _, n := range numbers {
		mix(uint64(n))
	}
	r.result.trace += h
}

// say tells the story of a replayed seed.
func (r *run) say(format string, args ...any) {
	if r.trace != nil {
		r.trace(fmt.Sprintf("%-16v %s", r.elapsed(), fmt.Sprintf(format, args...)))
	}
}

// newClient makes the SDK's client of one process.
func (r *run) newClient(p *process) *assist.Client {
	merchant := r.scenario.merchants[p.host.merchant]
	options := []assist.Option{
		assist.WithProtocol(merchant.protocol),
		assist.WithHTTPClient(p.httpClient()),
		assist.WithClock(p.now),
		assist.WithLogger(slog.New(logReader{r})),
	}
	if merchant.rotation != nil {
		options = append(options, assist.WithCredentials(p.credentials))
	}
	client, err := assist.NewClient("https://assist.test"+r.scenario.clocks.pathOf(p.host.number), merchant.credentials, options...)
	if err != nil {
		panic(err) // every scenario's options are valid
	}
	return client
}
