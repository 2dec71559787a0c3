package assisttest_test

import (
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// told are the orders and operations of one listing, in its order.
func told(t *testing.T, s *assisttest.Server, path, number string) []string {
	t.Helper()
	answer, err := postForm(s, path, "Ordernumber", number)
	require.NoError(t, err)
	var rows []string
	for _, o := range parse(t, answer.body).at("order") {
		rows = append(rows, o.text("orderstate"))
		for _, op := range o.at("operation") {
			bill := op.text("billnumber")
			rows = append(rows, bill[16:]+" "+op.text("responsecode")+" "+op.text("operationstate"))
		}
	}
	for _, op := range parse(t, answer.body).at("payment") {
		rows = append(rows, op.text("billnumber")[16:]+" "+op.text("responsecode"))
	}
	return rows
}

func TestListingFaults(t *testing.T) {
	t.Parallel()
	one, two, three := ".1 AS000 Success", ".2 AS000 Success", ".3 AS300 In Process"
	for name, test := range map[string]struct {
		fault assisttest.Fault
		want  []string
	}{
		"none":                       {assisttest.Fault{}.For(assisttest.OrderResults), []string{"PartialCanceled", one, two, three}},
		"the last is skipped":        {assisttest.SkipOperation(-1), []string{"PartialCanceled", one, two}},
		"one in the middle":          {assisttest.SkipOperation(2), []string{"PartialCanceled", one, three}},
		"two of them":                {assisttest.SkipOperation(2).And(assisttest.SkipOperation(-1)), []string{"PartialCanceled", one}},
		"one that isn't there":       {assisttest.SkipOperation(9).And(assisttest.SkipOperation(-9)), []string{"PartialCanceled", one, two, three}},
		"one twice":                  {assisttest.OperationTwice(2, "", ""), []string{"PartialCanceled", one, two, two, three}},
		"one twice, first declined":  {assisttest.OperationTwice(-2, "AS100", "Declined"), []string{"PartialCanceled", one, ".2 AS100 Declined", two, three}},
		"nothing twice":              {assisttest.OperationTwice(9, "AS100", "Declined"), []string{"PartialCanceled", one, two, three}},
		"the order twice":            {assisttest.OrderTwice(""), []string{"PartialCanceled", one, two, three, "PartialCanceled", one, two, three}},
		"two states of one order":    {assisttest.OrderTwice("Approved"), []string{"Approved", one, two, three, "PartialCanceled", one, two, three}},
		"stale by half an hour":      {assisttest.Stale(30 * time.Minute), []string{"PartialCanceled", one, two}},
		"stale by an hour and more":  {assisttest.Stale(90 * time.Minute), []string{"Approved", one, ".2 AS300 In Process"}},
		"stale by hours":             {assisttest.Stale(3 * time.Hour), []string{"Approved", one}},
		"stale into the future":      {assisttest.Stale(-time.Hour), []string{"PartialCanceled", one, two, three}},
		"stale, and the last is out": {assisttest.Stale(30 * time.Minute).And(assisttest.SkipOperation(-1)), []string{"PartialCanceled", one}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := assisttest.NewServer(t, assisttest.InMemory())
			s.StandAt(time.Date(2024, time.May, 10, 9, 0, 0, 0, time.UTC))
			order := s.Pay(assisttest.Payment{PaidAt: s.Now().AddDate(0, 0, -1)})
			s.Next(assisttest.InProcess(time.Hour, "AS000"))
			pairs := []string{"Billnumber", string(order.Billnumber), "Amount", "10.00", "Currency", "RUB"}
			cancelXML(t, s, pairs...)
			s.Advance(2 * time.Hour)
			s.Next(assisttest.InProcess(time.Hour, "AS100"))
			cancelXML(t, s, pairs...)
			s.Next(test.fault)
			assert.Equal(t, test.want, told(t, s, pathResult, order.Number))
			assert.Equal(t, []string{"PartialCanceled", one, two, three}, told(t, s, pathResult, order.Number), "of one answer alone")
			assert.Equal(t, rub(t, "10.00"), s.Moved(order.Billnumber))
		})
	}
}

func TestListingFaultsOfOtherServices(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory(), assisttest.WithCheckValueSecret(secretOf("secret")))
	order := s.Pay(assisttest.Payment{})
	cancelXML(t, s, "Billnumber", string(order.Billnumber), "Amount", "10.00", "Currency", "RUB")
	s.Next(assisttest.SkipOperation(1).For(assisttest.ResultsByDate), assisttest.OperationTwice(-1, "AS100", "").For(assisttest.ResultsByDate),
		assisttest.OrderTwice("Canceled").For(assisttest.OrderStates))
	assert.Equal(t, []string{".2 AS000"}, told(t, s, pathByDate, ""))
	assert.Equal(t, []string{".1 AS000", ".2 AS100", ".2 AS000"}, told(t, s, pathByDate, ""))
	answer, err := postForm(s, pathState, "Ordernumber", order.Number)
	require.NoError(t, err)
	orders := parse(t, answer.body).at("order")
	require.Len(t, orders, 2)
	assert.Equal(t, []string{"Canceled", "PartialCanceled"}, []string{orders[0].text("orderstate"), orders[1].text("orderstate")})
	assert.NotEqual(t, orders[0].text("checkvalue"), orders[1].text("checkvalue"), "each has the check value of its own texts")
}

func TestUnlistHidesOneOperation(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory())
	s.StandAt(time.Date(2024, time.May, 10, 9, 0, 0, 0, time.UTC))
	order := s.Pay(assisttest.Payment{Cancelled: []assist.Money{rub(t, "1.00"), rub(t, "2.00")}})
	s.Unlist(order.Billnumber+".2", time.Hour)
	s.Unlist(order.Billnumber+".9", time.Hour)
	s.Unlist("5999999999999999.1", time.Hour)
	s.Unlist("nonsense", time.Hour)
	assert.Equal(t, []string{".1 100 100.00 Success", ".3 300 2.00 Success"}, listed(s, order.Billnumber))
	assert.Equal(t, rub(t, "3.00"), s.Moved(order.Billnumber))
	s.Advance(time.Hour)
	assert.Len(t, listed(s, order.Billnumber), 3)
	s.Unlist(order.Billnumber+".3", time.Hour)
	s.Unlist(order.Billnumber+".3", 0)
	assert.Len(t, listed(s, order.Billnumber), 3)
}
