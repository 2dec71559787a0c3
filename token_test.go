package assist

import (
	"database/sql"
	"database/sql/driver"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func fullIntent(t testing.TB) Intent {
	date := time.Date(2013, 10, 23, 12, 59, 44, 0, time.UTC)
	return Intent{
		ID: "ABCDEFGHIJKLMNOPQRSTUVWXYZ", MerchantID: "515089",
		SentAt:   time.Date(2013, 10, 24, 13, 58, 21, 123456789, time.UTC),
		Before:   []Billnumber{"5700027202722028.1", "5700027202722028.2"},
		LookedAt: time.Date(2013, 10, 24, 13, 58, 20, 0, time.UTC),

		ServerSentAt: time.Date(2013, 10, 24, 13, 58, 21, 234567890, time.UTC), ServerSlack: 1300 * time.Millisecond,
		Request: CancelRequest{
			Billnumber: "5700027202722028.1", OrderNumber: "2013.10.23-700027-5", OrderDate: date, Amount: rub(t, "0.10"),
			Reason: ReasonFraud, ExternalRefundID: "refund_07-A",
			Order: &Order{Billnumber: "5700027202722028", Number: "2013.10.23-700027-5",
				Operations: []Operation{{Billnumber: "5700027202722028.1"}}},
		},
	}
}

func TestIntentToken(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*Intent){
		"everything":        func(*Intent) {},
		"no date":           func(in *Intent) { in.Request.OrderDate = time.Time{} },
		"before unknown":    func(in *Intent) { in.Before = nil },
		"no server's clock": func(in *Intent) { in.LookedAt, in.ServerSentAt, in.ServerSlack = time.Time{}, time.Time{}, 0 },
		"nothing before":    func(in *Intent) { in.Before = []Billnumber{} },
		"full":              func(in *Intent) { in.Full, in.Request.Amount = true, Money{} },
		"no order":          func(in *Intent) { in.Request.Order = nil },
		"order in Russian":  func(in *Intent) { in.Request.OrderNumber = "заказ 7"; in.Request.Order = nil },
		"plain billnumbers": func(in *Intent) { in.Before = []Billnumber{"5700027202722028"} },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := fullIntent(t)
			change(&in)
			token := in.Token()
			back, err := ParseIntent(token)
			require.NoError(t, err)
			assert.Equal(t, in, back)
			assert.Less(t, len(token), 600, "compact")
			for _, r := range token {
				assert.True(t, r > ' ' && r < 0x7f, "printable")
			}
		})
	}
}

// What was stored by earlier versions of this package stays readable, and can be
// resolved. The texts in testdata/tokens are never made anew.
func TestStoredTokensStayReadable(t *testing.T) {
	t.Parallel()
	stored := func(name string) string {
		text, err := os.ReadFile("testdata/tokens/" + name + ".txt")
		require.NoError(t, err)
		return string(text)
	}
	// As they were before the send was known by the server's clock.
	want := fullIntent(t)
	want.ServerSentAt, want.ServerSlack = time.Time{}, 0
	for name, change := range map[string]func(*Intent){
		"intent_looked":              func(*Intent) {},
		"intent_blind":               func(in *Intent) { in.Before, in.LookedAt, in.Request.Order = nil, time.Time{}, nil },
		"intent_looked_at_nothing":   func(in *Intent) { in.Before = []Billnumber{} },
		"intent_looked_without_date": func(in *Intent) { in.LookedAt = time.Time{} },
		"intent_full": func(in *Intent) {
			in.Full, in.Request.Amount, in.Request.Billnumber = true, Money{}, "5700027202722028"
		},
	} {
		in, err := ParseIntent(stored(name))
		require.NoError(t, err, name)
		want := want
		change(&want)
		assert.Equal(t, want, in, name)
		again, err := ParseIntent(in.Token())
		require.NoError(t, err, name)
		assert.Equal(t, in, again, name)

		l := &listing{}
		payment := numbered(".1").with(func(op *answerOperation) { op.kind, op.amount = "100", "1.00" })
		for _, op := range []answerOperation{payment, numbered(".2"), cancelled().with(func(op *answerOperation) {
			if in.Full {
				op.amount = "0.90"
			}
		})} {
			l.put(op, time.Time{})
			l.operations[len(l.operations)-1].done = in.SentAt.Add(time.Second)
		}
		r, err := l.client(t).Resolve(t.Context(), in)
		require.NoError(t, err, name)
		switch name {
		case "intent_blind":
			assert.Equal(t, Unknown, r.Outcome, name)
			assert.Len(t, r.Candidates, 2, name)
		case "intent_looked_at_nothing":
			assert.Equal(t, Unknown, r.Outcome, name)
			assert.Len(t, r.Candidates, 2, name)
		default:
			require.Equal(t, Accepted, r.Outcome, "%s: %v %v", name, r.Candidates, r.Missing)
			assert.Equal(t, Billnumber("5700027202722028.3"), r.Cancellation.Operation.Billnumber, name)
		}
	}
	for name, numbers := range map[string][]Billnumber{
		"cancellation_in_process": {"5700027202722028.3", "5700027202722028.4"}, "cancellation_unnumbered": {"5700027202722028"},
	} {
		l := &listing{}
		c := l.client(t)
		x, err := c.Resume(stored(name))
		require.NoError(t, err, name)
		own := make([]Billnumber, len(x.Operations))
		for i, op := range x.Operations {
			own[i] = op.Billnumber
			l.put(numbered(strings.TrimPrefix(string(op.Billnumber), "5700027202722028")), time.Time{})
		}
		assert.Equal(t, numbers, own, name)
		followed, err := c.Refresh(t.Context(), x)
		require.NoError(t, err, name)
		assert.Equal(t, Succeeded, followed.Status, name)
	}
}

