package assist

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// listing is an order service in memory: it lists the operations of one order
// as they are due. It runs on virtual time.
type listing struct {
	mu         sync.Mutex
	operations []listed
	asked      []time.Time
	starts     []string
	clock      time.Duration // how far the server's clock is ahead
	noDate     bool          // no Date header
	delay      time.Duration // of every answer
	fail       func(n int) (status int, body string, header http.Header, err error)
	before     string // XML of orders of earlier attempts
	state      string
}

// listed is one operation, from a moment on.
type listed struct {
	answerOperation
	from time.Time
	done time.Time // the operation is dated here; zero: from
}

func (l *listing) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.asked = append(l.asked, time.Now())
	l.starts = append(l.starts, string(body))
	n, fail, delay := len(l.asked), l.fail, l.delay
	l.mu.Unlock()
	if delay > 0 {
		select {
		case <-time.After(delay):
		case <-req.Context().Done():
			return nil, req.Context().Err()
		}
	}
	status, text, header := http.StatusOK, l.xml(), http.Header{}
	if fail != nil {
		failStatus, failText, failHeader, err := fail(n)
		if err != nil {
			return nil, err
		}
		if failStatus != 0 {
			status, text = failStatus, failText
			if failHeader != nil {
				header = failHeader
			}
		}
	}
	if !l.noDate {
		header.Set("Date", time.Now().Add(l.clock).UTC().Format(http.TimeFormat))
	}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(text)), ContentLength: int64(len(text)), Request: req}, nil
}

func (l *listing) xml() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	state := l.state
	if state == "" {
		state = "Approved"
	}
	var b strings.Builder
	b.WriteString(`<result firstcode="0" secondcode="0" count="1">` + l.before + `<order><ordernumber>n-7</ordernumber><billnumber>5700027202722028</billnumber>` +
		`<orderamount>1.00</orderamount><ordercurrency>RUB</ordercurrency><orderstate>` + state + `</orderstate>`)
	for _, op := range l.operations {
		if op.from.After(now) {
			continue
		}
		if !op.done.IsZero() {
			op.date = op.done.Add(l.clock).UTC().Format(layoutSeconds)
		} else if op.date == "" {
			op.date = op.from.Add(l.clock).UTC().Format(layoutSeconds)
		}
		fmt.Fprintf(&b, `<operation><billnumber>%s</billnumber><operationtype>%s</operationtype><operationstate>%s</operationstate><amount>%s</amount>`+
			`<currency>%s</currency><responsecode>%s</responsecode><operationdate>%s</operationdate></operation>`,
			op.number, op.kind, op.state, op.amount, op.currency, op.code, op.date)
	}
	b.WriteString(`<packetdate>` + now.Add(l.clock).UTC().Format(layoutMinutes) + `</packetdate></order></result>`)
	return b.String()
}

// put lists an operation from a moment on, in place of an earlier one of the
// same number.
func (l *listing) put(op answerOperation, from time.Time) {
	op.date = ""
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.operations {
		if l.operations[i].number == op.number {
			l.operations[i] = listed{op, from, time.Time{}}
			return
		}
	}
	l.operations = append(l.operations, listed{op, from, time.Time{}})
}

func (l *listing) questions() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.asked)
}

func (l *listing) client(t testing.TB, opts ...Option) *Client {
	return mocked(t, l, append([]Option{WithProtocol(Form(FormatXML))}, opts...)...)
}

// inProcess is a cancellation as a token brings it back: never asked about yet.
func inProcess(t testing.TB, numbers ...string) *Cancellation {
	in := Intent{ID: "INTENT", MerchantID: "515089", SentAt: time.Now().UTC(),
		Request: CancelRequest{Billnumber: "5700027202722028", OrderNumber: "n-7", OrderDate: time.Now().UTC().Truncate(time.Second), Amount: rub(t, "0.10")}}
	x := &Cancellation{Intent: in, Order: Order{Billnumber: "5700027202722028", Number: "n-7"}}
	if len(numbers) == 0 {
		numbers = []string{".3"}
	}
	for _, n := range numbers {
		x.Operations = append(x.Operations, Operation{Billnumber: "5700027202722028" + Billnumber(n), Type: OperationCancel,
			State: OperationInProcess, Amount: rub(t, "0.10"), ResponseCode: ResponseInProcess})
	}
	x.Operation = newestOf(x.Operations)
	require.NotEmpty(t, x.Token())
	return x
}
