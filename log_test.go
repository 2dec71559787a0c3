package assist

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assist-go/assist/internal/wire"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// logged reads the records that a test wrote as JSON.
func logged(t testing.TB, log *bytes.Buffer) (records []map[string]any) {
	t.Helper()
	for line := range strings.Lines(log.String()) {
		var record map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &record))
		delete(record, "time")
		records = append(records, record)
	}
	return records
}

func TestLogOfACancel(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		want       map[string]any // beside service, protocol, billnumber, attempt, status, duration
	}{
		{"accepted", soapAnswer(cancelled()), map[string]any{
			"level": "INFO", "outcome": "accepted", "operation": "5700027202722028.3", "response_code": "AS000", "status": "succeeded",
		}},
		{"in process", soapAnswer(coded("In Process", "AS300")), map[string]any{
			"level": "INFO", "outcome": "accepted", "operation": "5700027202722028.3", "response_code": "AS300", "status": "in process",
		}},
		{"refused", codesFault(7, 102), map[string]any{"level": "WARN", "outcome": "rejected", "cause": "codes", "first_code": 7., "second_code": 102.}},
		{"declined", soapAnswer(coded("Declined", "AS102")), map[string]any{"level": "WARN", "outcome": "rejected", "cause": "declined"}},
		{"unknown", "<html>", map[string]any{"level": "WARN", "outcome": "unknown", "cause": "unreadable"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			c := mocked(t, answering(http.StatusOK, test.body), WithLogger(slog.New(slog.NewJSONHandler(&log, nil))))
			_, _ = c.Cancel(t.Context(), webMoneyRequest(t))
			records := logged(t, &log)
			require.Len(t, records, 1, "one record per exchange")
			record := records[0]
			assert.NotZero(t, record["duration"])
			delete(record, "duration")
			assert.NotEmpty(t, record["intent"])
			delete(record, "intent")
			maps.Copy(test.want, map[string]any{
				"msg": "assist exchange", "service": "wscancel", "protocol": "soap", "attempt": 1., "merchant": "515089", "order": "2013.10.23-700027-5", "billnumber": "5700027202722028",
				"http_status": 200., "bytes": float64(len(test.body)),
			})
			assert.Equal(t, test.want, record)
		})
	}
}

func TestLogCountsTheAttemptsOfAQuestion(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	answers := []string{codesXML(5, 4), codesXML(5, 4), orderXML("5700027202722028", "")}
	c := asked(t, func(url.Values) string {
		defer func() { answers = answers[1:] }()
		return answers[0]
	}, WithLogger(slog.New(slog.NewJSONHandler(&log, nil))), WithClock(func() time.Time { return now }))
	_, err := c.OrderResult(t.Context(), OrderQuery{OrderNumber: "n-7"})
	require.NoError(t, err)
	var attempts []any
	for _, record := range logged(t, &log) {
		attempts = append(attempts, record["attempt"])
		assert.Equal(t, "orderresult", record["service"])
		assert.NotContains(t, record, "outcome", "a question has none")
	}
	assert.Equal(t, []any{1., 2., 3.}, attempts)
}

// deafHandler is never asked to write, and says so when it is.
type deafHandler struct {
	slog.Handler
	t testing.TB
}

func (deafHandler) Enabled(context.Context, slog.Level) bool { return false }

func (h deafHandler) Handle(context.Context, slog.Record) error {
	h.t.Error("a record was built for a level that is off")
	return nil
}

// It stands alone (it isn't parallel), because it counts allocations.
func TestNothingIsBuiltForALevelThatIsOff(t *testing.T) {
	c := mocked(t, answering(http.StatusOK, soapAnswer(cancelled())), WithLogger(slog.New(deafHandler{slog.DiscardHandler, t})), DangerouslyLogBodies())
	_, err := c.Cancel(t.Context(), webMoneyRequest(t))
	require.NoError(t, err)
	record := exchanged{service: wire.Cancel, reply: &reply{}, err: &APIError{First: 7}}
	assert.Zero(t, testing.AllocsPerRun(100, func() { c.observed(t.Context(), record) }))
}

