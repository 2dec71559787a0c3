package assist

import (
	"bytes"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrToken is the root of every error of [ParseIntent] and [Client.Resume]: a
// text that is damaged, of another kind, of a newer version, or of another
// merchant.
var ErrToken = errors.New("assist: not a usable token")

// A token is a kind with its version, a point, and the base64 of a JSON text
// behind a checksum of it. The checksum finds damage; it is no signature.
const (
	intentTokenKind       = "assist-intent-1"
	cancellationTokenKind = "assist-cancel-1"

	tokenChecksum = 8
	// maxTokenSize has room for the numbers of all operations that an answer of
	// 1 MiB can list.
	maxTokenSize = 128 << 10
)

// intentToken is what stands in a token. The operations are numbers within the
// payment; 0 is a billnumber that isn't extended.
type intentToken struct {
	ID         string     `json:"id"`
	Merchant   string     `json:"m"`
	Billnumber Billnumber `json:"b"`
	Order      string     `json:"o"`
	OrderDate  int64      `json:"d,omitempty"` // Unix seconds; 0 is none
	Amount     Money      `json:"a,omitzero"`
	Reason     int        `json:"r,omitempty"`
	RefundID   string     `json:"x,omitempty"`
	Full       bool       `json:"f,omitempty"`
	SentAt     int64      `json:"s"`           // Unix nanoseconds
	LookedAt   int64      `json:"l,omitempty"` // Unix seconds; 0 is not known
	ServerSent int64      `json:"v,omitempty"` // Unix nanoseconds; 0 is not known
	Slack      int64      `json:"u,omitempty"` // of ServerSent, nanoseconds
	HasBefore  bool       `json:"w,omitempty"`
	Before     []int      `json:"p,omitempty"`
	Known      []int      `json:"k,omitempty"` // the operations of Request.Order
}

type cancellationToken struct {
	Intent     intentToken      `json:"i"`
	Status     CancelStatus     `json:"s"`
	OrderDate  int64            `json:"d,omitempty"` // as the answer had it
	Operations []operationToken `json:"o"`
}

type operationToken struct {
	Number int            `json:"n,omitempty"`
	Amount Money          `json:"a"`
	State  OperationState `json:"s,omitempty"`
	Code   ResponseCode   `json:"c,omitempty"`
}

// Token gives the intent as a printable text, to be stored before the send and
// read back by [ParseIntent]. It names the merchant, the payment and the order;
// nothing in it is secret or personal.
func (in Intent) Token() string { return sealToken(intentTokenKind, in.token()) }

// ParseIntent reads what [Intent.Token] gave. Errors are [ErrToken].
func ParseIntent(token string) (Intent, error) {
	var t intentToken
	if err := openToken(intentTokenKind, token, &t); err != nil {
		return Intent{}, err
	}
	return t.intent()
}

// Token gives all that is needed to go on following the cancel in another
// process, as a printable text for [Client.Resume]. It names the merchant, the
// payment and the order; nothing in it is secret or personal. A finished
// cancellation has a token too.
func (x *Cancellation) Token() string {
	t := cancellationToken{Intent: x.Intent.token(), Status: x.Status, OrderDate: unixOf(x.Order.Date)}
	for _, op := range operationsWithoutPersonal(x.Operations) {
		t.Operations = append(t.Operations, operationToken{
			Number: op.Billnumber.Operation(), Amount: op.Amount, State: op.State, Code: op.ResponseCode,
		})
	}
	return sealToken(cancellationTokenKind, t)
}

func (in Intent) token() intentToken {
	req := in.Request
	t := intentToken{
		ID: in.ID, Merchant: in.MerchantID, Billnumber: req.Billnumber, Order: req.OrderNumber,
		OrderDate: unixOf(req.OrderDate), Amount: req.Amount, Reason: int(req.Reason), RefundID: req.ExternalRefundID,
		Full: in.Full, SentAt: in.SentAt.UnixNano(), LookedAt: unixOf(in.LookedAt), HasBefore: in.Before != nil,
	}
	if !in.ServerSentAt.IsZero() {
		t.ServerSent, t.Slack = in.ServerSentAt.UnixNano(), int64(in.ServerSlack)
	}
	for _, b := range in.Before {
		t.Before = append(t.Before, b.Operation())
	}
	if req.Order != nil {
		for _, op := range req.Order.Operations {
			t.Known = append(t.Known, op.Billnumber.Operation())
		}
	}
	return t
}

// intent checks what it reads: a token comes from a store that others may write
// to.
func (t intentToken) intent() (Intent, error) {
	in := Intent{
		ID:         t.ID,
		MerchantID: t.Merchant,
		Full:       t.Full,
		SentAt:     time.Unix(0, t.SentAt).UTC(),
		LookedAt:   timeOf(t.LookedAt),
		Request: CancelRequest{
			Billnumber: t.Billnumber, OrderNumber: t.Order, OrderDate: timeOf(t.OrderDate), Amount: t.Amount,
			Reason: CancelReason(t.Reason), ExternalRefundID: t.RefundID,
		},
	}
	if t.ServerSent != 0 {
		in.ServerSentAt, in.ServerSlack = time.Unix(0, t.ServerSent).UTC(), time.Duration(t.Slack)
	}
	if err := in.Request.check(in.Full, SOAP); err != nil || t.ID == "" || t.Merchant == "" || t.Slack < 0 {
		return Intent{}, fmt.Errorf("%w: damaged", ErrToken)
	}
	payment := t.Billnumber.Payment()
	if t.HasBefore {
		in.Before = []Billnumber{}
	}
	for _, n := range t.Before {
		b, err := numberOf(payment, n)
		if err != nil {
			return Intent{}, err
		}
		in.Before = append(in.Before, b)
	}
	if len(t.Known) > 0 {
		in.Request.Order = &Order{Billnumber: payment, Number: t.Order}
	}
	for _, n := range t.Known {
		b, err := numberOf(payment, n)
		if err != nil {
			return Intent{}, err
		}
		in.Request.Order.Operations = append(in.Request.Order.Operations, Operation{Billnumber: b})
	}
	return in, nil
}

// numberOf is the billnumber of one operation of a payment.
func numberOf(payment Billnumber, operation int) (Billnumber, error) {
	if operation == 0 {
		return payment, nil
	}
	b, err := ParseBillnumber(fmt.Sprintf("%s.%d", payment, operation))
	if err != nil {
		return "", fmt.Errorf("%w: damaged", ErrToken)
	}
	return b, nil
}

func unixOf(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func timeOf(unix int64) time.Time {
	if unix == 0 {
		return time.Time{}
	}
	return time.Unix(unix, 0).UTC()
}

func sealToken(kind string, content any) string {
	text, err := json.Marshal(content)
	if err != nil {
		// Numbers and texts only: there is nothing that JSON can't hold.
		return ""
	}
	return sealRaw(kind, text)
}

func sealRaw(kind string, text []byte) string {
	sum := sha256.Sum256(text)
	return kind + "." + base64.RawURLEncoding.EncodeToString(append(sum[:tokenChecksum:tokenChecksum], text...))
}

func openToken(kind, token string, into any) error {
	if len(token) > maxTokenSize {
		return fmt.Errorf("%w: too long", ErrToken)
	}
	found, packed, _ := strings.Cut(strings.TrimSpace(token), ".")
	if found != kind {
		if strings.HasPrefix(found, strings.TrimSuffix(kind, "1")) {
			return fmt.Errorf("%w: of another version of this library", ErrToken)
		}
		return fmt.Errorf("%w: of another kind, want %s", ErrToken, kind)
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(packed)
	if err != nil || len(raw) < tokenChecksum {
		return fmt.Errorf("%w: damaged", ErrToken)
	}
	text := raw[tokenChecksum:]
	if sum := sha256.Sum256(text); string(sum[:tokenChecksum]) != string(raw[:tokenChecksum]) {
		return fmt.Errorf("%w: damaged", ErrToken)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%w: damaged", ErrToken)
	}
	return nil
}

// MarshalText gives the token of the intent, so that JSON and XML hold it as one
// text. The zero Intent is an empty text.
func (in Intent) MarshalText() ([]byte, error) {
	if in.isZero() {
		return nil, nil
	}
	return []byte(in.Token()), nil
}

// UnmarshalText reads a token as [ParseIntent] does. An empty text is the zero
// Intent. Errors are [ErrToken].
func (in *Intent) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*in = Intent{}
		return nil
	}
	parsed, err := ParseIntent(string(text))
	if err != nil {
		return err
	}
	*in = parsed
	return nil
}

// UnmarshalJSON reads a token, and also the object of fields that the JSON of an
// intent was before it was its token: what was stored stays readable. Errors are
// [ErrToken].
func (in *Intent) UnmarshalJSON(text []byte) error {
	text = bytes.TrimSpace(text)
	if bytes.HasPrefix(text, []byte("{")) {
		// A type without the methods, which would be called again.
		type fields Intent
		var stored fields
		if err := json.Unmarshal(text, &stored); err != nil {
			return fmt.Errorf("%w: damaged", ErrToken)
		}
		// By the token, so that the same is checked of both forms.
		return in.UnmarshalText([]byte(Intent(stored).Token()))
	}
	if bytes.Equal(text, []byte("null")) {
		return nil
	}
	var token string
	if err := json.Unmarshal(text, &token); err != nil {
		return fmt.Errorf("%w: want a text", ErrToken)
	}
	return in.UnmarshalText([]byte(token))
}

// Value gives the token to a database, for a text column. The zero Intent is
// NULL.
func (in Intent) Value() (driver.Value, error) {
	if in.isZero() {
		return nil, nil
	}
	return in.Token(), nil
}

// Scan reads a token as [ParseIntent] does. NULL is the zero Intent. Errors are
// [ErrToken].
func (in *Intent) Scan(stored any) error {
	text, err := storedText(stored)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrToken, err)
	}
	return in.UnmarshalText(text)
}

// Equal says that two intents have the same token: a test that compares what it
// stored with what was sent needs no more.
func (in Intent) Equal(other Intent) bool { return in.Token() == other.Token() }

func (in Intent) isZero() bool {
	return in.ID == "" && in.MerchantID == "" && in.Request.Billnumber == ""
}