func TestTokensHoldNothingPersonal(t *testing.T) {
	t.Parallel()
	req := webMoneyRequest(t)
	req.ClientIP = netip.MustParseAddr("192.0.2.77")
	req.ChequeItems = []ChequeItem{{ID: 1, Name: "таблетки", Price: rub(t, "0.10"), Quantity: "1", Amount: rub(t, "0.10")}}
	req.Order = &Order{Billnumber: req.Billnumber, Number: req.OrderNumber, Comment: "comment", Customer: Customer{FirstName: "Ivan", Email: "ivan@shop.example"},
		Operations: []Operation{{Billnumber: req.Billnumber + ".1", CardHolder: "IVAN PETROV", IPAddress: "192.0.2.78", MeanNumber: "4111****1111"}}}
	x, err := mocked(t, answering(200, soapAnswer(cancelled()))).Cancel(t.Context(), req)
	require.NoError(t, err)
	for _, token := range []string{x.Token(), x.Intent.Token()} {
		_, packed, _ := strings.Cut(token, ".")
		text, err := base64.RawURLEncoding.DecodeString(packed)
		require.NoError(t, err)
		for _, secret := range []string{"192.0.2", "таблетки", "van", "VAN", "comment", "4111", planted, testLogin} {
			assert.NotContains(t, string(text), secret)
		}
		assert.Contains(t, string(text), "515089", "it names the merchant")
	}
}

func TestCancellationToken(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"in process": soapAnswer(coded("In Process", "AS300")),
		"finished":   soapAnswer(cancelled()),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := mocked(t, answering(200, body))
			x, err := c.Cancel(t.Context(), webMoneyRequest(t))
			require.NoError(t, err)
			back, err := c.Resume(x.Token())
			require.NoError(t, err)
			assert.Equal(t, x.Status, back.Status)
			assert.Equal(t, x.Intent, back.Intent)
			assert.Equal(t, x.Operation.Billnumber, back.Operation.Billnumber)
			assert.Equal(t, x.Operation.Amount, back.Operation.Amount)
			assert.Equal(t, x.Operation.ResponseCode, back.Operation.ResponseCode)
			assert.Equal(t, x.Order.Date, back.Order.Date)
			assert.Equal(t, x.Token(), back.Token(), "a token of a token is the same")

			other, err := NewClient(testBase, Credentials{MerchantID: "111111", Login: "l", Password: NewSecret("p")})
			require.NoError(t, err)
			_, err = other.Resume(x.Token())
			require.ErrorIs(t, err, ErrToken)
			assert.ErrorContains(t, err, "515089")
		})
	}
}

