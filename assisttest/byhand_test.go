package assisttest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// listed are the operations of an order as the server would list them now.
func listed(s *assisttest.Server, b assist.Billnumber) []string {
	order, _ := s.Order(b)
	var rows []string
	for _, op := range order.Operations {
		rows = append(rows, fmt.Sprintf(".%d %s %s %s", op.Billnumber.Operation(), op.Type, op.Amount.Amount(), op.State))
	}
	return rows
}

func TestRefundByHand(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		amount  string // empty: all that is left
		suffix  assist.Billnumber
		turns   []assisttest.Fault
		rows    []string // behind the two payments
		moved   string
		refused bool
	}{
		"a part of two payments": {"10.00", "", nil, nil, "0.00", true},
		"a part of one payment":  {"10.00", ".1", nil, []string{".3 300 10.00 Success"}, "10.00", false},
		"all":                    {"", "", nil, []string{".3 300 75.00 Success", ".4 300 25.00 Success"}, "100.00", false},
		"declined":               {"10.00", ".1", []assisttest.Fault{assisttest.Decline("AS100")}, []string{".3 300 10.00 Declined"}, "0.00", false},
		"in process":             {"10.00", ".1", []assisttest.Fault{assisttest.InProcess(time.Hour, "AS000")}, []string{".3 300 10.00 In Process"}, "0.00", false},
		"listed late":            {"10.00", ".1", []assisttest.Fault{assisttest.ListLate(time.Hour)}, nil, "10.00", false},
		"behind a gap":           {"10.00", ".1", []assisttest.Fault{assisttest.LeaveGap(2)}, []string{".5 300 10.00 Success"}, "10.00", false},
		"more than there is":     {"75.01", ".1", nil, nil, "0.00", true},
		"of an unknown payment":  {"1.00", ".7", nil, nil, "0.00", true},
		"late, declined, a gap":  {"10.00", ".1", []assisttest.Fault{assisttest.Decline("AS100"), assisttest.LeaveGap(1), assisttest.ListLate(0)}, []string{".4 300 10.00 Declined"}, "0.00", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := assisttest.NewServer(t, assisttest.InMemory())
			s.StandAt(time.Date(2024, time.May, 10, 9, 0, 0, 0, time.UTC))
			order := s.Pay(assisttest.Payment{Bonus: rub(t, "25.00")})
			amount := assist.Money{}
			if test.amount != "" {
				amount = rub(t, test.amount)
			}
			made, err := s.RefundByHand(order.Billnumber+test.suffix, amount, test.turns...)
			assert.Equal(t, test.refused, err != nil, err)
			assert.Equal(t, test.refused, len(made) == 0)
			assert.Equal(t, append([]string{".1 100 75.00 Success", ".2 100 25.00 Success"}, test.rows...), listed(s, order.Billnumber))
			assert.Equal(t, rub(t, test.moved), s.Moved(order.Billnumber))
			assert.Empty(t, s.Requests(), "it is no request")
		})
	}
	_, err := assisttest.New().RefundByHand("5100000000000009", assist.Money{})
	assert.Error(t, err)
}

func TestNumberBehindAGapIsKnown(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory())
	order := s.Pay(assisttest.Payment{})
	s.Next(assisttest.LeaveGap(3))
	_, made := cancelXML(t, s, "Billnumber", string(order.Billnumber), "Amount", "10.00", "Currency", "RUB")
	assert.Equal(t, []string{string(order.Billnumber) + ".5 AS000 10.00"}, made)
	assert.Equal(t, rub(t, "10.00"), s.Moved(order.Billnumber+".5"))
	assert.Equal(t, assist.Money{}, s.Moved(order.Billnumber+".4"), "nobody ever made that one")
	_, made = cancelXML(t, s, "Billnumber", string(order.Billnumber)+".1", "Amount", "1.00", "Currency", "RUB")
	assert.Equal(t, []string{string(order.Billnumber) + ".6 AS000 1.00"}, made, "numbers go on from there")
}

