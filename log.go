package assist

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	"github.com/assist-go/assist/internal/wire"
	"golang.org/x/text/encoding/charmap"
)

// logExchange writes an exchange down. Only what an [Exchange] holds is ever
// logged, and bodies where [DangerouslyLogBodies] asks for them. Nothing is built
// for a level that is off.
func (c *Client) logExchange(ctx context.Context, x *exchanged) {
	if x.reply != nil {
		c.logBody(ctx, x.service, x.reply)
	}
	level := slog.LevelInfo
	if x.err != nil {
		level = slog.LevelWarn
	}
	if c.logger.Enabled(ctx, level) {
		c.logger.LogAttrs(ctx, level, "assist exchange", attrsOf(c.told(ctx, x))...)
	}
}

func attrsOf(e Exchange) []slog.Attr {
	attrs := make([]slog.Attr, 0, 20)
	add := func(a slog.Attr) { attrs = append(attrs, a) }
	addText := func(name, text string) {
		if text != "" {
			add(slog.String(name, text))
		}
	}
	addText("service", e.Service)
	addText("protocol", e.Protocol)
	add(slog.Int("attempt", e.Attempt))
	addText("merchant", e.MerchantID)
	addText("order", e.OrderNumber)
	addText("billnumber", string(e.Billnumber))
	addText("intent", e.IntentID)
	if e.IsCancel() {
		addText("outcome", e.Outcome.String())
	}
	addText("cause", string(e.Cause))
	if e.Operation != "" {
		addText("operation", string(e.Operation))
		addText("response_code", string(e.ResponseCode))
		addText("status", e.Status.String())
	}
	if e.First != 0 || e.Second != 0 {
		add(slog.Int("first_code", e.First))
		add(slog.Int("second_code", e.Second))
	}
	if e.HTTPStatus != 0 {
		add(slog.Int("http_status", e.HTTPStatus))
		add(slog.Int("bytes", e.Bytes))
	}
	add(slog.Duration("duration", e.Duration))
	return attrs
}

// guarded runs code of the caller's that is only told of a result: a log handler,
// a day balance that settles, an observer. By then the result is recorded, and the
// caller must get it, so a panic ends here. It is logged by where it came from; its
// value isn't, for it may hold anything. When it is the log's own there is nowhere
// left to tell of it.
//
// Code whose word is needed (transport, SaveIntent, Reserve, clock) isn't run by
// guarded. Its panic goes through to the caller: before the send nothing has
// happened, and after it the payment stays closed.
func (c *Client) guarded(ctx context.Context, what string, hook func()) {
	defer func() {
		panicked := recover()
		if panicked == nil || c.logger == nil {
			return
		}
		stack := string(debug.Stack())
		defer func() { _ = recover() }()
		c.logger.LogAttrs(ctx, slog.LevelError, "assist: code of the program's own panicked", slog.String("where", what),
			slog.String("type", fmt.Sprintf("%T", panicked)), slog.String("stack", stack))
	}()
	hook()
}

// loggable are the names under which a text of an answer may be shown. All
// other texts are replaced, so that a field of tomorrow is not shown either. A
// mean number is left out: of a wallet it is a telephone number.
var loggable = func() map[string]bool {
	m := make(map[string]bool)
	for _, name := range strings.Fields(`
		billnumber ordernumber testmode orderamount ordercurrency rate orderdate orderstate
		operationtype operationstate amount currency operationdate meantype_id meantypename meansubtype
		issuebank bankcountry responsecode message customermessage recommendation recomendation
		approvalcode protocoltypename protocolname processingname slipno packetdate signature checkvalue
		faultcode faultstring firstcode secondcode count`) {
		m[name] = true
	}
	return m
}()

// maxLoggedBody bounds one record, in bytes.
const maxLoggedBody = 64 << 10

// logBody records an answer for [DangerouslyLogBodies], if it was read to its end.
func (c *Client) logBody(ctx context.Context, s wire.Service, r *reply) {
	body, status := r.text, r.status
	if !c.logBodies || r.received.IsZero() || !c.logger.Enabled(ctx, slog.LevelDebug) {
		return
	}
	c.logger.LogAttrs(ctx, slog.LevelDebug, "assist answer body",
		slog.String("service", s.String()), slog.Int("http_status", status), slog.Int("bytes", len(body)),
		slog.String("body", c.redactedBody(body)))
}

// redactedBody writes an answer again from its parts. What can't be taken apart
// isn't shown, because nothing is known of what stands in it.
func (c *Client) redactedBody(body string) string {
	var shown string
	switch firstByte(body) {
	case '<':
		shown = redactedXML(body)
	case '{', '[':
		shown = redactedJSON(body)
	default:
		shown = fmt.Sprintf("[%d bytes, neither XML nor JSON]", len(body))
	}
	// A credential that the cut would go through is behind what is shown.
	shown = c.keys.seen.Clean(shown[:min(len(shown), maxLoggedBody+maxScrubbed)])
	if len(shown) > maxLoggedBody {
		shown = strings.ToValidUTF8(shown[:maxLoggedBody], "") + "…"
	}
	return shown
}

