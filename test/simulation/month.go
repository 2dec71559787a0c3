package simulation

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/ledger"
)

// Month is a shop that takes e-wallets, for thirty Moscow days and a bit, with the
// wallet rules switched on: what its turnover allows must go back, by a worker that
// goes by NotBefore alone.
type Month struct {
	Seed uint64

	base      time.Time
	payments  []sale
	owed      []owedByWallet
	storm     int // percent of the exchanges that end without an answer
	rates     ledger.Rates
	toldTwice bool
	skew      time.Duration // of the shop's clock, and of its books
}

const (
	monthDays = 30
	// lastRequest leaves the last refunds some days of sales.
	lastRequest = 26
	dayLength   = 24 * time.Hour
)

// sale is a payment by a wallet.
type sale struct {
	wallet assist.Wallet
	amount assist.Money
	at     time.Duration
	told   time.Duration // later, to the books
}

// owedByWallet is a refund of one of the sales.
type owedByWallet struct {
	sale   int
	amount assist.Money // zero: all of it
	at     time.Duration
}

var meanTypes = map[assist.Wallet]int{assist.WebMoney: 30, assist.YandexMoney: 32, assist.QIWI: 36}

// PlanMonth makes the month of a seed: through both changes of Moscow's clocks, or
// in a year without any.
func PlanMonth(seed uint64) *Month {
	d := diceFor(seed, 21)
	m := &Month{Seed: seed, storm: pick(d, 0, 10, 30), toldTwice: d.percent(30)}
	day := pick(d, time.Date(2013, time.May, 3, 0, 0, 0, 0, time.UTC), time.Date(2014, time.March, 15, 0, 0, 0, 0, time.UTC),
		time.Date(2014, time.October, 10, 0, 0, 0, 0, time.UTC), time.Date(2024, time.February, 10, 0, 0, 0, 0, time.UTC))
	m.base = day.Add(time.Duration(d.below(24*60)) * time.Minute)
	m.rates = ledger.Rates{assist.WebMoney: 8_000, assist.YandexMoney: 35_000, assist.QIWI: 0}
	m.skew = pick(d, 0, 0, d.between(-30*time.Second, 30*time.Second))
	for w := range meanTypes {
		m.planSales(diceFor(seed, 22, int(w)), w)
	}
	return m
}

// planSales is what one wallet brings: every day more than the largest refund, the
// larger part of it in the second half, and each now and then refunded, in all or
// in part.
func (m *Month) planSales(d *dice, w assist.Wallet) {
	for day := range monthDays {
		for range 4 + d.below(3) {
			at := time.Duration(day)*dayLength + pick(d, d.between(0, dayLength), d.between(dayLength/2, dayLength))
			s := sale{wallet: w, amount: rubles(pick(d, 150_00, 300_00, 499_99)), at: at}
			s.told = at + pick(d, d.between(time.Second, time.Minute), d.between(time.Minute, 3*time.Hour))
			m.payments = append(m.payments, s)
			if day < lastRequest && d.percent(15) {
				m.owed = append(m.owed, owedByWallet{
					sale: len(m.payments) - 1, amount: pick(d, assist.Money{}, rubles(10_00), rubles(100_00)),
					at: at + pick(d, d.between(time.Minute, dayLength), d.between(dayLength, 3*dayLength)),
				})
			}
		}
	}
}

// MonthResult is what a month came to.
type MonthResult struct {
	Findings                       []Finding
	Owed, Returned, Refused        int
	Bans, Balances, InProcess      int // NotSent by a ban, by the day balance; AS300
	Longest                        time.Duration
	Sent, ServerRefused, Questions int
}

// monthRun is a month under way.
type monthRun struct {
	*Month
	start   time.Time
	server  *assisttest.Server
	client  *assist.Client
	ledger  *ledger.Ledger
	orders  []assist.Order
	mu      sync.Mutex
	open    map[assist.Wallet]int // cancels that are not settled
	untold  map[assist.Wallet]int // payments the books don't know yet
	crossed map[assist.Wallet]int // the day on which one was settled that was sent the day before
	dice    *dice                 // of the exchanges
	result  *MonthResult
	workers sync.WaitGroup
}

// Play plays a month to its end, in a bubble of testing/synctest.
func (m *Month) Play() *MonthResult {
	r := &monthRun{
		Month: m, start: time.Now(), result: &MonthResult{Owed: len(m.owed)}, orders: make([]assist.Order, len(m.payments)),
		open: make(map[assist.Wallet]int), untold: make(map[assist.Wallet]int), crossed: make(map[assist.Wallet]int), dice: diceFor(m.Seed, 23),
	}
	credentials := assist.Credentials{MerchantID: "700200", Login: secretLogin, Password: assist.NewSecret(secretPassword)}
	r.server = assisttest.New(assisttest.WithClock(r.now), assisttest.WithMerchant(credentials),
		assisttest.WithCommission(assist.WebMoney, 8_000), assisttest.WithCommission(assist.YandexMoney, 35_000))
	defer r.server.Close()
	var err error
	if r.ledger, err = ledger.New(m.rates, r.shopNow); err != nil {
		panic(err) // the rates are valid
	}
	if r.client, err = assist.NewClient("https://assist.test", credentials, assist.WithClock(r.shopNow),
		assist.WithHTTPClient(&http.Client{Transport: r}), assist.WithWalletRules(r.ledger)); err != nil {
		panic(err) // every month's options are valid
	}
	for i := range m.payments {
		r.workers.Go(func() { r.sell(i) })
	}
	for i, owed := range m.owed {
		r.workers.Go(func() { r.refund(i, owed) })
	}
	r.workers.Wait()
	return r.result
}

