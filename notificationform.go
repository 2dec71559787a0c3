package assist

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/assist-go/assist/internal/charset"
	"github.com/assist-go/assist/internal/wire"
)

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
