package assisttest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOrderServicesInEveryProtocol(t *testing.T) {
	t.Parallel()
	type order struct {
		Number, Billnumber, State, Amount, PacketDate, CheckValue, LastName string
		Operations                                                          []string
	}
	fromXML := func(path ...string) func(*testing.T, got) []order {
		return func(t *testing.T, a got) []order {
			var orders []order
			for _, o := range parse(t, a.body).at(path...) {
				read := order{
					Number: o.text("ordernumber"), Billnumber: o.text("billnumber"), State: o.text("orderstate"), Amount: o.text("orderamount"),
					PacketDate: o.text("packetdate"), CheckValue: o.text("checkvalue"), LastName: o.text("lastname"),
				}
				for _, op := range o.at("operation") {
					read.Operations = append(read.Operations, op.text("billnumber")+" "+op.text("operationtype")+" "+op.text("operationstate")+" "+op.text("meantypename"))
				}
				orders = append(orders, read)
			}
			return orders
		}
	}
	fromJSON := func(t *testing.T, a got) []order {
		type jsonOrder struct {
			OrderNumber, Billnumber, OrderState, OrderAmount, PacketDate, CheckValue string
			Customer, CheckData                                                      map[string]string
			Operations                                                               []map[string]string
		}
		var document struct {
			OrderResult struct{ Orders []jsonOrder }
			OrderState  jsonOrder
		}
		require.NoError(t, json.Unmarshal([]byte(a.body), &document), a.body)
		list := document.OrderResult.Orders
		if list == nil {
			o := document.OrderState
			o.PacketDate, o.CheckValue = o.CheckData["packetdate"], o.CheckData["checkvalue"]
			list = []jsonOrder{o}
		}
		var orders []order
		for _, o := range list {
			read := order{o.OrderNumber, o.Billnumber, o.OrderState, o.OrderAmount, o.PacketDate, o.CheckValue, o.Customer["lastname"], nil}
			for _, op := range o.Operations {
				read.Operations = append(read.Operations, op["billnumber"]+" "+op["operationtype"]+" "+op["operationstate"]+" "+op["meantypename"])
			}
			orders = append(orders, read)
		}
		return orders
	}
	for name, test := range map[string]struct {
		path   string
		post   func(*assisttest.Server, string, ...string) (got, error)
		read   func(*testing.T, got) []order
		result bool
		noName bool
	}{
		"result, SOAP": {pathResult, func(s *assisttest.Server, path string, pairs ...string) (got, error) {
			return postSOAP(s, path, "orderresult", pairs...)
		}, fromXML("Body", "orderresultResponse", "orderresult", "order"), true, false},
		"state, SOAP": {pathState, func(s *assisttest.Server, path string, pairs ...string) (got, error) {
			return postSOAP(s, path, "orderstate", pairs...)
		}, fromXML("Body", "orderstateResponse", "orderstate", "order"), false, true},
		"result, JSON": {pathResult, postJSON, fromJSON, true, false},
		"state, JSON":  {pathState, postJSON, fromJSON, false, true},
		"result, form": {pathResult, postForm, fromXML("order"), true, false},
		"state, form":  {pathState, postForm, fromXML("order"), false, true},
		"result, form, SOAP": {pathResult, func(s *assisttest.Server, path string, pairs ...string) (got, error) {
			return postForm(s, path, append(pairs, "FORMAT", "4")...)
		}, fromXML("Body", "orderresultResponse", "orderresult", "order"), true, false},
		"result, form, JSON": {pathResult, func(s *assisttest.Server, path string, pairs ...string) (got, error) {
			return postForm(s, path, append(pairs, "format", "5")...)
		}, fromJSON, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := assisttest.NewServer(t, assisttest.InMemory(), assisttest.WithCheckValueSecret(assist.NewSecret("secret")),
				assisttest.WithMerchant(assist.Credentials{MerchantID: "111111", Login: "test_refunds", Password: assist.NewSecret("TestPassword1")}))
			s.StandAt(time.Date(2024, time.May, 10, 9, 5, 7, 0, time.UTC))
			paid := s.Pay(assisttest.Payment{OrderNumber: "ok", Amount: rub(t, "4.00")})
			cancelXML(t, s, "Billnumber", string(paid.Billnumber))
			answer, err := test.post(s, test.path, "ordernumber", "ok")
			require.NoError(t, err)
			assert.Equal(t, http.StatusOK, answer.status)
			bill := string(paid.Billnumber)
			// Protocol §8 gives the check value of just this order.
			want := order{"ok", bill, "Canceled", "4.00", "10.05.2024 09:05", "74DEB154081757F1E8097DDFAC35FC5C", "Testov",
				[]string{bill + ".1 100 Success VISA", bill + ".2 300 Success VISA"}}
			if !test.result {
				want.Operations, want.LastName = nil, ""
			}
			read := test.read(t, answer)
			if test.noName && len(read) > 0 {
				read[0].LastName = ""
			}
			assert.Equal(t, []order{want}, read)
		})
	}
}