func (r *monthRun) elapsed() time.Duration { return time.Since(r.start) }
func (r *monthRun) now() time.Time         { return r.base.Add(r.elapsed()) }
func (r *monthRun) shopNow() time.Time     { return r.now().Add(r.skew) }

// sell is one payment: it is made, and the books are told of it, once or twice.
func (r *monthRun) sell(i int) {
	s := r.payments[i]
	time.Sleep(s.at + time.Duration(i)*time.Microsecond)
	order := r.server.Pay(assisttest.Payment{Amount: s.amount, MeanTypeID: meanTypes[s.wallet], PaidAt: r.now()})
	r.mu.Lock()
	r.orders[i] = order
	r.untold[s.wallet]++
	r.mu.Unlock()
	time.Sleep(s.told - s.at)
	for range 2 {
		if err := r.ledger.Paid(order.Operations[0].Billnumber, s.wallet, s.amount, order.Date); err != nil {
			r.found(ruleBooks, "payment %s isn't booked: %v", order.Billnumber, err)
		}
		if !r.toldTwice {
			break
		}
	}
	r.mu.Lock()
	r.untold[s.wallet]--
	r.mu.Unlock()
}

const (
	ruleBooks   = "the books take every payment"
	ruleBack    = "what the turnover allows has gone back at the end of the month"
	ruleRefused = "no more than the balance was is refused by it"
	ruleOver    = "what the books allow, Assist doesn't refuse for the balance"
	ruleTime    = "a refund that waits is told a time to come, and never midnight for money"
)

func (r *monthRun) found(rule, format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.result.Findings) < 5 {
		r.result.Findings = append(r.result.Findings, Finding{r.Seed, r.elapsed(), rule, fmt.Sprintf(format, args...)})
	}
}

// refund brings one refund back: it tries, and when it is told a time it waits
// until then, and does nothing else.
func (r *monthRun) refund(i int, owed owedByWallet) {
	s := r.payments[owed.sale]
	time.Sleep(owed.at + time.Duration(500+i)*time.Microsecond)
	end := time.Duration(monthDays) * dayLength
	for r.elapsed() < end {
		wait, done := r.try(owed, s)
		if done {
			r.mu.Lock()
			r.result.Longest = max(r.result.Longest, r.elapsed()-owed.at)
			r.mu.Unlock()
			return
		}
		time.Sleep(max(wait, 0))
	}
	r.found(ruleBack, "%v of a payment of %v by %v, asked for after %v, is still owed", owed.amount, s.amount, s.wallet, owed.at)
}

// try is one attempt, followed to its end.
func (r *monthRun) try(owed owedByWallet, s sale) (wait time.Duration, done bool) {
	r.mu.Lock()
	order := r.orders[owed.sale]
	r.open[s.wallet]++
	r.mu.Unlock()
	began := moscowDay(r.now())
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.open[s.wallet]--
		if ended := moscowDay(r.now()); ended != began {
			r.crossed[s.wallet] = ended
		}
	}()
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Minute)
	defer stop()
	x, err := r.send(ctx, order, owed.amount)
	for assist.OutcomeOf(err) == assist.Unknown || err == nil && x.Status == assist.InProcess {
		if r.elapsed() > 2*monthDays*dayLength {
			r.found(ruleBack, "a cancel of %s stays open: %v", order.Billnumber, err)
			return 0, true
		}
		time.Sleep(10 * time.Minute)
		x, err = r.follow(x, err)
	}
	switch {
	case err == nil:
		r.count(&r.result.Returned)
		return 0, true
	case assist.OutcomeOf(err) == assist.NotSent:
		return r.notSent(owed, s, err)
	}
	r.count(&r.result.ServerRefused)
	if errors.Is(err, assist.ErrDayBalance) {
		r.found(ruleOver, "%v", err)
	}
	if notBefore, later := assist.NotBefore(err); later {
		return r.until(notBefore, err), false
	}
	r.count(&r.result.Refused)
	return 0, true
}

func (r *monthRun) count(n *int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	*n++
}

func (r *monthRun) send(ctx context.Context, order assist.Order, amount assist.Money) (*assist.Cancellation, error) {
	req := order.CancelRequest(amount)
	if amount == (assist.Money{}) {
		return r.client.CancelFull(ctx, req, assist.LookFirst())
	}
	return r.client.Cancel(ctx, req, assist.LookFirst())
}

