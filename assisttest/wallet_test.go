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

const (
	visa        = 1
	webMoney    = 30
	yandexMoney = 32
	qiwi        = 36
)

// Protocol §6: "Partial cancels on any e-wallet are forbidden during the
// calendar day, Moscow time. On QIWI every cancel is."
func TestBanOfTheMoscowDay(t *testing.T) {
	t.Parallel()
	at := func(text string) time.Time {
		instant, err := time.Parse(time.DateTime, text)
		require.NoError(t, err)
		return instant
	}
	for name, test := range map[string]struct {
		mean      int
		paid, now string // GMT
		amount    string
		want      string
	}{
		"card, part, same day":              {visa, "2024-05-10 10:00:00", "2024-05-10 10:00:01", "1.00", "0/0"},
		"WebMoney, part, same day":          {webMoney, "2024-05-10 10:00:00", "2024-05-10 10:00:01", "1.00", "15/308"},
		"WebMoney, all, same day":           {webMoney, "2024-05-10 10:00:00", "2024-05-10 10:00:01", "", "0/0"},
		"WebMoney, all as amount, same day": {webMoney, "2024-05-10 10:00:00", "2024-05-10 10:00:01", "100.00", "0/0"},
		"WebMoney, part, last second":       {webMoney, "2024-05-10 10:00:00", "2024-05-10 20:59:59", "1.00", "15/308"},
		"WebMoney, part, midnight":          {webMoney, "2024-05-10 10:00:00", "2024-05-10 21:00:00", "1.00", "0/0"},
		"YandexMoney, part, same day":       {yandexMoney, "2024-05-10 10:00:00", "2024-05-10 11:00:00", "1.00", "15/308"},
		"YandexMoney, all, same day":        {yandexMoney, "2024-05-10 10:00:00", "2024-05-10 11:00:00", "", "0/0"},
		"QIWI, part, same day":              {qiwi, "2024-05-10 10:00:00", "2024-05-10 11:00:00", "1.00", "15/308"},
		"QIWI, all, same day":               {qiwi, "2024-05-10 10:00:00", "2024-05-10 11:00:00", "", "15/308"},
		"QIWI Beeline, all, same day":       {39, "2024-05-10 10:00:00", "2024-05-10 11:00:00", "", "15/308"},
		"QIWI Megafon, all, same day":       {41, "2024-05-10 10:00:00", "2024-05-10 11:00:00", "", "15/308"},
		"QIWI, all, last second":            {qiwi, "2024-05-10 10:00:00", "2024-05-10 20:59:59", "", "15/308"},
		"QIWI, all, midnight":               {qiwi, "2024-05-10 10:00:00", "2024-05-10 21:00:00", "", "0/0"},
		"2013: last second, four hours":     {qiwi, "2013-10-23 10:00:00", "2013-10-23 19:59:59", "", "15/308"},
		"2013: midnight, four hours":        {qiwi, "2013-10-23 10:00:00", "2013-10-23 20:00:00", "", "0/0"},
		// The day of the change has 25 hours: it begins at 20:00 GMT and ends at 21:00.
		"2014: last second of 25 hours": {qiwi, "2014-10-25 20:00:00", "2014-10-26 20:59:59", "", "15/308"},
		"2014: midnight after 25 hours": {qiwi, "2014-10-25 20:00:00", "2014-10-26 21:00:00", "", "0/0"},
		"2014: the day before":          {qiwi, "2014-10-25 19:59:59", "2014-10-25 20:00:00", "", "0/0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var opts []assisttest.Option
			for _, wallet := range []assist.Wallet{assist.WebMoney, assist.YandexMoney, assist.QIWI} {
				opts = append(opts, assisttest.WithOpeningBalance(wallet, rub(t, "500.00")))
			}
			s := assisttest.NewServer(t, append(opts, assisttest.InMemory())...)
			s.StandAt(at(test.now))
			order := s.Pay(assisttest.Payment{MeanTypeID: test.mean, PaidAt: at(test.paid)})
			pairs := []string{"Billnumber", string(order.Billnumber)}
			if test.amount != "" {
				pairs = append(pairs, "Amount", test.amount, "Currency", "RUB")
			}
			first, _ := cancelXML(t, s, pairs...)
			assert.Equal(t, test.want, first)
		})
	}
}

