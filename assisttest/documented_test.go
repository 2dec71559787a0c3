package assisttest_test

import (
	"encoding/xml"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/soap/wsdl"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The server answers the documented cancels as the documents do, but for the
// packet date, which contradicts itself there, and the signature, which is
// Assist's own.
func TestDocumentedCancels(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ sample, billnumber, amount string }{
		"WebMoney": {"../testdata/webmoney_cancel.xml", "5700027202722028", "0.10"},
		"QIWI":     {"../testdata/qiwi_cancel.xml", "5554143265883170", "0.11"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := assisttest.NewServer(t, assisttest.InMemory(), assisttest.WithDocumentedOrders())
			answer, err := postSOAP(s, pathCancel, "WSCancelRequestParams", "Billnumber", test.billnumber, "Amount", test.amount, "Currency", "RUB")
			require.NoError(t, err)
			sample, err := os.ReadFile(test.sample)
			require.NoError(t, err)
			want, ours := decoded(t, string(sample)), decoded(t, answer.body)
			ours.Packetdate, ours.Signature = want.Packetdate, want.Signature
			assert.Equal(t, want, ours)
		})
	}
}

func decoded(t *testing.T, document string) wsdl.WSCancelResponseParams {
	t.Helper()
	var envelope struct {
		Body struct {
			Answer wsdl.WSCancelResponseParams `xml:"http://www.paysecure.ru/ws/ WSCancelResponseParams"`
		} `xml:"http://schemas.xmlsoap.org/soap/envelope/ Body"`
	}
	require.NoError(t, xml.Unmarshal([]byte(document), &envelope))
	return envelope.Body.Answer
}

func TestDocumentedOrdersBefore(t *testing.T) {
	t.Parallel()
	s := assisttest.New(assisttest.WithDocumentedOrders())
	s.StandAt(time.Date(2014, time.January, 28, 14, 0, 0, 0, time.UTC))
	for billnumber, operations := range map[assist.Billnumber]int{assisttest.DocumentedWebMoney: 2, assisttest.DocumentedQIWI: 3} {
		order, ok := s.Order(billnumber)
		require.True(t, ok)
		assert.Equal(t, assist.OrderPartialCanceled, order.State)
		assert.Len(t, order.Operations, operations)
	}
}

func TestOneClockServesBothDocuments(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		webMoneyAt := time.Date(2013, time.October, 24, 13, 58, 21, 0, time.UTC)
		qiwiAt := time.Date(2014, time.January, 28, 14, 30, 1, 0, time.UTC)
		s := assisttest.NewServer(t, assisttest.InMemory(), assisttest.WithDocumentedOrders())
		time.Sleep(time.Hour)
		assert.Equal(t, webMoneyAt, s.Now(), "it stands until the first cancel")

		cancelXML(t, s, "Billnumber", "5700027202722028", "Amount", "0.10", "Currency", "RUB")
		time.Sleep(2 * time.Minute)
		state, _, _ := stateOf(t, s, "2013.10.23-700027-5", "5700027202722028.3")
		assert.Equal(t, "In Process", state)
		time.Sleep(time.Minute)
		assert.Equal(t, webMoneyAt.Add(3*time.Minute), s.Now(), "then it runs")
		state, _, _ = stateOf(t, s, "2013.10.23-700027-5", "5700027202722028.3")
		assert.Equal(t, "Success", state)

		cancelXML(t, s, "Billnumber", "5554143265883170", "Amount", "0.11", "Currency", "RUB")
		assert.Equal(t, qiwiAt, s.Now(), "the other document is later")
		time.Sleep(time.Second)
		cancelXML(t, s, "Billnumber", "5700027202722028", "Amount", "0.10", "Currency", "RUB")
		assert.Equal(t, qiwiAt.Add(time.Second), s.Now(), "and it never goes back")
		cancelXML(t, s, "Billnumber", "5700027202722029")
		s.Advance(time.Minute)
		assert.Equal(t, qiwiAt.Add(61*time.Second), s.Now())
	})
}

func TestAdvancedDocumentedClockStillHits(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory(), assisttest.WithDocumentedOrders())
	s.Advance(time.Hour)
	answer, err := postForm(s, pathCancel, "Billnumber", "5554143265883170", "Amount", "0.11", "Currency", "RUB")
	require.NoError(t, err)
	assert.Contains(t, answer.body, "<operationdate>28.01.2014 14:30:01</operationdate>")
}

func TestAClockOfYoursIsKept(t *testing.T) {
	t.Parallel()
	now := time.Date(2013, time.December, 1, 0, 0, 0, 0, time.UTC)
	s := assisttest.NewServer(t, assisttest.InMemory(), assisttest.WithDocumentedOrders(), assisttest.WithClock(func() time.Time { return now }))
	cancelXML(t, s, "Billnumber", "5554143265883170", "Amount", "0.11", "Currency", "RUB")
	assert.Equal(t, now, s.Now())
}
