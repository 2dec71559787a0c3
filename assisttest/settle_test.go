package assisttest_test

import (
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// state of an operation, and of its order, as order result tells them.
func stateOf(t *testing.T, s *assisttest.Server, number, billnumber string) (operation, code, order string) {
	t.Helper()
	answer, err := postForm(s, pathResult, "Ordernumber", number)
	require.NoError(t, err)
	for _, o := range parse(t, answer.body).at("order") {
		for _, op := range o.at("operation") {
			if op.text("billnumber") == billnumber {
				return op.text("operationstate"), op.text("responsecode"), o.text("orderstate")
			}
		}
	}
	return "(none)", "", ""
}

func TestCancelInProcess(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		mean   int
		opts   []assisttest.Option
		fault  assisttest.Fault
		after  time.Duration
		state  string
		code   string
		order  string
		moved  string
		during string // the state of the order while it is in process
	}{
		"WebMoney always": {webMoney, nil, assisttest.Fault{}, 3 * time.Minute, "Success", "AS000", "PartialCanceled", "10.00", "Approved"},
		"QIWI at times":   {qiwi, []assisttest.Option{assisttest.WithQIWIInProcess()}, assisttest.Fault{}, 3 * time.Minute, "Success", "AS000", "PartialCanceled", "10.00", "Approved"},
		"settles when told": {
			webMoney, []assisttest.Option{assisttest.WithSettleDelay(time.Hour)}, assisttest.Fault{},
			time.Hour, "Success", "AS000", "PartialCanceled", "10.00", "Approved",
		},
		"scripted success": {visa, nil, assisttest.InProcess(48*time.Hour, "AS000"), 48 * time.Hour, "Success", "AS000", "PartialCanceled", "10.00", "Approved"},
		"scripted refusal": {qiwi, nil, assisttest.InProcess(time.Minute, "AS100"), time.Minute, "Declined", "AS100", "Approved", "0.00", "Approved"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opts := append(test.opts, assisttest.InMemory(),
				assisttest.WithOpeningBalance(assist.WebMoney, rub(t, "50.00")), assisttest.WithOpeningBalance(assist.QIWI, rub(t, "50.00")))
			s := assisttest.NewServer(t, opts...)
			s.StandAt(time.Date(2024, time.May, 10, 9, 0, 0, 0, time.UTC))
			order := s.Pay(assisttest.Payment{MeanTypeID: test.mean, PaidAt: s.Now().Add(-24 * time.Hour)})
			s.Next(test.fault)
			bill := string(order.Billnumber)
			_, made := cancelXML(t, s, "Billnumber", bill, "Amount", "10.00", "Currency", "RUB")
			require.Equal(t, []string{bill + ".2 AS300 10.00"}, made)
			assert.Equal(t, rub(t, "0.00"), s.Moved(order.Billnumber))
			assert.Equal(t, rub(t, "10.00"), s.Pending(order.Billnumber))
			assert.Equal(t, rub(t, "10.00"), s.Pending(order.Billnumber+".2"))
			balance := s.DayBalance(assist.WebMoney, "RUB")

			s.Advance(test.after - time.Second)
			state, code, orderState := stateOf(t, s, order.Number, bill+".2")
			assert.Equal(t, []string{"In Process", "AS300", test.during}, []string{state, code, orderState})

			s.Advance(time.Second)
			state, code, orderState = stateOf(t, s, order.Number, bill+".2")
			assert.Equal(t, []string{test.state, test.code, test.order}, []string{state, code, orderState})
			assert.Equal(t, rub(t, test.moved), s.Moved(order.Billnumber))
			assert.Equal(t, rub(t, test.moved), s.Moved(order.Billnumber+".2"))
			assert.True(t, s.Pending(order.Billnumber).IsZero())
			assert.True(t, s.Pending(order.Billnumber+".2").IsZero())
			if test.mean == webMoney {
				assert.Equal(t, rub(t, "40.00"), balance, "what is in process is not free for others")
			}
		})
	}
}

func TestRefusedCancelGivesItsMoneyBackToTheDay(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory(), assisttest.WithOpeningBalance(assist.WebMoney, rub(t, "50.00")))
	s.StandAt(time.Date(2024, time.May, 10, 9, 0, 0, 0, time.UTC))
	order := s.Pay(assisttest.Payment{MeanTypeID: webMoney, PaidAt: s.Now().AddDate(0, 0, -1)})
	pairs := []string{"Billnumber", string(order.Billnumber), "Amount", "40.00", "Currency", "RUB"}
	s.Next(assisttest.InProcess(time.Hour, "AS100"))
	first, _ := cancelXML(t, s, pairs...)
	second, _ := cancelXML(t, s, pairs...)
	assert.Equal(t, []string{"0/0", "5/108"}, []string{first, second})
	s.Advance(time.Hour)
	assert.Equal(t, rub(t, "50.00"), s.DayBalance(assist.WebMoney, "RUB"))
	third, _ := cancelXML(t, s, pairs...)
	assert.Equal(t, "0/0", third)
}

func TestPartialCanceledStaysWhileTheNextIsInProcess(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory())
	order := s.Pay(assisttest.Payment{Cancelled: []assist.Money{rub(t, "10.00")}})
	s.Next(assisttest.InProcess(time.Hour, "AS000"))
	cancelXML(t, s, "Billnumber", string(order.Billnumber))
	_, _, state := stateOf(t, s, order.Number, string(order.Billnumber)+".3")
	assert.Equal(t, "PartialCanceled", state)
	s.Advance(time.Hour)
	_, _, state = stateOf(t, s, order.Number, string(order.Billnumber)+".3")
	assert.Equal(t, "Canceled", state)
}

func TestSettlingKeepsTheOrderOfTime(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory())
	order := s.Pay(assisttest.Payment{})
	for _, after := range []time.Duration{3 * time.Hour, time.Hour, 2 * time.Hour, time.Hour} {
		s.Next(assisttest.InProcess(after, "AS000"))
		cancelXML(t, s, "Billnumber", string(order.Billnumber), "Amount", "10.00", "Currency", "RUB")
	}
	for _, want := range []string{"20.00", "30.00", "40.00", "40.00"} {
		s.Advance(time.Hour + time.Minute)
		assert.Equal(t, rub(t, want), s.Moved(order.Billnumber))
	}
}

func TestMovedOfWhatIsUnknown(t *testing.T) {
	t.Parallel()
	s := assisttest.New()
	order := s.Pay(assisttest.Payment{})
	for _, b := range []assist.Billnumber{"", "5999999999999999", order.Billnumber + ".9", "x"} {
		assert.Equal(t, assist.Money{}, s.Moved(b))
		assert.Equal(t, assist.Money{}, s.Pending(b))
	}
	_, ok := s.Order("5999999999999999")
	assert.False(t, ok)
}