func TestWindow(t *testing.T) {
	t.Parallel()
	now := time.Date(2024, time.May, 10, 9, 5, 7, 0, time.UTC)
	from := func(text string) []string { return dated(t, "Start", text) }
	to := func(text string) []string { return dated(t, "End", text) }
	for name, test := range map[string]struct {
		pairs []string
		paid  string
		found bool
	}{
		"none: just now":                {nil, "2024-05-10 09:05:07", true},
		"none: three days ago":          {nil, "2024-05-07 09:05:07", true},
		"none: a second longer ago":     {nil, "2024-05-07 09:05:06", false},
		"none: still to come":           {nil, "2024-05-10 09:05:08", false},
		"start long ago":                {from("2023-05-11 00:00"), "2023-05-11 00:00:00", true},
		"before the start":              {from("2023-05-11 00:00"), "2023-05-10 23:59:59", false},
		"start alone reaches to now":    {from("2024-05-01 00:00"), "2024-05-10 09:05:07", true},
		"start and end":                 {append(from("2024-01-01 00:00"), to("2024-01-31 23:59")...), "2024-01-31 23:59:00", true},
		"after the end's minute":        {append(from("2024-01-01 00:00"), to("2024-01-31 23:59")...), "2024-01-31 23:59:01", false},
		"end before start: default":     {append(from("2024-05-09 00:00"), to("2024-05-08 00:00")...), "2024-05-08 10:00:00", true},
		"no such day: default":          {[]string{"StartYear", "2024", "StartMonth", "2", "StartDay", "30", "StartHour", "0", "StartMin", "0"}, "2024-04-01 00:00:00", false},
		"month 13: default":             {[]string{"StartYear", "2024", "StartMonth", "13", "StartDay", "1", "StartHour", "0", "StartMin", "0"}, "2024-05-08 00:00:00", true},
		"words: default":                {[]string{"StartYear", "year", "StartMonth", "1", "StartDay", "1", "StartHour", "0", "StartMin", "0"}, "2024-02-01 00:00:00", false},
		"a sign: default":               {[]string{"StartYear", "2024", "StartMonth", "+1", "StartDay", "1", "StartHour", "0", "StartMin", "0"}, "2024-02-01 00:00:00", false},
		"start without minute: default": {[]string{"StartYear", "2024", "StartMonth", "1", "StartDay", "1", "StartHour", "0"}, "2024-02-01 00:00:00", false},
		"broken end: default":           {append(from("2024-01-01 00:00"), "EndYear", "2024"), "2024-02-01 00:00:00", false},
		"end alone: default":            {to("2024-12-31 00:00"), "2024-05-10 09:05:08", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, path := range []string{pathResult, pathState} {
				s := assisttest.NewServer(t, assisttest.InMemory())
				s.StandAt(now)
				paid, err := time.Parse(time.DateTime, test.paid)
				require.NoError(t, err)
				s.Pay(assisttest.Payment{OrderNumber: "a", PaidAt: paid})
				answer, err := postForm(s, path, append(test.pairs, "Ordernumber", "a")...)
				require.NoError(t, err)
				want := "10/201"
				if test.found {
					want = "0/0"
				}
				assert.Equal(t, want, codes(t, answer))
			}
		})
	}
}

// dated writes the five parameters of a date by hand.
func dated(t *testing.T, prefix, text string) []string {
	t.Helper()
	date, clock, _ := strings.Cut(text, " ")
	year, rest, _ := strings.Cut(date, "-")
	month, day, _ := strings.Cut(rest, "-")
	hour, minute, ok := strings.Cut(clock, ":")
	require.True(t, ok)
	return []string{prefix + "Year", year, prefix + "Month", month, prefix + "Day", day, prefix + "Hour", hour, prefix + "Min", minute}
}

