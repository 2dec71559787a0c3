package assist

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/assist-go/assist/internal/charset"
	"github.com/assist-go/assist/internal/poll"
	"github.com/assist-go/assist/internal/wire"
)

// NotificationOption changes how a [Client.NotificationHandler] answers.
type NotificationOption func(*notificationHandler)

// UnavailableInTrouble answers a passing trouble with HTTP 503 and no packet,
// where the handler would otherwise close the connection without an answer. It
// is for servers in which something around the handler catches panics and
// answers in its stead. The documents promise a repetition after silence alone
// (protocol §8); whether Assist takes a 503 for silence is not documented.
func UnavailableInTrouble() NotificationOption {
	return func(h *notificationHandler) { h.unavailable = true }
}

// NotificationHandler receives Assist's notifications of results (protocol §8)
// by form POST; those by SOAP are refused. A notification is never believed: it
// must satisfy every [WithVerifier] and name this client's merchant, and then
// order results are asked for its order, by a question that begins after it has
// arrived. Only when these show the same payment, order number, amount, currency
// and operation is handle called, with the order as order results show it.
// Nothing of the notification itself reaches handle.
//
// Assist repeats a notification only while it gets no answer: up to eight times
// within four hours. So there are three answers:
//
//   - Taken, when handle gave nil.
//   - A failure, after which Assist doesn't come again, to what will never be
//     right: no form, too large, not proved to be Assist's, another merchant's, or
//     contradicted by order results.
//   - None, in a trouble that passes: handle gave an error or panicked, order
//     results couldn't be asked or don't list the operation yet, or a minute was
//     over. The handler then panics with [http.ErrAbortHandler], so that net/http
//     closes the connection (over HTTP/2: resets the stream). What catches panics
//     around it must let this one through, as net/http and http.TimeoutHandler do;
//     where it doesn't, see [UnavailableInTrouble].
//
// Handle must tolerate being called several times for one order, and from several
// goroutines. Its context is the request's. Timeouts are not notified, and
// cancels only if the merchant's settings say so, so notifications never replace
// asking.
//
// The handler reads at most 64 KiB, gives reading and asking a minute together,
// and asks eight questions at once at most; notifications of one order share
// them. A form that a middleware has parsed already ([http.Request.ParseForm])
// and texts in windows-1251 are taken.
//
// A client without a verifier is refused with a [*ValidationError]: anybody can
// post to a URL. Failures and troubles are logged by [WithLogger] with the step
// alone, and a panic of handle with its stack. Without a logger such a panic goes
// on to net/http, which prints it and closes the connection too.
func (c *Client) NotificationHandler(handle func(context.Context, Order) error, opts ...NotificationOption) (http.Handler, error) {
	switch {
	case handle == nil:
		return nil, invalid("handle", "must not be nil")
	case len(c.verifiers) == 0:
		return nil, invalid("Verifier", "is needed to receive notifications: see WithVerifier")
	}
	h := &notificationHandler{client: c, handle: handle, asking: poll.Gates{make(poll.Gate, notificationsAtOnce), c.questions}}
	for _, opt := range opts {
		if opt == nil {
			return nil, invalid("NotificationOption", "must not be nil")
		}
		opt(h)
	}
	return h, nil
}

type notificationHandler struct {
	client      *Client
	handle      func(context.Context, Order) error
	unavailable bool
	asking      poll.Gates
}

func (h *notificationHandler) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	ctx := req.Context()
	n, order, err := h.confirmed(w, req)
	if err == nil {
		err = h.call(ctx, *order)
	}
	var failed *notificationError
	switch {
	case err == nil:
		writeTaken(w, n)
	case errors.As(err, &failed) && failed.forever:
		h.log(ctx, "assist notification refused", failed)
		writeReply(w, `<pushpaymentresult firstcode="1" secondcode="0"></pushpaymentresult>`)
	default:
		h.log(ctx, "assist notification left without an answer", failed)
		if h.unavailable {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		panic(http.ErrAbortHandler)
	}
}

func (h *notificationHandler) log(ctx context.Context, message string, failed *notificationError) {
	if h.client.logger == nil {
		return
	}
	attrs := []slog.Attr{slog.String("step", failed.step)}
	if failed.stack != nil {
		attrs = append(attrs, slog.String("stack", string(failed.stack)))
	}
	h.client.guarded(ctx, "log handler", func() { h.client.logger.LogAttrs(ctx, slog.LevelWarn, message, attrs...) })
}