func TestBodiesAreLoggedOnlyOnDemand(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		level slog.Level
		opts  []Option
		want  int
	}{
		"not asked for":       {slog.LevelDebug, nil, 1},
		"asked for":           {slog.LevelDebug, []Option{DangerouslyLogBodies()}, 2},
		"but debug is not on": {slog.LevelInfo, []Option{DangerouslyLogBodies()}, 1},
	} {
		var log bytes.Buffer
		opts := append(test.opts, WithLogger(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: test.level}))))
		_, err := mocked(t, answering(http.StatusOK, soapAnswer(cancelled())), opts...).Cancel(t.Context(), webMoneyRequest(t))
		require.NoError(t, err)
		assert.Len(t, logged(t, &log), test.want, name)
	}
}

func TestBodiesNeedALogger(t *testing.T) {
	t.Parallel()
	_, err := NewClient(testBase, testCredentials(), DangerouslyLogBodies())
	var wrong *ValidationError
	require.ErrorAs(t, err, &wrong)
	assert.Equal(t, "DangerouslyLogBodies", wrong.Field)
	logger := WithLogger(slog.New(slog.DiscardHandler))
	for _, opts := range [][]Option{{DangerouslyLogBodies(), logger}, {logger, DangerouslyLogBodies()}} {
		_, err := NewClient(testBase, testCredentials(), opts...)
		require.NoError(t, err, "in either order")
	}
}

func TestRedactedBodies(t *testing.T) {
	t.Parallel()
	c := mocked(t, answering(http.StatusOK, ""))
	tests := []struct{ name, body, want string }{
		{"XML", "<a><responsecode> AS000 </responsecode><cardholder>IVAN PETROV</cardholder><cardholder/></a>",
			"<a><responsecode>AS000</responsecode><cardholder>[redacted]</cardholder><cardholder></cardholder></a>"},
		{"CDATA and entities", "<a><lastname><![CDATA[PETROV]]></lastname><message>a &lt; b</message></a>", "<a><lastname>[redacted]</lastname><message>a < b</message></a>"},
		{"attributes", `<result firstcode='0' holder="PETROV"></result>`, `<result firstcode="0" holder="[redacted]"></result>`},
		{"comments go", "<a><!-- PETROV --><?x PETROV?></a>", "<a></a>"},
		{"broken XML", "<a><message>b</message><cardholder>PETROV</card", "<a><message>b</message><cardholder>[redacted][unreadable from here]"},
		{"text between", "<a>PETROV<message>b</message>PETROV</a>", "<a>[redacted]<message>b</message>[redacted]</a>"},
		{"behind the end", "<a></a></a>PETROV", "<a></a></a>[redacted]"},
		{"windows-1251", "<?xml version=\"1.0\" encoding=\"windows-1251\"?><message>\xcd\xe5\xf2</message>", "<message>Нет</message>"},
		{"another encoding", "<?xml version=\"1.0\" encoding=\"koi8-r\"?><message>\xcd</message>", "[unreadable from here]"},
		{"JSON", `{"order":{"message":"b","amount":1.10,"lastname":"PETROV","meannumber":4321,"testmode":true,"rate":null},"list":["PETROV",7]}`,
			`{"list":["[redacted]","[redacted]"],"order":{"amount":"1.10","lastname":"[redacted]","meannumber":"[redacted]","message":"b","rate":null,"testmode":true}}`},
		{"JSON below a harmless name", `{"message":["PETROV",{"x":"PETROV"}]}`, `{"message":["[redacted]",{"x":"[redacted]"}]}`},
		{"broken JSON", `{"a":"PETROV"`, "[13 bytes of broken JSON]"},
		{"CSV", "cardholder: PETROV;", "[19 bytes, neither XML nor JSON]"},
		{"nothing", "", "[0 bytes, neither XML nor JSON]"},
		{"a credential under a harmless name", "<message>no " + planted + " of " + testLogin + "</message>", "<message>no [redacted] of [redacted]</message>"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, c.redactedBody(test.body))
		})
	}
	assert.LessOrEqual(t, len(c.redactedBody("<message>"+strings.Repeat("ы", maxLoggedBody)+"</message>")), maxLoggedBody+len("…"))
}

// A field of tomorrow that is personal must not be shown by default.
func TestPersonalFieldsAreNotLoggable(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"cardholder", "cardexpirationdate", "meannumber", "firstname", "lastname", "middlename", "email",
		"ipaddress", "clientip", "ordercomment", "login", "password", "merchant_id", ""} {
		assert.False(t, loggable[name], name)
	}
	assert.Contains(t, slices.Collect(maps.Keys(loggable)), "responsecode")
}
