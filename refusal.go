package assist

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/assist-go/assist/internal/wire"
)

// refusalIn finds first and second code in a result or a fault. Nil, nil is no
// refusal: there are orders, or nothing at all.
//
// A refusal opens the payment for the next cancel, so only what nobody else can
// have written proves one (protocol §4): Assist's own fields, or codes that stand
// alone and that a gateway has no reason to send. All else is an error, and leaves
// the outcome of a cancel unknown.
func (c *Client) refusalIn(r *reply) (*APIError, error) {
	a := &r.answer
	switch {
	case a.Fault != nil && a.Codes != nil:
		return nil, fmt.Errorf("%w: a fault beside the codes of a result: %s", ErrContradiction, c.quoted(a.Fault))
	case a.Fault != nil:
		return c.refusalInFault(r)
	case a.Codes == nil:
		return nil, nil
	}
	first, second, ok := a.Codes.Numbers()
	switch {
	case !ok:
		return nil, fmt.Errorf("%w: result codes that are no numbers", ErrUnreadable)
	case first == 0 && second == 0:
		return nil, nil
	case first == 0:
		return nil, fmt.Errorf("%w: first code 0 with second code %d", ErrContradiction, second)
	}
	return &APIError{First: first, Second: second}, nil
}

func (c *Client) refusalInFault(r *reply) (*APIError, error) {
	fault := r.answer.Fault
	first, second, place := fault.Codes()
	message := fault.Message
	if message == "" {
		message = fault.Text
	}
	switch place {
	case wire.Own:
		if first == 0 {
			return nil, fmt.Errorf("%w: a fault that says 0/%d: %s", ErrContradiction, second, c.quoted(fault))
		}
	case wire.Alone:
		if !provesRefusal(first, second, r.status) {
			return nil, fmt.Errorf("%w: a fault whose text %d/%d is no proof of a refusal (HTTP %d): %s", ErrContradiction, first, second, r.status, c.quoted(fault))
		}
	case wire.Words:
		message, _ = fault.Turnover()
	default:
		return nil, fmt.Errorf("%w: a fault without Assist's codes; looked for in firstcode and secondcode of its detail, "+
			"in the whole of faultcode and faultstring, and in a text that is nothing but two codes: %s", ErrContradiction, c.quoted(fault))
	}
	return &APIError{First: first, Second: second, Message: c.keys.scrub(message), InText: place != wire.Own}, nil
}

// provesRefusal tells codes that stand alone in a text and still are Assist's: such
// as mean "not performed", the second of those that name something. A gateway that
// gave up waiting says so by its HTTP status, and then a text is its own.
func provesRefusal(first, second, status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return false
	}
	return second >= firstParameterCode && meansNotPerformed(first, second)
}

// quoted shows a fault's texts in an error.
func (c *Client) quoted(f *wire.Fault) string {
	var parts []string
	for _, text := range []struct{ name, text string }{
		{"faultcode", f.Code}, {"faultstring", f.Text}, {"message", f.Message}, {"firstcode", f.Detail.First}, {"secondcode", f.Detail.Second},
	} {
		if text.text != "" {
			parts = append(parts, fmt.Sprintf("%s %q", text.name, c.keys.scrub(text.text)))
		}
	}
	if len(parts) == 0 {
		return "it is empty"
	}
	return strings.Join(parts, ", ")
}

// refused tells the answers after which asking again is pointless: Assist doesn't
// let this merchant ask. Codes that stand as a text are no such answer: a wait that
// ends for them could miss the result. Nor is a question that came too soon or was
// about too long a time, whatever its first code.
func refused(err error) bool {
	api, ok := codesOf(err)
	if !ok || api.InText || api.Second == secondCodeTooFrequent || api.Second == secondCodeIntervalTooLarge {
		return false
	}
	return api.deniesAccess()
}