func TestWrongTokens(t *testing.T) {
	t.Parallel()
	in := fullIntent(t)
	token := in.Token()
	c := mocked(t, answering(200, ""))
	tests := map[string]string{
		"empty":           "",
		"no token":        "hello",
		"another kind":    strings.Replace(token, intentTokenKind, cancellationTokenKind, 1),
		"newer version":   strings.Replace(token, intentTokenKind, "assist-intent-2", 1),
		"cut":             token[:len(token)-3],
		"one letter":      token[:30] + "_" + token[31:],
		"kind alone":      intentTokenKind + ".",
		"another amount":  changedInside(t, token, "0.10", "0.90"),
		"too long":        token + strings.Repeat("A", maxTokenSize),
		"not JSON":        sealToken(intentTokenKind, "x"),
		"no id":           sealToken(intentTokenKind, func() intentToken { s := in.token(); s.ID = ""; return s }()),
		"no billnumber":   sealToken(intentTokenKind, func() intentToken { s := in.token(); s.Billnumber = ""; return s }()),
		"no amount":       sealToken(intentTokenKind, func() intentToken { s := in.token(); s.Amount = Money{}; return s }()),
		"wrong operation": sealToken(intentTokenKind, func() intentToken { s := in.token(); s.Before = []int{-1}; return s }()),
		"negative slack":  sealToken(intentTokenKind, func() intentToken { s := in.token(); s.Slack = -1; return s }()),
		"wrong known":     sealToken(intentTokenKind, func() intentToken { s := in.token(); s.Known = []int{1e9}; return s }()),
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ParseIntent(text)
			require.ErrorIs(t, err, ErrToken)
			assert.Equal(t, Unknown, OutcomeOf(err))
		})
	}
	for name, content := range map[string]cancellationToken{
		"no operations":   {Intent: in.token()},
		"wrong status":    {Intent: in.token(), Status: 7, Operations: []operationToken{{Number: 3}}},
		"wrong operation": {Intent: in.token(), Operations: []operationToken{{Number: -3}}},
		"no intent":       {Operations: []operationToken{{Number: 3}}},
	} {
		_, err := c.Resume(sealToken(cancellationTokenKind, content))
		require.ErrorIs(t, err, ErrToken, name)
	}
	_, err := c.Resume(token)
	require.ErrorIs(t, err, ErrToken)
}

// changedInside changes the text of a token and leaves its checksum.
func changedInside(t testing.TB, token, from, to string) string {
	kind, packed, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(packed)
	require.NoError(t, err)
	changed := strings.Replace(string(raw), from, to, 1)
	require.NotEqual(t, string(raw), changed)
	return kind + "." + base64.RawURLEncoding.EncodeToString([]byte(changed))
}

// An intent that was saved must be readable again, however many operations its
// look has listed; what is larger than that isn't looked into.
func TestSizeOfATokenIsBounded(t *testing.T) {
	t.Parallel()
	in := fullIntent(t)
	list := func(n int) {
		in.Before = nil
		for i := range n {
			in.Before = append(in.Before, claimedPayment+Billnumber(fmt.Sprint(".", 999_999-i)))
		}
	}
	list(7_500)
	back, err := ParseIntent(in.Token())
	require.NoError(t, err)
	assert.Equal(t, in, back)
	list(20_000)
	_, err = ParseIntent(in.Token())
	require.ErrorIs(t, err, ErrToken)
	assert.ErrorContains(t, err, "too long")
}

func FuzzParseIntent(f *testing.F) {
	f.Add(fullIntent(f).Token())
	f.Add("assist-intent-1.AAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, text string) {
		in, err := ParseIntent(text)
		if err != nil {
			return
		}
		if again, err := ParseIntent(in.Token()); err != nil || again.ID != in.ID {
			t.Fatalf("%q became %v, %v", text, again, err)
		}
	})
}