func writeTaken(w http.ResponseWriter, n wire.Order) {
	var packetDate bytes.Buffer
	// A bytes.Buffer takes everything.
	_ = xml.EscapeText(&packetDate, []byte(n.Text(wire.PacketDate)))
	writeReply(w, fmt.Sprintf(`<pushpaymentresult firstcode="0" secondcode="0"><order><billnumber>%s</billnumber><packetdate>%s</packetdate></order></pushpaymentresult>`,
		textOf(&n.Record, wire.Billnumber), &packetDate))
}

func writeReply(w http.ResponseWriter, document string) {
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	// Where the reply can't be written there is nobody to tell.
	_, _ = io.WriteString(w, `<?xml version="1.0" encoding="UTF-8"?>`+document)
}

// call gives the order to the merchant's function. Its panic is a trouble like
// another, for the notification is right.
func (h *notificationHandler) call(ctx context.Context, order Order) (err error) {
	if h.client.logger != nil {
		defer func() {
			if value := recover(); value != nil {
				err = &notificationError{step: "handling", stack: debug.Stack(), err: fmt.Errorf("a panic of type %T", value)}
			}
		}()
	}
	if err := h.handle(ctx, order); err != nil {
		return passing("handling", err)
	}
	return nil
}

// confirmed takes a notification through all its steps but the last. Every error
// is a [*notificationError].
func (h *notificationHandler) confirmed(w http.ResponseWriter, req *http.Request) (n wire.Order, order *Order, err error) {
	ctx, cancel := context.WithTimeout(req.Context(), notificationTime)
	defer cancel()
	form, err := readNotification(w, req)
	if err != nil {
		return n, nil, err
	}
	if err := h.client.verifiers.verify(servicePush, &form.text, nil); err != nil {
		return n, nil, neverRight("verifying", err)
	}
	if form.merchantID != h.client.keys.merchantID {
		return n, nil, neverRight("comparing the merchant", fmt.Errorf("%w: another merchant", ErrOtherAnswer))
	}
	notified, err := orderOf(&form.text)
	if err == nil {
		err = checkOrderNumber(notified.Number)
	}
	if err != nil {
		return n, nil, neverRight("reading", err)
	}
	order, err = h.ask(ctx, &notified)
	if err != nil {
		return n, nil, passing("asking order results", err)
	}
	return form.text, order, compare(&notified, order)
}

// ask asks order results for the order of a notification, or waits for a question
// of another that begins after it came.
func (h *notificationHandler) ask(ctx context.Context, notified *Order) (*Order, error) {
	c := h.client
	w := windowOf(notified.Date)
	subject := subjectOf(notified.Billnumber, notified.Number, w.orderDate)
	shared, seen := c.watches.Join(subject)
	defer func() { c.watches.Leave(subject, shared, seen) }()
	in := &Intent{Request: CancelRequest{Billnumber: notified.Billnumber, OrderNumber: notified.Number}}
	for ctx.Err() == nil {
		answered, turned := c.watches.State(shared)
		if answered > seen {
			var s *sighting
			s, seen = c.watches.Take(shared)
			return s.order, s.err
		}
		own, asked := c.watches.Ask(ctx, shared, h.asking, func(ctx context.Context) *sighting { return c.look(ctx, in, w) })
		if own != nil {
			return nil, own.err
		}
		if asked {
			continue
		}
		select {
		case <-turned:
		case <-ctx.Done():
		}
	}
	return nil, contextError(ctx)
}

// compare wants order results to show what was notified. An operation that isn't
// listed is listed later; one that is listed as something else, or the order with
// another amount, never becomes what was notified.
func compare(notified, order *Order) error {
	const step = "comparing with order results"
	other := func(what string) error {
		return neverRight(step, fmt.Errorf("%w: another %s", ErrOtherAnswer, what))
	}
	if notified.Amount != (Money{}) && notified.Amount != order.Amount {
		return other("amount of the order")
	}
	operation := notified.Operations[0]
	plain := operation.Billnumber.Operation() == 0
	for _, listed := range order.Operations {
		same := listed.Type == operation.Type && listed.Amount == operation.Amount
		switch {
		case same && (plain || listed.Billnumber == operation.Billnumber):
			return nil
		case listed.Billnumber == operation.Billnumber:
			return other("operation")
		}
	}
	return passing(step, fmt.Errorf("%w: the operation isn't listed yet", ErrOrderNotFound))
}

