package assist

import (
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The two answers that Assist's notes on e-wallet refunds show, as they stand.
func sample(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	return string(text)
}

func TestWebMoneySample(t *testing.T) {
	t.Parallel()
	x, err := mocked(t, answering(http.StatusOK, sample(t, "webmoney_cancel.xml"))).Cancel(t.Context(), webMoneyRequest(t))
	require.NoError(t, err)
	assert.Equal(t, InProcess, x.Status)
	assert.Equal(t, []Operation{x.Operation}, x.Operations)
	assert.Equal(t, Operation{
		Billnumber:      "5700027202722028.3",
		Type:            OperationCancel,
		State:           OperationInProcess,
		Amount:          rub(t, "0.10"),
		Date:            time.Date(2013, 10, 24, 13, 58, 21, 0, time.UTC),
		ResponseCode:    ResponseInProcess,
		MeanTypeID:      30,
		BankCountry:     "UNKNOWN",
		IPAddress:       "10.20.10.85",
		CustomerMessage: "В процессе обработки",
		ProcessingName:  "WebMoney",
	}, x.Operation)
	assert.Equal(t, WebMoney, WalletOf(x.Operation.MeanTypeID))
	order := x.Order
	assert.Contains(t, order.Signature, "kA0DAAIRzfHw5YyCWOE")
	order.Signature, order.Operations = "", nil
	assert.Equal(t, Order{
		Billnumber: "5700027202722028",
		Number:     "2013.10.23-700027-5",
		Comment:    "тестовый платеж",
		Amount:     rub(t, "1.00"),
		Rate:       "1",
		Date:       time.Date(2013, 10, 23, 12, 59, 44, 0, time.UTC),
		State:      OrderPartialCanceled,
		Customer:   Customer{FirstName: "Test", LastName: "Testov", MiddleName: "T.", Email: "test@test.ru"},
		PacketDate: time.Date(2013, 10, 23, 13, 58, 37, 0, time.UTC),
	}, order)
	assert.True(t, order.State.Known())
	assert.True(t, x.Operation.State.Known())
	assert.True(t, x.Operation.Type.Known())
}

func TestQIWISample(t *testing.T) {
	t.Parallel()
	x, err := mocked(t, answering(http.StatusOK, sample(t, "qiwi_cancel.xml"))).Cancel(t.Context(), CancelRequest{
		Billnumber:  "5554143265883170",
		OrderNumber: "28042010_fffffffffffsd",
		Amount:      rub(t, "0.11"),
	})
	require.NoError(t, err)
	assert.Equal(t, Succeeded, x.Status)
	assert.Equal(t, Billnumber("5554143265883170.4"), x.Operation.Billnumber)
	assert.Equal(t, ResponseDone, x.Operation.ResponseCode)
	assert.Equal(t, OperationSuccess, x.Operation.State)
	assert.Equal(t, rub(t, "0.11"), x.Operation.Amount)
	assert.Equal(t, "Завершено успешно.", x.Operation.CustomerMessage)
	assert.Equal(t, QIWI, WalletOf(x.Operation.MeanTypeID))
	assert.Equal(t, time.Date(2014, 1, 28, 14, 30, 1, 0, time.UTC), x.Operation.Date)
	assert.Equal(t, time.Date(2014, 1, 28, 14, 30, 2, 0, time.UTC), x.Order.PacketDate)
	assert.Equal(t, rub(t, "2.00"), x.Order.Amount)
	assert.False(t, x.Order.TestMode)
	assert.Equal(t, "succeeded", x.Status.String())
	assert.Equal(t, "in process", InProcess.String())
}