// follow asks once what became of a cancel. What isn't known yet comes back as it
// was.
func (r *monthRun) follow(x *assist.Cancellation, err error) (*assist.Cancellation, error) {
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	r.count(&r.result.Questions)
	var unknown *assist.UnknownOutcomeError
	if errors.As(err, &unknown) {
		found, asked := r.client.Resolve(ctx, unknown.Intent)
		switch {
		case asked != nil:
			return nil, err
		case found.Outcome == assist.Unknown:
			return r.decide(ctx, unknown.Intent, found.Candidates, err)
		}
		return found.Cancellation, found.Err
	}
	r.count(&r.result.InProcess)
	followed, asked := r.client.Refresh(ctx, x)
	var question *assist.FollowError
	if errors.As(asked, &question) {
		return x, nil
	}
	return followed, asked
}

// decide is a person's word about a cancel that stays unknown. Here it is right:
// what is lost on the way there is lost, and what is new on the order is its own,
// even where an equal one was said never to have come.
func (r *monthRun) decide(ctx context.Context, in assist.Intent, candidates []assist.Operation, err error) (*assist.Cancellation, error) {
	word := assist.NeverCame()
	if len(candidates) > 0 {
		word = assist.ItWas(candidates[0].Billnumber)
	}
	decided, asked := r.client.Decide(ctx, in, word)
	switch {
	case asked != nil:
		return nil, err
	case len(candidates) > 0:
		return decided.Cancellation, decided.Err
	}
	return nil, &assist.NotSentError{Step: "deciding", Billnumber: in.Request.Billnumber, Err: errLost}
}

var errLost = errors.New("simulation: lost on its way")

// notSent is what the rules, or the network, have kept from being sent.
func (r *monthRun) notSent(owed owedByWallet, s sale, err error) (wait time.Duration, done bool) {
	notBefore, _ := assist.NotBefore(err)
	switch {
	case errors.Is(err, assist.ErrDayBalance):
		r.count(&r.result.Balances)
		r.checkBalance(owed, s, err)
		if moscowMidnight(notBefore) {
			r.found(ruleTime, "%v heals at %v", err, notBefore)
		}
	case errors.Is(err, assist.ErrQIWISameDay), errors.Is(err, assist.ErrPartialSameDay):
		r.count(&r.result.Bans)
	case errors.Is(err, assist.ErrExceedsPayment):
		r.count(&r.result.Refused)
		return 0, true
	default:
		// A question that failed, or an earlier cancel: soon again.
		return 7 * time.Minute, false
	}
	return r.until(notBefore, err), false
}

// until is how long to wait for a time that an error names.
func (r *monthRun) until(notBefore time.Time, err error) time.Duration {
	wait := notBefore.Sub(r.shopNow())
	if wait <= 0 {
		r.found(ruleTime, "%v gives %v, at %v", err, notBefore, r.shopNow())
		return dayLength
	}
	return wait
}

// checkBalance holds that a refusal by the books is one by Assist's as well, where
// the books can know: all payments have been told, and nothing else is under way.
func (r *monthRun) checkBalance(owed owedByWallet, s sale, err error) {
	r.mu.Lock()
	// One that was settled after midnight counts on both days: which of them Assist
	// takes isn't known.
	known := r.untold[s.wallet] == 0 && r.open[s.wallet] == 1 && r.crossed[s.wallet] != moscowDay(r.now())
	r.mu.Unlock()
	amount := owed.amount
	if amount == (assist.Money{}) {
		amount = s.amount
	}
	if balance := r.server.DayBalance(s.wallet, "RUB"); known && r.skew == 0 && amount.Minor() <= balance.Minor() {
		r.found(ruleRefused, "%v, and the balance is %v", err, balance)
	}
}

// moscowMidnight tells the first minutes of a Moscow day, when the balance is zero
// by its rule.
func moscowMidnight(t time.Time) bool {
	hour, minute, _ := inMoscow(t).Clock()
	return hour == 0 && minute < 10
}

func moscowDay(t time.Time) int { return int(inMoscow(t).Unix() / int64(dayLength/time.Second)) }

// inMoscow shows Moscow's clock, by the checker's own rule: four hours ahead from
// 2011 until the night of 26 October 2014, three since.
func inMoscow(t time.Time) time.Time {
	offset := 4 * time.Hour
	if !t.Before(time.Date(2014, time.October, 25, 22, 0, 0, 0, time.UTC)) {
		offset = 3 * time.Hour
	}
	return t.UTC().Add(offset)
}

// RoundTrip makes the month's exchanges: some end before, some after the server's
// work.
func (r *monthRun) RoundTrip(req *http.Request) (*http.Response, error) {
	time.Sleep(37 * time.Millisecond)
	r.mu.Lock()
	defer r.mu.Unlock()
	if cancel := req.URL.Path == "/cancel/wscancel.cfm"; cancel {
		r.result.Sent++
	}
	lost := r.dice.percent(r.storm)
	if lost && r.dice.percent(50) {
		return nil, errReset
	}
	w := &recorder{header: make(http.Header), status: http.StatusOK}
	r.server.ServeHTTP(w, req)
	if lost {
		return nil, errReset
	}
	return answer{status: w.status, header: w.header, body: w.body, cut: -1}.response(req), nil
}
