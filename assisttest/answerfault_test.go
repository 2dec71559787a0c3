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

// cancelBy sends a cancel of 10.00 in a protocol.
func cancelBy(t *testing.T, s *assisttest.Server, protocol string, order assist.Order) got {
	t.Helper()
	pairs := []string{"Billnumber", string(order.Billnumber), "Amount", "10.00", "Currency", "RUB"}
	var answer got
	var err error
	switch protocol {
	case "SOAP":
		answer, err = postSOAP(s, pathCancel, "WSCancelRequestParams", pairs...)
	case "JSON":
		answer, err = postJSON(s, pathCancel, pairs...)
	case "XML":
		answer, err = postForm(s, pathCancel, append(pairs, "Format", "3")...)
	default:
		answer, err = postForm(s, pathFlat, append(pairs, "Format", "1")...)
	}
	require.NoError(t, err)
	return answer
}

func TestFaultsInWords(t *testing.T) {
	t.Parallel()
	const text = "Retries exhausted: 3/3 <host>"
	inXML := "Retries exhausted: 3/3 &lt;host&gt;"
	for protocol, shapes := range map[string]struct{ gateway, prose, media string }{
		"SOAP": {
			"<faultcode>soapenv:Server</faultcode><faultstring>" + inXML + "</faultstring><detail></detail>",
			"<faultcode>soapenv:Server</faultcode><faultstring>" + inXML + "</faultstring><detail><message>" + inXML, "text/xml",
		},
		"JSON": {
			`{"fault":{"detail":{"errorcode":"gateway.TargetError"},"faultstring":"` + text + `"}}`,
			`"faultstring":"` + text + `"`, "application/json",
		},
		"XML": {"<p>" + inXML + "</p>", "<p>" + inXML + "</p>", "text/html"},
		"CSV": {"<p>" + inXML + "</p>", "<p>" + inXML + "</p>", "text/html"},
	} {
		for _, status := range []int{200, 408, 429, 500, 502, 503, 504} {
			for _, worked := range []bool{true, false} {
				s := assisttest.NewServer(t, assisttest.InMemory())
				order := s.Pay(assisttest.Payment{})
				moved := rub(t, "0.00")
				faults := []assisttest.Fault{assisttest.GatewayFault(status, text), assisttest.ProseFault(status, text)}
				for i, want := range []string{shapes.gateway, shapes.prose} {
					f := faults[i].WithHeader("Retry-After", "120")
					if worked {
						moved = rub(t, []string{"10.00", "20.00"}[i])
					} else {
						f = f.WithoutDoing()
					}
					s.Next(f)
					answer := cancelBy(t, s, protocol, order)
					assert.Equal(t, status, answer.status)
					assert.Contains(t, answer.body, want, protocol)
					assert.NotContains(t, answer.body, "firstcode")
					assert.Equal(t, "120", answer.header.Get("Retry-After"))
					assert.True(t, strings.HasPrefix(answer.header.Get("Content-Type"), shapes.media))
					assert.Equal(t, moved, s.Moved(order.Billnumber))
				}
			}
		}
	}
}

func TestGatewayTextsAreTheCallersOwn(t *testing.T) {
	t.Parallel()
	texts := assisttest.GatewayTexts()
	require.NotEmpty(t, texts)
	for _, text := range texts {
		assert.True(t, strings.ContainsAny(text, "0123456789"), text)
	}
	texts[0] = "changed"
	assert.NotEqual(t, "changed", assisttest.GatewayTexts()[0])
}

// A status that is none would make net/http panic.
func TestStatusThatIsNone(t *testing.T) {
	t.Parallel()
	for _, status := range []int{-1, 0, 99, 100, 101, 600, 1000} {
		s := assisttest.NewServer(t, assisttest.InMemory())
		order := s.Pay(assisttest.Payment{})
		for _, f := range []assisttest.Fault{
			assisttest.Answer(status, "text/plain", "x"), assisttest.HTMLError(status), assisttest.Redirect(status, "/x"),
			assisttest.GatewayFault(status, "x"), assisttest.ProseFault(status, "x"),
		} {
			s.Next(f)
			assert.Equal(t, http.StatusBadGateway, cancelBy(t, s, "SOAP", order).status)
		}
	}
}