// Protocol §6: "a refund may not exceed the merchant's current day balance on
// that wallet = successful payments − the bank's commission − successful
// refunds of the day."
func TestDayBalance(t *testing.T) {
	t.Parallel()
	day := time.Date(2024, time.May, 10, 9, 0, 0, 0, time.UTC)
	s := assisttest.NewServer(t, assisttest.InMemory(), assisttest.WithCommission(assist.YandexMoney, 25_000))
	s.StandAt(day)
	old := s.Pay(assisttest.Payment{MeanTypeID: yandexMoney, Amount: rub(t, "500.00"), PaidAt: day.AddDate(0, 0, -1)})
	cancel := func(amount string) string {
		first, _ := cancelXML(t, s, "Billnumber", string(old.Billnumber), "Amount", amount, "Currency", "RUB")
		return first
	}
	assert.Equal(t, "5/108", cancel("0.01"), "nothing was paid today")

	s.Pay(assisttest.Payment{MeanTypeID: yandexMoney, Amount: rub(t, "100.01")})
	s.Pay(assisttest.Payment{MeanTypeID: webMoney, Amount: rub(t, "100.00")})
	s.Pay(assisttest.Payment{MeanTypeID: visa, Amount: rub(t, "100.00")})
	// 2.5 % of 100.01 is 2.50025, which the bank rounds up.
	assert.Equal(t, rub(t, "97.50"), s.DayBalance(assist.YandexMoney, "RUB"))
	assert.Equal(t, rub(t, "100.00"), s.DayBalance(assist.WebMoney, "RUB"))
	assert.Equal(t, "5/108", cancel("97.51"))
	assert.Equal(t, "0/0", cancel("90.00"))
	assert.Equal(t, "5/108", cancel("7.51"))
	assert.Equal(t, "0/0", cancel("7.50"))
	assert.True(t, s.DayBalance(assist.YandexMoney, "RUB").IsZero())

	s.Pay(assisttest.Payment{MeanTypeID: yandexMoney, Amount: rub(t, "10.00")})
	assert.Equal(t, "0/0", cancel("5.00"), "it heals with new payments of the day")
	s.StandAt(day.AddDate(0, 0, 1))
	assert.True(t, s.DayBalance(assist.YandexMoney, "RUB").IsZero())
	assert.Equal(t, "5/108", cancel("0.01"), "the next day begins with nothing")
	assert.True(t, s.DayBalance(assist.NotWallet, "RUB").IsZero())
}

func TestFullCancelOfTwoPaymentsIsCappedAsOne(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory(), assisttest.WithOpeningBalance(assist.YandexMoney, rub(t, "60.00")))
	order := s.Pay(assisttest.Payment{MeanTypeID: yandexMoney, Bonus: rub(t, "30.00"), PaidAt: s.Now().AddDate(0, 0, -3)})
	first, _ := cancelXML(t, s, "Billnumber", string(order.Billnumber))
	assert.Equal(t, "5/108", first)
	assert.True(t, s.Moved(order.Billnumber).IsZero(), "not even the bonus part")
}

func TestTurnoverTextInTheLanguageAskedFor(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory())
	bill := string(s.Pay(assisttest.Payment{MeanTypeID: yandexMoney, PaidAt: s.Now().AddDate(0, 0, -2)}).Billnumber)
	const russian, english = "Сумма отмены больше оборота мерчанта за текущий день", "The amount of cancellation is more than merchant turnover for the current day"
	for language, want := range map[string]string{"": russian, "RU": russian, "EN": english} {
		pairs := []string{"Billnumber", bill, "Amount", "1.00", "Currency", "RUB"}
		if language != "" {
			pairs = append(pairs, "Language", language)
		}
		inSOAP, err := postSOAP(s, pathCancel, "WSCancelRequestParams", pairs...)
		require.NoError(t, err)
		assert.Contains(t, inSOAP.body, want)
		assert.Contains(t, inSOAP.body, "<firstcode>5</firstcode><secondcode>108</secondcode>")
		inJSON, err := postJSON(s, pathCancel, pairs...)
		require.NoError(t, err)
		assert.Contains(t, inJSON.body, want)
	}
	// The ban of the day has a text of its own, in both languages.
	today := string(s.Pay(assisttest.Payment{MeanTypeID: qiwi}).Billnumber)
	for language, want := range map[string]string{"RU": "календарных суток", "EN": "calendar day"} {
		answer, err := postJSON(s, pathCancel, "Billnumber", today, "Language", language)
		require.NoError(t, err)
		assert.Contains(t, answer.body, want)
	}
	unknown, err := postJSON(s, pathCancel, "Billnumber", "5999999999999999", "Language", "EN")
	require.NoError(t, err)
	assert.Contains(t, unknown.body, "first code 10, second code 201")
}

