package assisttest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func secretOf(text string) assist.Secret { return assist.NewSecret(text) }

// dates of the answer to a cancel of 1.00: of the header, the operation and the
// packet.
func datesOf(t *testing.T, s *assisttest.Server, path string, order assist.Order) [3]string {
	t.Helper()
	answer, err := postForm(s, path, "Billnumber", string(order.Billnumber), "Amount", "1.00", "Currency", "RUB", "Format", "3")
	require.NoError(t, err)
	operations := parse(t, answer.body).at("order", "operation")
	require.NotEmpty(t, operations, answer.body)
	return [3]string{
		answer.header.Get("Date"), operations[len(operations)-1].text("operationdate"), parse(t, answer.body).text("packetdate"),
	}
}

func TestClocksApart(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory())
	s.StandAt(time.Date(2024, time.May, 10, 9, 0, 0, 0, time.UTC))
	order := s.Pay(assisttest.Payment{})
	together := [3]string{"Fri, 10 May 2024 09:00:00 GMT", "10.05.2024 09:00:00", "10.05.2024 09:00:00"}
	apart := [3]string{"Fri, 10 May 2024 09:00:30 GMT", "10.05.2024 12:00:00", "10.05.2024 08:57:00"}
	offsets := assisttest.Offsets{Date: 30 * time.Second, Operation: 3 * time.Hour, Packet: -3 * time.Minute}
	assert.Equal(t, together, datesOf(t, s, pathCancel, order))

	s.SetOffsets(offsets)
	assert.Equal(t, apart, datesOf(t, s, pathCancel, order))
	s.SetOffsets(assisttest.Offsets{})
	s.Next(assisttest.OnHost(offsets))
	assert.Equal(t, apart, datesOf(t, s, pathCancel, order), "a balancer chose that host for one request")
	assert.Equal(t, together, datesOf(t, s, pathCancel, order))

	s.AddHost("/b", offsets)
	s.AddHost("b/c/", assisttest.Offsets{Date: time.Minute})
	assert.Equal(t, apart, datesOf(t, s, "/b"+pathCancel, order))
	assert.Equal(t, "Fri, 10 May 2024 09:01:00 GMT", datesOf(t, s, "/b/c"+pathCancel, order)[0])
	assert.Equal(t, apart, datesOf(t, s, "/b/d"+pathCancel, order), "below its path")
	assert.Equal(t, together, datesOf(t, s, "/bb"+pathCancel, order), "another path is the main host's")

	now, _ := s.Order(order.Billnumber)
	assert.Equal(t, rub(t, "8.00"), s.Moved(order.Billnumber), "all hosts work on the same money")
	assert.Equal(t, s.Now().Add(3*time.Hour), now.Operations[2].Date, "an operation keeps the date that it was given")
	assert.Equal(t, s.Now(), s.Now().Truncate(time.Hour))
}

// The rules go by the server's clock: a host whose operations are dated three
// hours ahead bans no wallet for a day that has not come.
func TestRulesGoByTheServersClock(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory(), assisttest.WithOpeningBalance(assist.YandexMoney, rub(t, "50.00")))
	s.StandAt(time.Date(2024, time.May, 10, 20, 0, 0, 0, time.UTC))
	s.SetOffsets(assisttest.Offsets{Operation: 3 * time.Hour})
	order := s.Pay(assisttest.Payment{MeanTypeID: yandexMoney, PaidAt: s.Now().AddDate(0, 0, -1)})
	first, _ := cancelXML(t, s, "Billnumber", string(order.Billnumber), "Amount", "50.01", "Currency", "RUB")
	assert.Equal(t, "5/108", first)
	cancelXML(t, s, "Billnumber", string(order.Billnumber), "Amount", "50.00", "Currency", "RUB")
	assert.True(t, s.DayBalance(assist.YandexMoney, "RUB").IsZero(), "it counts for the day that it is")
	s.Advance(time.Hour)
	assert.Equal(t, rub(t, "50.00"), s.DayBalance(assist.YandexMoney, "RUB"))
}

func TestClocksInABubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := assisttest.NewServer(t, assisttest.InMemory())
		s.AddHost("/b", assisttest.Offsets{Date: -time.Minute})
		client, err := assist.NewClient(s.URL+"/b", s.Credentials(), assist.WithHTTPClient(s.HTTPClient()))
		require.NoError(t, err)
		order := s.Pay(assisttest.Payment{})
		_, err = client.OrderResult(t.Context(), assist.OrderQuery{OrderNumber: order.Number, From: order.Date.Add(-time.Hour)})
		require.NoError(t, err)
		assert.Equal(t, "/b"+pathResult, s.Requests()[0].Path)
		began := s.Now()
		time.Sleep(48 * time.Hour)
		assert.Equal(t, began.Add(48*time.Hour), s.Now())
	})
}
