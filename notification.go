package assist

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/assist-go/assist/internal/wire"
)

// NotificationHandler receives Assist's notifications of results (protocol §8)
// by form POST; those by SOAP are refused. A notification is never believed: it
// must satisfy every [WithVerifier] and name this client's merchant, and then
// order results are asked for its order. Only when these show the same payment,
// order number, amount, currency and operation is handle called, with the order
// as order results show it. Nothing of the notification itself reaches handle.
//
// An error of handle, or any doubt, is answered with a failure, so that Assist
// may send the notification again. Handle must bear being called several times
// for one order, and from several goroutines. Timeouts are not notified, and
// cancels only if the merchant's settings say so, so notifications never replace
// asking.
//
// A client without a verifier is refused with a [*ValidationError]: anybody can
// post to a URL. Failures are logged by [WithLogger] with the step alone.
func (c *Client) NotificationHandler(handle func(context.Context, Order) error) (http.Handler, error) {
	switch {
	case handle == nil:
		return nil, &ValidationError{Field: "handle", Reason: "must not be nil"}
	case len(c.verifiers) == 0:
		return nil, &ValidationError{Field: "Verifier", Reason: "is needed to receive notifications: see WithVerifier"}
	}
	return &notificationHandler{client: c, handle: handle}, nil
}

type notificationHandler struct {
	client *Client
	handle func(context.Context, Order) error
}

// maxNotification is far above the few KiB of a notification.
const maxNotification = 64 << 10

func (h *notificationHandler) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	ctx := req.Context()
	n, step, err := h.receive(ctx, w, req)
	if err != nil {
		if h.client.logger != nil {
			h.client.logger.LogAttrs(ctx, slog.LevelWarn, "assist notification refused", slog.String("step", step))
		}
		writeReply(w, `<pushpaymentresult firstcode="1" secondcode="0"></pushpaymentresult>`)
		return
	}
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

// receive takes a notification through all its steps, and tells at which it
// failed.
func (h *notificationHandler) receive(ctx context.Context, w http.ResponseWriter, req *http.Request) (n wire.Order, step string, err error) {
	n, merchantID, err := readNotification(w, req)
	if err != nil {
		return n, "reading", err
	}
	if err := h.client.verifyOrder(servicePush, &n, nil); err != nil {
		return n, "verifying", err
	}
	if merchantID != h.client.keys.merchantID {
		return n, "comparing the merchant", fmt.Errorf("%w: another merchant", ErrOtherAnswer)
	}
	notified, err := orderOf(&n)
	if err != nil {
		return n, "reading", err
	}
	order, err := h.client.confirm(ctx, notified)
	if err != nil {
		return n, "asking order results", err
	}
	return n, "handling", h.handle(ctx, *order)
}

// confirm asks order results whether a notification tells the truth.
func (c *Client) confirm(ctx context.Context, notified Order) (*Order, error) {
	operation := notified.Operations[0]
	if err := checkOrderNumber(notified.Number); err != nil {
		return nil, err
	}
	order, _, err := c.orderOfPayment(ctx, notified.Number, notified.Billnumber, c.windowOf(notified.Date))
	if err != nil {
		return nil, err
	}
	other := func(what string) (*Order, error) { return nil, fmt.Errorf("%w: another %s", ErrOtherAnswer, what) }
	if notified.Amount != (Money{}) && notified.Amount != order.Amount {
		return other("amount of the order")
	}
	for _, listed := range order.Operations {
		if listed.Type != operation.Type || listed.Amount != operation.Amount {
			continue
		}
		if operation.Billnumber.Operation() == 0 || listed.Billnumber == operation.Billnumber {
			return order, nil
		}
	}
	return other("operation")
}

// readNotification reads the form, in which no name may stand twice.
func readNotification(w http.ResponseWriter, req *http.Request) (n wire.Order, merchantID string, err error) {
	if media, _, err := mime.ParseMediaType(req.Header.Get("Content-Type")); err != nil || media != "application/x-www-form-urlencoded" {
		return n, "", fmt.Errorf("%w: not a form", ErrUnreadable)
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxNotification))
	if err != nil {
		return n, "", err
	}
	fields, err := url.ParseQuery(string(text))
	if err != nil {
		return n, "", fmt.Errorf("%w: not a form", ErrUnreadable)
	}
	n.Flat = true
	var merchants []string
	for name, values := range fields {
		name = strings.ToLower(name)
		f, known := wire.FieldOf(name)
		for _, value := range values {
			switch {
			case name == "merchant_id":
				merchants = append(merchants, strings.TrimSpace(value))
			case known:
				if err := n.Put(f, value); err != nil {
					return n, "", fmt.Errorf("%w: %w", ErrUnreadable, err)
				}
			}
		}
	}
	if len(merchants) != 1 {
		return n, "", fmt.Errorf("%w: no one merchant", ErrUnreadable)
	}
	a := wire.Answer{Orders: []wire.Order{n}}
	if err := a.Complete(wire.OrderResult); err != nil {
		return n, "", fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	return n, merchants[0], nil
}