func redactedText(name, text string) string {
	if text == "" || loggable[strings.ToLower(name)] {
		return text
	}
	return redacted
}

func redactedXML(body string) string {
	decoder := xml.NewDecoder(strings.NewReader(body))
	decoder.Strict = false
	decoder.CharsetReader = func(charset string, input io.Reader) (io.Reader, error) {
		if !strings.EqualFold(charset, "windows-1251") {
			return nil, fmt.Errorf("%w: another encoding", ErrUnreadable)
		}
		return charmap.Windows1251.NewDecoder().Reader(input), nil
	}
	var b strings.Builder
	var open []string
	for {
		token, err := decoder.RawToken()
		if err == io.EOF {
			return b.String()
		}
		if err != nil {
			b.WriteString("[unreadable from here]")
			return b.String()
		}
		switch t := token.(type) {
		case xml.StartElement:
			b.WriteString("<" + t.Name.Local)
			for _, a := range t.Attr {
				fmt.Fprintf(&b, " %s=%q", a.Name.Local, redactedText(a.Name.Local, a.Value))
			}
			b.WriteString(">")
			open = append(open, t.Name.Local)
		case xml.EndElement:
			b.WriteString("</" + t.Name.Local + ">")
			open = open[:max(len(open)-1, 0)]
		case xml.CharData:
			name := ""
			if len(open) > 0 {
				name = open[len(open)-1]
			}
			b.WriteString(redactedText(name, strings.TrimSpace(string(t))))
		}
	}
}

func redactedJSON(body string) string {
	var document any
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&document); err != nil {
		return fmt.Sprintf("[%d bytes of broken JSON]", len(body))
	}
	text, err := json.Marshal(redactedValue("", document))
	if err != nil {
		return fmt.Sprintf("[%d bytes of JSON]", len(body))
	}
	return string(text)
}

// redactedValue replaces all values but those of loggable names. An object or
// an array under such a name hides its own.
func redactedValue(name string, value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key := range v {
			v[key] = redactedValue(key, v[key])
		}
	case []any:
		for i := range v {
			v[i] = redactedValue("", v[i])
		}
	case string:
		return redactedText(name, v)
	case json.Number:
		return redactedText(name, v.String())
	}
	return value
}

// exchanged is what an exchange has left behind, to be told as an [Exchange].
type exchanged struct {
	service      wire.Service
	attempt      int    // counted from 1; 0 where there is only one
	orderNumber  string // of a question
	intent       Intent // of a cancel
	outcome      Outcome
	cancellation *Cancellation
	reply        *reply
	err          error
	began        time.Time
	took         time.Duration
}

// told makes public what is known, and nothing else.
func (c *Client) told(ctx context.Context, x *exchanged) Exchange {
	e := Exchange{
		Service: x.service.String(), Protocol: c.protocol.forService(x.service).String(), URL: c.requests[x.service].URL.String(),
		MerchantID: c.keys.merchantID, OrderNumber: x.orderNumber,
		Cause: causeIn(x.err), Attempt: max(x.attempt, 1), Start: x.began, Duration: x.took,
	}
	if x.service == wire.Cancel {
		e.Outcome, e.IntentID = x.outcome, x.intent.ID
		e.OrderNumber, e.Billnumber = x.intent.Request.OrderNumber, x.intent.Request.Billnumber
	} else if about, ok := ctx.Value(exchangeSubjectKey{}).(exchangeSubject); ok {
		e.Billnumber, e.IntentID = about.billnumber, about.intentID
	}
	if x.cancellation != nil {
		// Accepted means that the code is one of the table's, so no foreign text.
		own := x.cancellation.Operation
		e.Operation, e.ResponseCode, e.Status = own.Billnumber, own.ResponseCode, x.cancellation.Status
	}
	if api, ok := codesOf(x.err); ok {
		e.First, e.Second = api.First, api.Second
	}
	if x.reply != nil {
		e.HTTPStatus, e.Bytes = x.reply.status, x.reply.size
	}
	return e
}

// observed tells the logger and the observers of an exchange. Nothing is built
// when nobody listens.
func (c *Client) observed(ctx context.Context, x exchanged) {
	x.took = time.Since(x.began)
	if c.logger != nil {
		c.guarded(ctx, "log handler", func() { c.logExchange(ctx, &x) })
	}
	if len(c.observers) == 0 {
		return
	}
	e := c.told(ctx, &x)
	for _, observe := range c.observers {
		c.guarded(ctx, "observer", func() { observe(ctx, e) })
	}
}
