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

func TestTwoStagePayment(t *testing.T) {
	t.Parallel()
	type step func(t *testing.T, s *assisttest.Server, b assist.Billnumber)
	cancel := func(amount, want string) step {
		return func(t *testing.T, s *assisttest.Server, b assist.Billnumber) {
			pairs := []string{"Billnumber", string(b)}
			if amount != "" {
				pairs = append(pairs, "Amount", amount, "Currency", "RUB")
			}
			first, _ := cancelXML(t, s, pairs...)
			assert.Equal(t, want, first)
		}
	}
	confirm := func(amount string) step {
		return func(t *testing.T, s *assisttest.Server, b assist.Billnumber) {
			m := assist.Money{}
			if amount != "" {
				m = rub(t, amount)
			}
			s.Confirm(b, m)
		}
	}
	hold := ".1 100 10.00 Success"
	for name, test := range map[string]struct {
		steps []step
		rows  []string
		state assist.OrderState
		moved string
	}{
		"a hold":                {nil, []string{hold}, "Delayed", "0.00"},
		"confirmed":             {[]step{confirm("")}, []string{hold, ".2 200 10.00 Success"}, "Approved", "0.00"},
		"confirmed below":       {[]step{confirm("6.00")}, []string{hold, ".2 200 6.00 Success"}, "PartialApproved", "0.00"},
		"confirmed above":       {[]step{confirm("11.50")}, []string{hold, ".2 200 11.50 Success"}, "Approved", "0.00"},
		"released in part":      {[]step{cancel("4.00", "0/0")}, []string{hold, ".2 300 4.00 Success"}, "PartialDelayed", "4.00"},
		"released":              {[]step{cancel("", "0/0")}, []string{hold, ".2 300 10.00 Success"}, "Canceled", "10.00"},
		"released too much":     {[]step{cancel("10.01", "5/108")}, []string{hold}, "Delayed", "0.00"},
		"confirmed, given back": {[]step{confirm("6.00"), cancel("", "0/0")}, []string{hold, ".2 200 6.00 Success", ".3 300 6.00 Success"}, "Canceled", "6.00"},
		"confirmed below, more than that back": {
			[]step{confirm("6.00"), cancel("6.01", "5/108"), cancel("6.00", "0/0")}, []string{hold, ".2 200 6.00 Success", ".3 300 6.00 Success"}, "Canceled", "6.00",
		},
		"confirmed above, all of it back": {[]step{confirm("11.50"), cancel("11.50", "0/0")}, []string{hold, ".2 200 11.50 Success", ".3 300 11.50 Success"}, "Canceled", "11.50"},
		"a part released, the rest confirmed, all of that back": {
			[]step{cancel("4.00", "0/0"), confirm(""), cancel("1.00", "0/0"), cancel("", "0/0"), cancel("0.01", "5/108")},
			[]string{hold, ".2 300 4.00 Success", ".3 200 6.00 Success", ".4 300 1.00 Success", ".5 300 5.00 Success"}, "Canceled", "10.00",
		},
		"a part of what was confirmed": {[]step{confirm(""), cancel("1.00", "0/0")}, []string{hold, ".2 200 10.00 Success", ".3 300 1.00 Success"}, "PartialCanceled", "1.00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := assisttest.NewServer(t, assisttest.InMemory())
			order := s.Pay(assisttest.Payment{Amount: rub(t, "10.00"), TwoStage: true})
			for _, step := range test.steps {
				step(t, s, order.Billnumber)
			}
			assert.Equal(t, test.rows, listed(s, order.Billnumber))
			now, _ := s.Order(order.Billnumber)
			assert.Equal(t, test.state, now.State)
			assert.Equal(t, rub(t, test.moved), s.Moved(order.Billnumber))
			assert.Equal(t, rub(t, test.moved), s.Moved(order.Billnumber+".1"), "of the payment, with what confirmed it")
		})
	}
}