func TestRefusalsBeforeAndAfterDoing(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault      assisttest.Fault
		soap, json string
		moved      string
	}{
		"codes in the detail": {assisttest.Refuse(5, 143), "<firstcode>5</firstcode><secondcode>143</secondcode>", `"firstcode":5`, "0.00"},
		"as documented":       {assisttest.RefuseDocumented(7, 102), "<faultcode>7</faultcode><faultstring>102</faultstring><detail></detail>", `{"detail":{},"faultcode":"7","faultstring":"102"}`, "0.00"},
		"after doing":         {assisttest.Refuse(2, 1).AfterDoing(), "<firstcode>2</firstcode><secondcode>1</secondcode>", `"firstcode":2`, "10.00"},
		"documented, after doing": {
			assisttest.RefuseDocumented(16, 305).AfterDoing(), "<faultcode>16</faultcode><faultstring>305</faultstring>", `"faultcode":"16","faultstring":"305"`, "10.00",
		},
		"after doing, declined": {assisttest.Refuse(2, 1).AfterDoing().And(assisttest.Decline("AS100")), "<firstcode>2", `"firstcode":2`, "0.00"},
		"the second counts":     {assisttest.Refuse(2, 1).AfterDoing().And(assisttest.Refuse(3, 143)), "<firstcode>3", `"firstcode":3`, "0.00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for protocol, want := range map[string]string{"SOAP": test.soap, "JSON": test.json} {
				s := assisttest.NewServer(t, assisttest.InMemory())
				order := s.Pay(assisttest.Payment{})
				s.Next(test.fault)
				answer := cancelBy(t, s, protocol, order)
				assert.Contains(t, answer.body, want)
				assert.Equal(t, rub(t, test.moved), s.Moved(order.Billnumber))
				entry := s.Requests()[0]
				assert.NotZero(t, entry.FirstCode)
				assert.Equal(t, len(entry.Operations) == 1, len(listed(s, order.Billnumber)) == 2)
			}
		})
	}
	// What Assist itself refuses stays refused with its own codes.
	s := assisttest.NewServer(t, assisttest.InMemory())
	order := s.Pay(assisttest.Payment{Amount: rub(t, "5.00")})
	s.Next(assisttest.Refuse(2, 1).AfterDoing())
	assert.Contains(t, cancelBy(t, s, "SOAP", order).body, "<firstcode>5</firstcode><secondcode>108</secondcode>")
	// A question has nothing to do.
	s.Next(assisttest.Refuse(16, 0).AfterDoing().For(assisttest.OrderResults))
	answer, err := postForm(s, pathResult, "Ordernumber", order.Number)
	require.NoError(t, err)
	assert.Equal(t, "16/0", codes(t, answer))
}

func TestReplaysOfAnswersAndListings(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory())
	s.StandAt(time.Date(2024, time.May, 10, 9, 0, 0, 0, time.UTC))
	order := s.Pay(assisttest.Payment{})
	for service, ask := range map[assisttest.Service]func() got{
		assisttest.Cancels: func() got { return cancelBy(t, s, "SOAP", order) },
		assisttest.OrderResults: func() got {
			answer, err := postForm(s, pathResult, "Ordernumber", order.Number)
			require.NoError(t, err)
			return answer
		},
	} {
		s.Next(assisttest.Fault{}.For(service).WithHeader("X-Cache", "MISS"))
		first := ask()
		s.Advance(5 * time.Minute)
		second := ask()
		moved := s.Moved(order.Billnumber)
		s.Advance(50 * time.Minute)

		s.Next(assisttest.ReplayVerbatim().WithoutDoing().For(service))
		assert.Equal(t, second, ask(), "with all headers")
		s.Next(assisttest.Replay().WithoutDoing().For(service))
		anew := ask()
		assert.Equal(t, second.body, anew.body)
		assert.Equal(t, s.Now().Format(http.TimeFormat), anew.header.Get("Date"))
		s.Next(assisttest.ReplayVerbatim().WithoutDoing().For(service).WithHeader("Age", "3000"))
		assert.Equal(t, "3000", ask().header.Get("Age"))
		s.Next(assisttest.ReplayVerbatim().Back(1).WithoutDoing().For(service))
		assert.Equal(t, first, ask())
		s.Next(assisttest.ReplayVerbatim().Back(99).WithoutDoing().For(service))
		assert.Equal(t, first, ask(), "the oldest that is kept")
		s.Next(assisttest.ReplayVerbatim().Back(-1).WithoutDoing().For(service))
		assert.Equal(t, second, ask())
		assert.Equal(t, moved, s.Moved(order.Billnumber))
		s.StandAt(time.Date(2024, time.May, 10, 9, 0, 0, 0, time.UTC))
	}
}