func TestFailedAttemptsLeaveOrdersOfTheirOwn(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory())
	paid := s.Pay(assisttest.Payment{OrderNumber: "tried", FailedAttempts: 2})
	answer, err := postForm(s, pathResult, "Ordernumber", "tried")
	require.NoError(t, err)
	var told []string
	seen := map[string]bool{}
	for _, o := range parse(t, answer.body).at("order") {
		told = append(told, o.text("orderstate")+" "+o.text("operation", "responsecode"))
		seen[o.text("billnumber")] = true
	}
	assert.Equal(t, []string{"Declined AS102", "Declined AS102", "Approved AS000"}, told)
	assert.Len(t, seen, 3)
	assert.True(t, seen[string(paid.Billnumber)])
	assert.Len(t, s.Orders(), 3)
	state, err := postJSON(s, pathState, "ordernumber", "tried")
	require.NoError(t, err)
	assert.Contains(t, state.body, `{"orderstate":{"orders":[`)
}

func TestOrderServiceRefusals(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory())
	for name, test := range map[string]struct {
		pairs []string
		want  string
	}{
		"no order number":     {nil, "3/107"},
		"unknown order":       {[]string{"Ordernumber", "nowhere"}, "10/201"},
		"wrong password":      {[]string{"Ordernumber", "nowhere", "Password", "Wrong1234"}, "7/102"},
		"scripted":            {[]string{"Ordernumber", "nowhere"}, "10/201"},
		"unknown merchant":    {[]string{"Ordernumber", "nowhere", "Merchant_ID", "5"}, "10/100"},
		"missing credentials": {[]string{"Ordernumber", "nowhere", "Login", ""}, "3/101"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer, err := postForm(s, pathState, test.pairs...)
			require.NoError(t, err)
			assert.Equal(t, test.want, codes(t, answer))
		})
	}
}

func TestNothingFoundWithoutCodes(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory(), assisttest.WithEmptyNotFound())
	for _, path := range []string{pathResult, pathState, pathByDate} {
		answer, err := postForm(s, path, "Ordernumber", "nowhere")
		require.NoError(t, err)
		root := parse(t, answer.body)
		assert.Equal(t, []string{"0", "0", "0"}, []string{root.attr("firstcode"), root.attr("secondcode"), root.attr("count")})
		assert.Empty(t, root.Children)
	}
}

func TestLimitsOfTheOrderServices(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory(),
		assisttest.WithMaxInterval(assisttest.OrderResults, 30*24*time.Hour), assisttest.WithMinInterval(assisttest.OrderResults, time.Minute),
		assisttest.WithMaxInterval(assisttest.ResultsByDate, time.Hour), assisttest.WithMinInterval(assisttest.ResultsByDate, 10*time.Minute))
	now := time.Date(2024, time.May, 10, 9, 5, 0, 0, time.UTC)
	s.StandAt(now)
	s.Pay(assisttest.Payment{OrderNumber: "a"})
	s.Pay(assisttest.Payment{OrderNumber: "b"})
	ask := func(path, number string, pairs ...string) string {
		answer, err := postForm(s, path, append(pairs, "Ordernumber", number)...)
		require.NoError(t, err)
		return codes(t, answer)
	}
	long := dated(t, "Start", "2024-04-10 09:04")
	assert.Equal(t, "17/4", ask(pathResult, "a", long...))
	assert.Equal(t, "0/0", ask(pathResult, "a", dated(t, "Start", "2024-04-10 09:05")...))
	assert.Equal(t, "17/3", ask(pathResult, "a"))
	assert.Equal(t, "0/0", ask(pathResult, "b"), "the pause is kept for each order")
	assert.Equal(t, "0/0", ask(pathState, "a", long...), "of one service alone")
	s.Advance(59 * time.Second)
	assert.Equal(t, "17/3", ask(pathResult, "a"))
	s.Advance(time.Second)
	assert.Equal(t, "0/0", ask(pathResult, "a"), "a refused question begins no new pause")

	assert.Equal(t, "17/4", ask(pathByDate, "", dated(t, "Start", "2024-05-10 07:00")...))
	assert.Equal(t, "0/0", ask(pathByDate, "a"))
	assert.Equal(t, "17/3", ask(pathByDate, "b"), "the pause is kept for the merchant")
}