func TestExtendedBillnumbersOfATwoStagePayment(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory())
	order := s.Pay(assisttest.Payment{TwoStage: true, Bonus: rub(t, "25.00")})
	s.Confirm(order.Billnumber+".2", assist.Money{})
	s.Confirm(order.Billnumber, rub(t, "70.00"))
	for suffix, want := range map[string]string{".1": "0/0", ".4": "0/0", ".2": "0/0", ".3": "0/0", ".5": "10/216"} {
		first, _ := cancelXML(t, s, "Billnumber", string(order.Billnumber)+suffix, "Amount", "1.00", "Currency", "RUB")
		assert.Equal(t, want, first, suffix)
	}
	fresh := s.Pay(assisttest.Payment{TwoStage: true, Bonus: rub(t, "25.00")})
	s.Confirm(fresh.Billnumber, assist.Money{})
	assert.Equal(t, []string{".1 100 75.00 Success", ".2 100 25.00 Success", ".3 200 75.00 Success", ".4 200 25.00 Success"}, listed(s, fresh.Billnumber))
	for _, suffix := range []assist.Billnumber{".1", ".3", ".2", ".4"} {
		first, _ := cancelXML(t, s, "Billnumber", string(fresh.Billnumber+suffix), "Amount", "1.00", "Currency", "RUB")
		assert.Equal(t, "0/0", first, "the authorisation or what confirmed it")
	}
	assert.Equal(t, rub(t, "2.00"), s.Moved(fresh.Billnumber+".1"))
	assert.Equal(t, rub(t, "2.00"), s.Moved(fresh.Billnumber+".4"))
	assert.Equal(t, rub(t, "4.00"), s.Moved(fresh.Billnumber))
}

func TestConfirmRefusesNonsense(t *testing.T) {
	t.Parallel()
	for name, confirm := range map[string]func(s *assisttest.Server, two, one assist.Billnumber){
		"unknown":                 func(s *assisttest.Server, _, _ assist.Billnumber) { s.Confirm("5999999999999999", assist.Money{}) },
		"no hold":                 func(s *assisttest.Server, _, one assist.Billnumber) { s.Confirm(one, assist.Money{}) },
		"two holds, one amount":   func(s *assisttest.Server, two, _ assist.Billnumber) { s.Confirm(two, rub(t, "1.00")) },
		"nothing":                 func(s *assisttest.Server, two, _ assist.Billnumber) { s.Confirm(two+".1", rub(t, "0.00")) },
		"an operation that isn't": func(s *assisttest.Server, two, _ assist.Billnumber) { s.Confirm(two+".9", assist.Money{}) },
		"twice": func(s *assisttest.Server, two, _ assist.Billnumber) {
			s.Confirm(two, assist.Money{})
			s.Confirm(two, assist.Money{})
		},
	} {
		tb := &fakeTB{}
		s := assisttest.NewServer(tb)
		confirm(s, s.Pay(assisttest.Payment{TwoStage: true, Bonus: rub(t, "1.00")}).Billnumber, s.Pay(assisttest.Payment{}).Billnumber)
		assert.Len(t, tb.failed, 1, name)
		s.Close()
	}
}

// An order of 10 dollars, authorised in rubles by the rate, with a surcharge on
// another.
func TestAuthorisedDiffersFromOrdered(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory())
	usd, err := assist.ParseMoney("10.00", "USD")
	require.NoError(t, err)
	order := s.Pay(assisttest.Payment{Amount: usd, Authorised: rub(t, "905.50"), Rate: "90.55"})
	assert.Equal(t, usd, order.Amount)
	assert.Equal(t, rub(t, "905.50"), order.Operations[0].Amount)
	first, _ := cancelXML(t, s, "Billnumber", string(order.Billnumber), "Amount", "1.00", "Currency", "USD")
	assert.Equal(t, "5/105", first, "only the currency of the authorisation")
	answer, err := postForm(s, pathCancel, "Billnumber", string(order.Billnumber), "Amount", "100.00", "Currency", "RUB", "Format", "3")
	require.NoError(t, err)
	told := parse(t, answer.body).at("order")[0]
	assert.Equal(t, "10.00 USD 90.55 100.00 RUB PartialCanceled", fmt.Sprint(told.text("orderamount"), " ", told.text("ordercurrency"), " ", told.text("rate"), " ",
		told.text("operation", "amount"), " ", told.text("operation", "currency"), " ", told.text("orderstate")))
	_, made := cancelXML(t, s, "Billnumber", string(order.Billnumber))
	assert.Equal(t, []string{string(order.Billnumber) + ".3 AS000 805.50"}, made)
	assert.Equal(t, rub(t, "905.50"), s.Moved(order.Billnumber))

	dearer := s.Pay(assisttest.Payment{Amount: rub(t, "100.00"), Authorised: rub(t, "103.00")})
	first, _ = cancelXML(t, s, "Billnumber", string(dearer.Billnumber), "Amount", "103.00", "Currency", "RUB")
	assert.Equal(t, "0/0", first)
}