func TestReplayReachesSixteenAnswersBack(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory())
	order := s.Pay(assisttest.Payment{Amount: rub(t, "1000.00")})
	for range 30 {
		cancelBy(t, s, "JSON", order)
	}
	s.Next(assisttest.ReplayVerbatim().Back(100).WithoutDoing())
	assert.Contains(t, cancelBy(t, s, "JSON", order).body, string(order.Billnumber)+".16")
}

func TestRefusalsInWordsAreValid(t *testing.T) {
	t.Parallel()
	for _, text := range append(assisttest.GatewayTexts(), "\"quoted\" & <b>\x00\x1b", "") {
		s := assisttest.NewServer(t, assisttest.InMemory())
		order := s.Pay(assisttest.Payment{})
		s.Next(assisttest.ProseFault(502, text), assisttest.GatewayFault(502, text), assisttest.ProseFault(502, text), assisttest.GatewayFault(502, text))
		for i := range 4 {
			if i < 2 {
				parse(t, cancelBy(t, s, "SOAP", order).body)
			} else {
				assert.True(t, json.Valid([]byte(cancelBy(t, s, "JSON", order).body)), text)
			}
		}
	}
}

func TestTextsThatDecideNothing(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory(), assisttest.WithSigner(func(texts assisttest.SignedTexts) string { return texts.OrderNumber }))
	order := s.Pay(assisttest.Payment{Comment: "обувь «№ 7»", OrderNumber: "A-1"})
	s.Next(assisttest.TextInstead("ordernumber", " a-1 ").And(assisttest.TextInstead("customermessage", "\x01 & <")).And(assisttest.TextInstead("nothing", "x")))
	answer := cancelBy(t, s, "SOAP", order)
	told := parse(t, answer.body).at("Body", "WSCancelResponseParams")[0]
	assert.Equal(t, " a-1 ", told.text("order", "ordernumber"))
	assert.Equal(t, "\uFFFD & <", told.text("order", "operation", "customermessage"))
	assert.Equal(t, " a-1 ", told.text("signature"), "signed as sent")
	assert.NotContains(t, answer.body, ">x<")
	now, _ := s.Order(order.Billnumber)
	assert.Equal(t, "A-1", now.Number)

	for protocol, media := range map[string]string{"SOAP": "text/xml", "JSON": "application/json", "XML": "text/xml", "CSV": "text/plain"} {
		for _, charset := range []string{"windows-1251", "cp1251"} {
			s.Next(assisttest.InCharset(charset))
			answer = cancelBy(t, s, protocol, order)
			assert.Equal(t, media+"; charset="+charset, answer.header.Get("Content-Type"))
			assert.Contains(t, answer.body, "\xEE\xE1\xF3\xE2\xFC \xAB\xB9 7\xBB", protocol)
		}
	}
	s.Next(assisttest.ProseFault(503, "повторите через 3-5 минут").And(assisttest.InCharset("windows-1251")))
	assert.Contains(t, cancelBy(t, s, "JSON", order).body, "\xEC\xE8\xED\xF3\xF2")
}

func TestRowsTwiceInTheAnswerToACancel(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory())
	order := s.Pay(assisttest.Payment{})
	bill := string(order.Billnumber)
	pairs := []string{"Billnumber", bill, "Amount", "10.00", "Currency", "RUB"}
	s.Next(assisttest.OperationTwice(-1, "AS100", "Declined").For(assisttest.Cancels), assisttest.SkipOperation(-1).For(assisttest.Cancels))
	_, made := cancelXML(t, s, pairs...)
	assert.Equal(t, []string{bill + ".2 AS100 10.00", bill + ".2 AS000 10.00"}, made)
	_, made = cancelXML(t, s, pairs...)
	assert.Empty(t, made)
	assert.Equal(t, rub(t, "20.00"), s.Moved(order.Billnumber))
}