// Somebody refunds by hand while a cancel is under way.
func TestRefundByHandInsideAnExchange(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault assisttest.Fault
		rows  []string
		moved string
	}{
		"before, as much":           {assisttest.HandRefundBefore(assist.Money{}), []string{".2 300 10.00 Success", ".3 300 10.00 Success"}, "20.00"},
		"after, as much":            {assisttest.HandRefundAfter(assist.Money{}), []string{".2 300 10.00 Success", ".3 300 10.00 Success"}, "20.00"},
		"before, another amount":    {assisttest.HandRefundBefore(rub(t, "0.10")), []string{".2 300 0.10 Success", ".3 300 10.00 Success"}, "10.10"},
		"after, declined":           {assisttest.HandRefundAfter(rub(t, "0.10"), assisttest.Decline("AS100")), []string{".2 300 10.00 Success", ".3 300 0.10 Declined"}, "10.00"},
		"after, in process, unseen": {assisttest.HandRefundAfter(rub(t, "0.10"), assisttest.InProcess(time.Hour, "AS000")).And(assisttest.ListLate(time.Hour)), []string{".3 300 0.10 In Process"}, "10.00"},
		"the request never arrives": {assisttest.HandRefundAfter(assist.Money{}).And(assisttest.DieBefore()), []string{".2 300 10.00 Success"}, "10.00"},
		"the answer is lost":        {assisttest.HandRefundBefore(assist.Money{}, assisttest.Decline("AS100")).And(assisttest.DieAfter()), []string{".2 300 10.00 Declined", ".3 300 10.00 Success"}, "10.00"},
		"refused by Assist":         {assisttest.HandRefundBefore(rub(t, "500.00")), []string{".2 300 10.00 Success"}, "10.00"},
		"the request is refused":    {assisttest.HandRefundAfter(assist.Money{}).And(assisttest.Refuse(3, 143)), []string{".2 300 10.00 Success"}, "10.00"},
		"the request comes twice":   {assisttest.HandRefundAfter(rub(t, "1.00")).And(assisttest.Twice()), []string{".2 300 10.00 Success", ".3 300 1.00 Success", ".4 300 10.00 Success"}, "21.00"},
		"all before":                {assisttest.HandRefundBefore(rub(t, "95.00")), []string{".2 300 95.00 Success"}, "95.00"},
		"the request is held up":    {assisttest.HandRefundAfter(assist.Money{}).And(assisttest.DieAndDoLater(time.Hour)), []string{".2 300 10.00 Success"}, "10.00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := assisttest.NewServer(t, assisttest.InMemory())
			s.StandAt(time.Date(2024, time.May, 10, 9, 0, 0, 0, time.UTC))
			order := s.Pay(assisttest.Payment{})
			s.Next(test.fault)
			_, _ = postForm(s, pathCancel, "Billnumber", string(order.Billnumber), "Amount", "10.00", "Currency", "RUB")
			assert.Equal(t, append([]string{".1 100 100.00 Success"}, test.rows...), listed(s, order.Billnumber))
			assert.Equal(t, rub(t, test.moved), s.Moved(order.Billnumber))
		})
	}
}

func TestRefundByHandBetweenAQuestionAndItsAnswer(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory())
	order := s.Pay(assisttest.Payment{})
	s.Next(assisttest.HandRefundBefore(rub(t, "10.00")).For(assisttest.OrderResults), assisttest.HandRefundAfter(rub(t, "20.00")).For(assisttest.OrderResults))
	for i, seen := range []int{2, 2, 3} {
		answer, err := postForm(s, pathResult, "Ordernumber", order.Number)
		require.NoError(t, err)
		assert.Len(t, parse(t, answer.body).at("order", "operation"), seen, i)
	}
	assert.Equal(t, rub(t, "30.00"), s.Moved(order.Billnumber))
}

// An answer that lists all cancels, and among them a newer one of somebody else.
func TestNewerOperationOfAnotherInTheAnswer(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory())
	order := s.Pay(assisttest.Payment{Cancelled: []assist.Money{rub(t, "1.00")}})
	s.Next(assisttest.ListAllCancels().And(assisttest.HandRefundAfter(assist.Money{}, assisttest.Decline("AS100"))))
	pairs := []string{"Billnumber", string(order.Billnumber), "Amount", "10.00", "Currency", "RUB"}
	_, made := cancelXML(t, s, pairs...)
	bill := string(order.Billnumber)
	assert.Equal(t, []string{bill + ".2 AS000 1.00", bill + ".3 AS000 10.00", bill + ".4 AS100 10.00"}, made)
	assert.Equal(t, []assist.Billnumber{order.Billnumber + ".3"}, s.Requests()[0].Operations, "its own is the third")
	_, made = cancelXML(t, s, pairs...)
	assert.Equal(t, []string{bill + ".5 AS000 10.00"}, made, "one answer alone")
}
