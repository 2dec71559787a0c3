package simulation

import (
	"fmt"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
)

// Scenario is all that a seed decides before the first step. What happens to
// each request is thrown when it is made.
type Scenario struct {
	Seed  uint64
	Habit Habit
	// Repeating lets the network repeat requests. With RefundIDs every cancel
	// carries an external refund id.
	Repeating bool
	RefundIDs refundIDs

	base      time.Time     // of the server's clock
	calm      time.Duration // from here on nothing goes wrong any more; 0: never
	outage    time.Duration // until then no answer to a cancel arrives, and then the process is killed
	storm     int           // percent of the exchanges that something happens to
	sockets   bool          // net/http over net.Pipe, else exchanges without it
	merchants []merchantPlan

	clocks clockPlan

	listingDelay time.Duration
	listAll      bool
	plain        bool
	oddTexts     []assisttest.Fault // in every answer, for good: they decide nothing
	shape        faultShape
	faultStatus  int
}

// faultShape is where a refusal in SOAP or JSON has its codes (protocol §4).
type faultShape int

const (
	inDetail faultShape = iota
	inText
	documented
)

type refundIDs int

const (
	someRefundIDs refundIDs = iota
	noRefundIDs
	allRefundIDs
)

type merchantPlan struct {
	credentials assist.Credentials
	protocol    assist.Protocol
	skew        time.Duration // of all its machines
	apart       time.Duration // up to which they differ from each other
	hosts       int           // processes that work side by side
	learns      bool          // each of them is told what the others' cancels have made
	rotation    *rotation     // of its password; nil: none
	payments    []paymentPlan
}

type refundPlan struct {
	amount    assist.Money // zero: all of the payment
	part      int          // by the extended billnumber of one of several payments; 0: by the plain one
	start     time.Duration
	lookFirst bool
	withOrder bool // the request carries the order as it was after the payment
	dateless  bool // the request has no OrderDate
	refundID  bool
}

// Times of a scenario. All that a fault delays comes before the workers lose
// their patience, so that in a calm scenario nothing but a cancel without a
// trace stays unknown.
const (
	latestStart  = 5 * time.Hour
	latestCalm   = 6 * time.Hour
	longestDelay = 8 * time.Hour  // of a listing, a settlement, a request under way
	afterAll     = 90 * time.Hour // of a request or a listing in a storm that never ends
	patience     = 30 * time.Hour // of a worker, until it calls for a person
	latestRetry  = 72 * time.Hour // the last new attempt after a refusal or a person's word
	horizon      = 200 * time.Hour
)

// secrets must never be seen in a log line, an error or a token. TEST TESTOV is
// the card holder on every card of the simulated server.
const (
	secretPassword = "CanaryPassword7Q"
	secretLogin    = "canary_login_5"
	secretHolder   = "TEST TESTOV"
	secretCard     = "411111****1111"
	secretSurname  = "Kanareykina"
	secretEmail    = "canary@example.com"
)

var secrets = []string{secretPassword, secretLogin, secretHolder, secretCard, secretSurname, secretEmail, newPassword, newLogin}

func rubles(minor int) assist.Money {
	m, err := assist.NewMoney(int64(minor), "RUB")
	if err != nil {
		panic(err) // no amount of a scenario is negative
	}
	return m
}

// Plan makes the scenario of a seed.
func Plan(seed uint64) *Scenario {
	d := diceFor(seed)
	s := &Scenario{Seed: seed}
	// From 2015 on, so that every Moscow day is of three hours; sometimes just
	// before midnight there.
	s.base = time.Date(2015, time.January, 1, 0, 0, 0, 0, time.UTC).
		Add(time.Duration(d.below(10*365*24*60)) * time.Minute).Add(d.between(0, time.Minute))
	s.storm = pick(d, 5, 20, 35, 60)
	if d.percent(60) {
		s.calm = d.between(time.Minute, latestCalm)
	}
	s.sockets = d.percent(4)
	if d.percent(15) {
		s.listingDelay = d.between(time.Second, time.Hour)
	}
	s.listAll, s.plain = d.percent(20), d.percent(10)
	s.shape, s.faultStatus = pick(d, inDetail, inDetail, inText, documented), pick(d, 500, 500, 200)
	s.clocks = planClocks(d)
	if d.percent(12) {
		s.oddTexts = planTexts(d)
	}
	for range 1 + d.below(6)/5 {
		m := planMerchant(d, len(s.merchants))
		planRotation(seed, len(s.merchants), &m)
		s.merchants = append(s.merchants, m)
	}
	for i := range s.merchants {
		// Where operations are dated ahead of the Date header and listed late, a rest
		// tells nothing: an earlier one looks new to a client that doesn't know it.
		s.merchants[i].learns = s.merchants[i].learns || s.clocks.apart()
	}
	if s.plain {
		// Answers without an operation's number can't be told from each other where
		// two cancels of one payment are under way.
		for _, m := range s.merchants {
			for i := range m.payments {
				m.payments[i].refunds, m.payments[i].byHand = m.payments[i].refunds[:1], nil
			}
		}
	}
	return s
}

func planMerchant(d *dice, number int) merchantPlan {
	m := merchantPlan{
		credentials: assist.Credentials{
			MerchantID: fmt.Sprint(700100 + number), Login: secretLogin, Password: assist.NewSecret(secretPassword),
		},
		protocol: pick(d, assist.SOAP, assist.SOAP, assist.JSON, assist.JSON, assist.Form(assist.FormatSOAP),
			assist.Form(assist.FormatJSON), assist.Form(assist.FormatXML), assist.Form(assist.FormatCSV)),
		hosts: 1 + d.below(4)/3,
	}
	switch d.below(4) {
	case 0:
		m.skew = d.between(-2*time.Second, 2*time.Second)
	case 1:
		m.skew = d.between(-2*time.Hour, 2*time.Hour)
	}
	m.learns = d.percent(50)
	m.apart = pick(d, 200*time.Millisecond, 200*time.Millisecond, 5*time.Second, 3*time.Minute)
	for range 1 + d.below(5)/4 {
		m.payments = append(m.payments, planPayment(d))
	}
	return m
}