func FuzzIntentContent(f *testing.F) {
	f.Add([]byte(`{"id":"a","m":"1","b":"5700027202722028","o":"n","a":"0.10 RUB","s":1}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		in, err := ParseIntent(sealRaw(intentTokenKind, text))
		if err != nil {
			return
		}
		if again, err := ParseIntent(in.Token()); err != nil || again.Request.Billnumber != in.Request.Billnumber {
			t.Fatalf("%q became %v, %v", text, again, err)
		}
	})
}

func storedIntents(t testing.TB) map[string]Intent {
	in := Intent{
		ID: "PKZ7W2", MerchantID: "515089", Request: webMoneyRequest(t), Before: []Billnumber{"5700027202722028.1"},
		SentAt: time.Date(2026, 1, 2, 3, 4, 5, 678, time.UTC), LookedAt: time.Date(2026, 1, 2, 3, 4, 4, 0, time.UTC),
	}
	full := in
	full.Full, full.Request.Amount, full.Before = true, Money{}, nil
	none := in
	none.Before = []Billnumber{}
	known := in
	known.Request.Order = &Order{Billnumber: "5700027202722028", Number: in.Request.OrderNumber, Operations: []Operation{{Billnumber: "5700027202722028.2"}}}
	return map[string]Intent{"part": in, "full": full, "without operations before": none, "with an order": known, "zero": {}}
}

func TestIntentAsAValue(t *testing.T) {
	t.Parallel()
	for name, in := range storedIntents(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			type document struct {
				Intent Intent
			}
			text, err := json.Marshal(document{in})
			require.NoError(t, err)
			if name == "zero" {
				assert.JSONEq(t, `{"Intent":""}`, string(text))
			} else {
				assert.JSONEq(t, `{"Intent":"`+in.Token()+`"}`, string(text))
			}
			var back document
			require.NoError(t, json.Unmarshal(text, &back))
			assert.Equal(t, in, back.Intent)
			assert.True(t, in.Equal(back.Intent))

			text, err = xml.Marshal(document{in})
			require.NoError(t, err)
			back = document{}
			require.NoError(t, xml.Unmarshal(text, &back))
			assert.Equal(t, in, back.Intent)

			stored, err := driver.DefaultParameterConverter.ConvertValue(in)
			require.NoError(t, err)
			assert.Equal(t, name == "zero", stored == nil, "no intent is NULL, and nothing else is")
			column := sql.Null[Intent]{V: Intent{ID: "another"}}
			require.NoError(t, column.Scan(stored))
			assert.Equal(t, in, column.V)
			if token, ok := stored.(string); ok {
				require.NoError(t, column.Scan([]byte(token)))
				assert.Equal(t, in, column.V)
			}
		})
	}
}

// The JSON of an intent was an object of its fields once, and somebody may have
// stored that.
func TestIntentOfOldJSON(t *testing.T) {
	t.Parallel()
	const stored = `{"ID":"PKZ7W2","MerchantID":"515089","Request":{"Billnumber":"5700027202722028","OrderNumber":"2013.10.23-700027-5",` +
		`"OrderDate":"2013-10-23T12:59:44Z","Amount":"0.10 RUB","Reason":0,"ClientIP":"","ExternalRefundID":"","ChequeItems":null,"Order":null},` +
		`"Full":false,"SentAt":"2026-01-02T03:04:05.000000678Z","Before":["5700027202722028.1"],"LookedAt":"2026-01-02T03:04:04Z"}`
	var in Intent
	require.NoError(t, json.Unmarshal([]byte(stored), &in))
	assert.Equal(t, storedIntents(t)["part"], in)
}

func TestIntentThatCantBeRead(t *testing.T) {
	t.Parallel()
	kept := storedIntents(t)["part"]
	token := kept.Token()
	for _, wrong := range []string{`"x"`, `17`, `[]`, `{}`, `{"ID":7}`, `"` + token[:len(token)-4] + `"`, `"assist-cancel-1.` + token[16:] + `"`} {
		in := kept
		require.ErrorIs(t, json.Unmarshal([]byte(wrong), &in), ErrToken, wrong)
		assert.Equal(t, kept, in, "what can't be read changes nothing")
	}
	for _, wrong := range []any{int64(1), 1.5, true, "x", []byte(token[:40]), time.Time{}} {
		in := kept
		require.ErrorIs(t, in.Scan(wrong), ErrToken, "%v", wrong)
		assert.Equal(t, kept, in)
	}
	require.NoError(t, json.Unmarshal([]byte("null"), &kept), "null leaves a value as it is, as json does everywhere")
	assert.False(t, kept.Equal(Intent{}))
}

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