func TestResultByDate(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory())
	now := time.Date(2024, time.May, 10, 12, 0, 0, 0, time.UTC)
	s.StandAt(now)
	paid := func(number string, mean int, ago time.Duration) string {
		return string(s.Pay(assisttest.Payment{OrderNumber: number, MeanTypeID: mean, PaidAt: now.Add(-ago)}).Billnumber)
	}
	old := paid("old", visa, 48*time.Hour)
	morning := paid("morning", visa, 8*time.Hour)
	recent := paid("recent", yandexMoney, time.Hour)
	cancelXML(t, s, "Billnumber", old, "Amount", "1.00", "Currency", "RUB")
	s.Pay(assisttest.Payment{OrderNumber: "failed", FailedAttempts: 1, PaidAt: now.Add(-20 * time.Hour)})

	for name, test := range map[string]struct {
		pairs []string
		want  []string
	}{
		"no dates: three hours":             {nil, []string{recent + ".1", old + ".2"}},
		"a day":                             {dated(t, "Start", "2024-05-10 00:00"), []string{morning + ".1", recent + ".1", old + ".2"}},
		"over a day: three hours, silently": {dated(t, "Start", "2024-05-08 00:00"), []string{recent + ".1", old + ".2"}},
		"wrong date: three hours, silently": {dated(t, "Start", "2024-15-10 00:00"), []string{recent + ".1", old + ".2"}},
		"of one mean type":                  {[]string{"MeanType_ID", "32"}, []string{recent + ".1"}},
		"cancels":                           {[]string{"Operationtype", "R"}, []string{old + ".2"}},
		"payments":                          {[]string{"Operationtype", "A"}, []string{recent + ".1"}},
		"successes":                         {[]string{"Operationstate", "S"}, []string{recent + ".1", old + ".2"}},
		"none in process":                   {[]string{"Operationstate", "P"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			answer, err := postForm(s, pathByDate, test.pairs...)
			require.NoError(t, err)
			var rows []string
			for _, row := range parse(t, answer.body).at("payment") {
				rows = append(rows, row.text("billnumber"))
				assert.Equal(t, "(none)", row.text("operationstate"))
			}
			assert.Equal(t, test.want, rows)
		})
	}
	failed, err := postForm(s, pathByDate, append(dated(t, "Start", "2024-05-09 12:00"), "Operationstate", "F")...)
	require.NoError(t, err)
	assert.Equal(t, "AS102", parse(t, failed.body).text("payment", "responsecode"))

	table, err := postForm(s, pathByDate, "Format", "1")
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(table.body), "\n")
	require.Len(t, lines, 3)
	assert.True(t, strings.HasPrefix(lines[0], "ordernumber;billnumber;testmode;") && strings.HasSuffix(lines[0], ";"), lines[0])
	assert.True(t, strings.HasPrefix(lines[1], "recent;"+recent+".1;0;"), lines[1])
	assert.Equal(t, strings.Count(lines[0], ";"), strings.Count(lines[1], ";"))
}

func TestAnswersAreInTheOrderOfTime(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory())
	var want []string
	for _, ago := range []time.Duration{time.Hour, 3 * time.Minute, 2 * time.Hour, time.Minute} {
		want = append(want, string(s.Pay(assisttest.Payment{OrderNumber: "a", PaidAt: s.Now().Add(-ago)}).Billnumber))
	}
	want = []string{want[2], want[0], want[1], want[3]}
	for path, element := range map[string]string{pathResult: "order", pathState: "order", pathByDate: "payment"} {
		answer, err := postForm(s, path, "Ordernumber", "a")
		require.NoError(t, err)
		var told []string
		for _, o := range parse(t, answer.body).at(element) {
			told = append(told, strings.TrimSuffix(o.text("billnumber"), ".1"))
		}
		assert.Equal(t, want, told, path)
	}
}

func TestSeveralMerchantsSeeTheirOwn(t *testing.T) {
	t.Parallel()
	one := assist.Credentials{MerchantID: "700701", Login: "shop_one", Password: assist.NewSecret("FirstOne1")}
	two := assist.Credentials{MerchantID: "700702", Login: "shop_two", Password: assist.NewSecret("SecondOne2")}
	s := assisttest.NewServer(t, assisttest.InMemory(), assisttest.WithMerchant(one), assisttest.WithMerchant(two))
	assert.Equal(t, "700701", s.Credentials().MerchantID)
	s.Pay(assisttest.Payment{OrderNumber: "same"})
	of2 := s.Pay(assisttest.Payment{OrderNumber: "same", MerchantID: "700702"})
	answer, err := postForm(s, pathResult, "Ordernumber", "same", "Merchant_ID", two.MerchantID, "Login", two.Login, "Password", two.Password.Reveal())
	require.NoError(t, err)
	orders := parse(t, answer.body).at("order")
	require.Len(t, orders, 1)
	assert.Equal(t, string(of2.Billnumber), orders[0].text("billnumber"))
}