// maxNotification is far above the few KiB of a notification.
const maxNotification = 64 << 10

// notificationForm is a notification as it reads.
type notificationForm struct {
	text       wire.Order
	merchantID string
}

// readNotification reads the form, in which no name may stand twice. Every error
// is a [*notificationError].
func readNotification(w http.ResponseWriter, req *http.Request) (*notificationForm, error) {
	// A parameter that is no parameter says nothing about the form.
	contentType := req.Header.Get("Content-Type")
	media, _, _ := strings.Cut(contentType, ";")
	if !strings.EqualFold(strings.TrimSpace(media), "application/x-www-form-urlencoded") {
		return nil, neverRight("reading", fmt.Errorf("%w: not a form", ErrUnreadable))
	}
	values, err := formValues(w, req)
	if err != nil {
		return nil, err
	}
	form, err := orderInForm(values, charsetOf(values, contentType))
	if err != nil {
		return nil, neverRight("reading", err)
	}
	return form, nil
}

// formValues reads the form, from the body or from what a middleware has made of
// it. A body that can't be read is not the notification's fault.
func formValues(w http.ResponseWriter, req *http.Request) (url.Values, error) {
	if len(req.PostForm) > 0 {
		size := 0
		for name, values := range req.PostForm {
			size += len(name) + len(strings.Join(values, ""))
		}
		if size > maxNotification {
			return nil, neverRight("reading", fmt.Errorf("%w: larger than a notification", ErrUnreadable))
		}
		return req.PostForm, nil
	}
	// Not every ResponseWriter knows deadlines. One that does is given its own
	// back: the server would otherwise end the request's context.
	control := http.NewResponseController(w)
	if control.SetReadDeadline(time.Now().Add(notificationTime)) == nil {
		defer func() { _ = control.SetReadDeadline(time.Time{}) }()
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxNotification))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, neverRight("reading", fmt.Errorf("%w: larger than a notification", ErrUnreadable))
	case err != nil:
		return nil, passing("reading", err)
	}
	values, err := url.ParseQuery(string(text))
	if err != nil {
		return nil, neverRight("reading", fmt.Errorf("%w: not a form", ErrUnreadable))
	}
	return values, nil
}

// charsetOf tells how the texts are written: in windows-1251 where the header says
// so, and where they are no UTF-8, whatever it says.
func charsetOf(values url.Values, contentType string) charset.Charset {
	for _, several := range values {
		for _, text := range several {
			if !utf8.ValidString(text) {
				return charset.Windows1251
			}
		}
	}
	return charset.Of("", contentType)
}

// orderInForm reads the values as the order of one operation, and the merchant
// beside it.
func orderInForm(values url.Values, written charset.Charset) (*notificationForm, error) {
	n := wire.Order{Flat: true, Charset: written}
	var merchants []string
	for name, several := range values {
		name = strings.ToLower(name)
		f, known := wire.FieldOf(name)
		for _, value := range several {
			switch {
			case name == "merchant_id":
				merchants = append(merchants, strings.TrimSpace(value))
			case known:
				text, _ := written.Text(value)
				if err := n.Put(f, text); err != nil {
					return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
				}
			}
		}
	}
	if len(merchants) != 1 {
		return nil, fmt.Errorf("%w: no one merchant", ErrUnreadable)
	}
	a := wire.Answer{Orders: []wire.Order{n}}
	if err := a.Complete(wire.OrderResult); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	return &notificationForm{text: a.Orders[0], merchantID: merchants[0]}, nil
}

// notificationTime is what the reading of a notification and the asking about it
// may take together.
const notificationTime = time.Minute

// notificationError says at which step a notification failed.
type notificationError struct {
	step    string
	forever bool // it will never be right
	stack   []byte
	err     error
}

func (e *notificationError) Error() string { return e.step + ": " + e.err.Error() }

func (e *notificationError) Unwrap() error { return e.err }

func neverRight(step string, err error) error {
	return &notificationError{step: step, forever: true, err: err}
}

func passing(step string, err error) error { return &notificationError{step: step, err: err} }
