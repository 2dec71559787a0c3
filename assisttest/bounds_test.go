package assisttest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestKeptAnswersAreBounded(t *testing.T) {
	t.Parallel()
	var kept keptAnswers
	for i := range 40 {
		kept = kept.keep(&reply{status: i})
	}
	assert.Len(t, kept, mostKept)
	assert.Equal(t, 39, kept[mostKept-1].status)
	for range 3 {
		kept = kept.keep(&reply{body: make([]byte, bytesKept/2)})
	}
	assert.Len(t, kept, 2, "large ones push out the older ones")
	kept = kept.keep(&reply{body: make([]byte, 2*bytesKept)})
	assert.Len(t, kept, 1, "the latest stays, however large")
}

type talking struct{ lines int }

func (*talking) Helper()                {}
func (*talking) Cleanup(func())         {}
func (*talking) Fatalf(string, ...any)  {}
func (tb *talking) Logf(string, ...any) { tb.lines++ }

// The log of a test that has ended is closed: testing panics over a late line.
func TestNothingIsLoggedAfterClose(t *testing.T) {
	t.Parallel()
	tb := new(talking)
	s := NewServer(tb)
	order := s.Pay(Payment{MeanTypeID: 36})
	cancel := func() {
		r := httptest.NewRequest(http.MethodPost, pathCancel, strings.NewReader(
			"merchant_id=700027&login=test_refunds&password=TestPassword1&billnumber="+string(order.Billnumber)))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		s.ServeHTTP(httptest.NewRecorder(), r)
	}
	cancel()
	assert.Equal(t, 1, tb.lines)
	s.Close()
	cancel()
	assert.Equal(t, 1, tb.lines)
}

// Whatever arrives is answered, and moves nothing unless it says who asks.
func FuzzRequests(f *testing.F) {
	paths := []string{pathCancel, pathLegacyCancel, pathOrderResult, pathOrderState, pathByDate, "/"}
	media := []string{"text/xml; charset=utf-8", "application/json", "application/x-www-form-urlencoded", "application/soap+xml", ";"}
	const open = `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:w="http://www.paysecure.ru/ws/"><e:Header/><e:Body><w:WSCancelRequestParams>`
	f.Add(uint8(0), uint8(0), open+`<customer/><billnumber>1</billnumber><chequeitem><id>1</id></chequeitem></w:WSCancelRequestParams></e:Body></e:Envelope>`)
	f.Add(uint8(0), uint8(1), `{"merchant":{"login":1},"billnumber":5100000000000001.1,"chequeitem":[{"id":1}],"customer":[]}`)
	f.Add(uint8(4), uint8(2), "StartYear=2024&=&%&format=5&format=1&a=%zz")
	f.Fuzz(func(t *testing.T, path, kind uint8, body string) {
		s := New()
		order := s.Pay(Payment{Bonus: moneyOf(amount{1_00, "RUB"})})
		s.Next(OperationTwice(-1, "", "").And(HandRefundAfter(moneyOf(amount{1, "RUB"}))).And(InCharset("cp1251")).For(AnyService))
		r := httptest.NewRequest(http.MethodPost, paths[int(path)%len(paths)], strings.NewReader(body))
		r.Header.Set("Content-Type", media[int(kind)%len(media)])
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		assert.GreaterOrEqual(t, w.Code, 200)
		if !strings.Contains(body, "5100000000000001") {
			assert.True(t, s.Moved(order.Billnumber).IsZero())
		}
	})
}