func TestOrderOfSeveralParts(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory(), assisttest.WithOpeningBalance(assist.YandexMoney, rub(t, "60.00")))
	order := s.Pay(assisttest.Payment{
		MeanTypeID: yandexMoney, PaidAt: s.Now().AddDate(0, 0, -2), Bonus: rub(t, "10.00"),
		Parts: []assisttest.PaymentPart{{Amount: rub(t, "40.00"), MeanTypeID: 77, MeanName: "ЮMoney"}, {Amount: rub(t, "5.00")}},
	})
	assert.Equal(t, []string{".1 100 45.00 Success", ".2 100 10.00 Success", ".3 100 40.00 Success", ".4 100 5.00 Success"}, listed(s, order.Billnumber))
	assert.Equal(t, "ЮMoney", order.Operations[2].MeanTypeName)
	first, _ := cancelXML(t, s, "Billnumber", string(order.Billnumber))
	assert.Equal(t, "5/108", first, "85.00 of one wallet, in two parts and two spellings")
	assert.True(t, s.Moved(order.Billnumber).IsZero())
	first, _ = cancelXML(t, s, "Billnumber", string(order.Billnumber)+".3", "Amount", "40.00", "Currency", "RUB")
	assert.Equal(t, "0/0", first)
	first, _ = cancelXML(t, s, "Billnumber", string(order.Billnumber)+".1", "Amount", "20.01", "Currency", "RUB")
	assert.Equal(t, "5/108", first)
	for _, p := range []assisttest.Payment{
		{Parts: []assisttest.PaymentPart{{Amount: rub(t, "60.00")}, {Amount: rub(t, "40.00")}}},
		{Parts: []assisttest.PaymentPart{{}}}, {Authorised: rub(t, "0.00")},
	} {
		assert.Panics(t, func() { assisttest.New().Pay(p) })
	}
}

func TestDayBalanceOfAHold(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory(), assisttest.WithCommission(assist.YandexMoney, 10_000))
	s.StandAt(time.Date(2024, time.May, 10, 9, 0, 0, 0, time.UTC))
	order := s.Pay(assisttest.Payment{MeanTypeID: yandexMoney, TwoStage: true})
	assert.True(t, s.DayBalance(assist.YandexMoney, "RUB").IsZero(), "a hold is no payment")
	s.Advance(24 * time.Hour)
	first, _ := cancelXML(t, s, "Billnumber", string(order.Billnumber), "Amount", "40.00", "Currency", "RUB")
	assert.Equal(t, "0/0", first, "its release takes nothing out of a day")
	s.Confirm(order.Billnumber, assist.Money{})
	assert.Equal(t, rub(t, "59.40"), s.DayBalance(assist.YandexMoney, "RUB"), "without the commission")
	first, _ = cancelXML(t, s, "Billnumber", string(order.Billnumber), "Amount", "1.00", "Currency", "RUB")
	assert.Equal(t, "15/308", first, "a part, on the day of the confirmation")
	s.Advance(24 * time.Hour)
	first, _ = cancelXML(t, s, "Billnumber", string(order.Billnumber), "Amount", "1.00", "Currency", "RUB")
	assert.Equal(t, "5/108", first, "and this day has no payments")
}