func TestWalletsByName(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		id     int
		wallet assist.Wallet
	}{
		"YooMoney": {77, assist.YandexMoney}, "ЮMoney": {77, assist.YandexMoney}, "юmoney кошелёк": {77, assist.YandexMoney}, "Yandex.Money": {77, assist.YandexMoney},
		"Киви": {78, assist.QIWI}, "QIWI Tele2": {42, assist.QIWI}, "qiwi": {42, assist.QIWI}, "WebMoney WMZ": {31, assist.WebMoney},
		"QIWI": {1, assist.NotWallet}, "MIR QIWI": {77, assist.NotWallet}, "": {77, assist.NotWallet}, "SBP": {77, assist.NotWallet}, "Qiwiland": {77, assist.NotWallet},
	} {
		s := assisttest.NewServer(t, assisttest.InMemory())
		order := s.Pay(assisttest.Payment{MeanTypeID: test.id, MeanName: name})
		want := map[bool]string{true: "0/0", false: "15/308"}[test.wallet == assist.NotWallet]
		if test.wallet != assist.NotWallet {
			assert.Equal(t, rub(t, "100.00"), s.DayBalance(test.wallet, "RUB"), name)
		}
		first, _ := cancelXML(t, s, "Billnumber", string(order.Billnumber), "Amount", "1.00", "Currency", "RUB")
		assert.Equal(t, want, first, name)
	}
}

// telling is a test that keeps what is logged.
type telling struct {
	fakeTB
	logged []string
}

func (tb *telling) Logf(format string, args ...any) {
	tb.logged = append(tb.logged, fmt.Sprintf(format, args...))
}

// The first cancel of a wallet in a newcomer's test is refused, and the test's
// log and the fault say what to do.
func TestWalletRefusalsSayWhatToDo(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		mean   int
		paid   time.Duration
		amount string
		want   string
	}{
		"a part, the day it was paid":      {webMoney, 0, "1.00", "Payment.PaidAt"},
		"all of QIWI, the day it was paid": {qiwi, 0, "100.00", "a payment by QIWI can't go back on its own Moscow day"},
		"a day without turnover":           {webMoney, 72 * time.Hour, "1.00", "WithOpeningBalance(assist.WebMoney"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tb := &telling{}
			s := assisttest.NewServer(tb)
			defer s.Close()
			order := s.Pay(assisttest.Payment{MeanTypeID: test.mean, PaidAt: s.Now().Add(-test.paid)})
			answer, err := postSOAP(s, pathCancel, "WSCancelRequestParams", "Billnumber", string(order.Billnumber), "Amount", test.amount, "Currency", "RUB")
			require.NoError(t, err)
			assert.Contains(t, parse(t, answer.body).text("Body", "Fault", "detail", "recomendation"), test.want)
			require.Len(t, tb.logged, 1)
			assert.Contains(t, tb.logged[0], test.want)
			// What it says is what helps.
			helped := assisttest.NewServer(t, assisttest.InMemory(), assisttest.WithOpeningBalance(assist.WebMoney, rub(t, "100.00")),
				assisttest.WithOpeningBalance(assist.QIWI, rub(t, "100.00")))
			order = helped.Pay(assisttest.Payment{MeanTypeID: test.mean, PaidAt: helped.Now().AddDate(0, 0, -2)})
			first, _ := cancelXML(t, helped, "Billnumber", string(order.Billnumber), "Amount", test.amount, "Currency", "RUB")
			assert.Equal(t, "0/0", first)
		})
	}
}

func TestPayMany(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory(), assisttest.WithCommission(assist.QIWI, 10_000))
	s.StandAt(time.Date(2024, time.May, 10, 20, 0, 0, 0, time.UTC))
	s.PayMany(600, assisttest.Payment{MeanTypeID: qiwi, PaidAt: s.Now().Add(-10 * time.Hour)}, time.Minute)
	assert.Equal(t, rub(t, "59400.00"), s.DayBalance(assist.QIWI, "RUB"))
	assert.Len(t, s.Orders(), 600)
	answer, err := postForm(s, pathByDate, dated(t, "Start", "2024-05-10 12:00")...)
	require.NoError(t, err)
	rows := parse(t, answer.body).at("payment")
	require.Len(t, rows, 480)
	assert.Equal(t, "10.05.2024 12:00:00", rows[0].text("operationdate"))
	assert.NotEqual(t, rows[0].text("ordernumber"), rows[1].text("ordernumber"))
	for _, p := range []assisttest.Payment{{Billnumber: "5100000000000777"}, {OrderNumber: "a"}, {MerchantID: "5"}} {
		assert.Panics(t, func() { assisttest.New().PayMany(2, p, 0) })
	}
}

func BenchmarkResultsOf40000(b *testing.B) {
	for b.Loop() {
		s := assisttest.NewServer(b, assisttest.InMemory())
		s.PayMany(40_000, assisttest.Payment{MeanTypeID: qiwi, PaidAt: s.Now().Add(-time.Hour)}, 0)
		answer, err := postForm(s, pathByDate)
		if err != nil || len(answer.body) < 40_000_000 {
			b.Fatal(err, len(answer.body))
		}
	}
}
