package assist

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Sentinels for [errors.Is]. Each is met through a typed error that knows more.
var (
	// ErrAuthentication: Assist doesn't take the merchant's login or password
	// (first code 7). Met as [*APIError].
	ErrAuthentication = errors.New("assist: wrong credentials")
	// ErrOrderNotFound: Assist knows no such order in the window asked about
	// (10/201, or an empty answer). A window that begins too late hides an
	// order, so this does not prove that there is none. Met as
	// [*OrderNotFoundError], which tells the periods, or as [*APIError].
	ErrOrderNotFound = errors.New("assist: no such order in the window asked about")
	// ErrDayBalance: the refund is more than the merchant's day balance on the
	// wallet (protocol §6). It can succeed once enough payments have come in, later
	// that day or on another: see [NotBefore]. Met as [*WalletRuleError] and as
	// [*APIError].
	ErrDayBalance = errors.New("assist: more than the day balance of the wallet")
	// ErrPartialSameDay: part of a wallet payment can't go back on the Moscow day
	// of the payment (protocol §6). Met as [*WalletRuleError].
	ErrPartialSameDay = errors.New("assist: part of a wallet payment on the day of the payment")
	// ErrQIWISameDay: no cancel of a QIWI payment is taken on the Moscow day of
	// the payment (protocol §6). Met as [*WalletRuleError].
	ErrQIWISameDay = errors.New("assist: a QIWI payment on the day of the payment")
	// ErrExceedsPayment: more than what is left of the payment, or nothing is
	// left. Met as [*WalletRuleError], of cards too.
	ErrExceedsPayment = errors.New("assist: more than what is left of the payment")
	// ErrTooLate: the time of [SendBy] was over. Met as [*NotSentError].
	ErrTooLate = errors.New("assist: too late to be sent")
	// ErrCancelInDoubt: not more than what is left of the payment, unless an earlier
	// cancel that ended without a result gave money back. A person decides about
	// that one. Met as [*WalletRuleError].
	ErrCancelInDoubt = errors.New("assist: an earlier cancel of this payment ended without a result")
	// ErrNoRate: the bank's commission on a wallet isn't set, so what its day balance
	// allows isn't known. A setting heals it, neither time nor money. Met as
	// [*WalletRuleError].
	ErrNoRate = errors.New("assist: no rate is set for the bank's commission on the wallet")
	// ErrUnresolved: an earlier cancel of this payment has an unknown outcome.
	// Met as [*UnresolvedError].
	ErrUnresolved = errors.New("assist: an earlier cancel of this payment is unresolved")
	// ErrUnreadable: what came back is no complete answer of the service: cut,
	// too large, HTML, of another root, with a required text missing.
	ErrUnreadable = errors.New("assist: not a complete answer")
	// ErrTooLarge: an answer beyond the limit of [WithMaxResponseSize], or of results
	// by date. It is [ErrUnreadable] too.
	ErrTooLarge = fmt.Errorf("%w: larger than the limit of the client", ErrUnreadable)
	// ErrOtherAnswer: the answer is complete, but not about what was asked.
	ErrOtherAnswer = errors.New("assist: an answer about something else")
	// ErrContradiction: the answer says two things that can't both be true, or
	// a code that isn't known.
	ErrContradiction = errors.New("assist: the answer contradicts itself or is not known")
)

// ValidationError says that a value given by the caller can't be sent. Its
// outcome is [NotSent]; correct the field and try again.
type ValidationError struct {
	Field  string // as in the Go API: "Amount", "ChequeItems[2].Price"
	Reason string // the rule; never the value
	Err    error  // the cause, where there is one
}

// invalid makes every [*ValidationError] that has no cause.
func invalid(field, reason string) error { return &ValidationError{Field: field, Reason: reason} }

func (e *ValidationError) Error() string {
	reason := e.Reason
	if reason == "" {
		reason = "not a valid value"
	}
	return joined("assist", e.Field, reason) + " (nothing was sent)"
}

func (e *ValidationError) Unwrap() error { return e.Err }

// Outcome is [NotSent].
func (e *ValidationError) Outcome() Outcome { return NotSent }

// NotSentError says that a cancel stopped before its first byte: its context
// was over, the intent could not be saved, or the order could not be looked at.
// Sending again is safe.
type NotSentError struct {
	Step       string // what was being done: "waiting for the payment's earlier cancel", "saving the intent", …
	Billnumber Billnumber
	Err        error
}

func (e *NotSentError) Error() string {
	step := "not sent"
	if e.Step != "" {
		step += ", stopped while " + e.Step
	}
	return joined("assist", cancelOf(e.Billnumber), step, textOfError(e.Err))
}

func (e *NotSentError) Unwrap() error { return e.Err }

// Outcome is [NotSent].
func (e *NotSentError) Outcome() Outcome { return NotSent }

// TransportError says that no connection was ever had, so that no byte of the
// cancel left; or, over the SDK's own transport, that the server is proved to have
// read none of it: it refused the client's certificate, or speaks HTTP/2 alone,
// which the text then says. A connection that broke later is an
// [*UnknownOutcomeError].
type TransportError struct {
	Billnumber Billnumber
	Err        error
}

func (e *TransportError) Error() string {
	return joined("assist", cancelOf(e.Billnumber), "not sent, no connection", textOfError(e.Err))
}

func (e *TransportError) Unwrap() error { return e.Err }

// Outcome is [NotSent].
func (e *TransportError) Outcome() Outcome { return NotSent }

// UnresolvedError says that nothing was sent, because an earlier cancel of the
// same payment still has an unknown outcome. Resolve its Intent, or pass
// [DespiteUnknown] with it when a person has decided. It is [ErrUnresolved].
type UnresolvedError struct {
	Intent Intent // of the earlier cancel
}

func (e *UnresolvedError) Error() string {
	earlier := "an earlier cancel"
	if e.Intent.ID != "" {
		earlier = "the earlier cancel " + e.Intent.ID
	}
	return joined("assist", cancelOf(e.Intent.Request.Billnumber), "not sent, "+earlier+" of this payment has an unknown outcome", "resolve it first")
}

// Is makes it [ErrUnresolved].
func (e *UnresolvedError) Is(target error) bool { return target == ErrUnresolved }

// Outcome is [NotSent].
func (e *UnresolvedError) Outcome() Outcome { return NotSent }

// APIError is a refusal by Assist's two codes (protocol §9). As an error of a
// cancel it is [Rejected] when the codes mean "not performed", and otherwise
// [Unknown]; a cancel gives the latter inside an [*UnknownOutcomeError].
type APIError struct {
	First, Second int
	Message       string     // the server's own text, shortened; may be empty
	InText        bool       // the codes stood as a text of a fault, not in fields of their own; they end no wait
	Billnumber    Billnumber // of a cancel; empty for a question
	Wallet        Wallet     // the payment's wallet, where it is known
	At            time.Time  // when the answer came; zero where it isn't known
}

func (e *APIError) Error() string {
	subject, codes, message := "", "a refusal without codes", ""
	if e.Billnumber != "" {
		subject = fmt.Sprintf("cancel %s: %s", e.Billnumber, e.Outcome())
	}
	if e.First != 0 || e.Second != 0 {
		codes = fmt.Sprintf("%d/%d: %s", e.First, e.Second, e.Meaning(LanguageEN))
	}
	if e.Message != "" {
		message = strconv.Quote(e.Message)
	}
	return joined("assist", subject, codes, message)
}

// Outcome is [Rejected] for the codes that mean "not performed" (docs/outcomes.md:
// first codes 3-7, 9, 10, 12, 14, 15 and 17-21 with a second code that is known
// and neither 1 nor 2), else [Unknown].
func (e *APIError) Outcome() Outcome {
	if e == nil || !meansNotPerformed(e.First, e.Second) {
		return Unknown
	}
	return Rejected
}

// Is makes it [ErrAuthentication], [ErrOrderNotFound] or [ErrDayBalance] where
// the codes say so. 5/108 also means any wrong amount, so it is ErrDayBalance
// only with the turnover message, or on a wallet without any message (protocol §6).
func (e *APIError) Is(target error) bool {
	switch target {
	case ErrAuthentication:
		return e.First == 7
	case ErrOrderNotFound:
		return e.First == 10 && e.Second == 201
	case ErrDayBalance:
		return e.First == 5 && e.Second == 108 && e.speaksOfTurnover()
	}
	return false
}

// speaksOfTurnover tells the two meanings of 5/108 apart. A text without a letter,
// the codes written once more, is no message.
func (e *APIError) speaksOfTurnover() bool {
	if strings.ContainsFunc(e.Message, unicode.IsLetter) {
		return isTurnover(e.Message)
	}
	return e.Wallet != NotWallet
}

// DeclinedError says that Assist performed the cancel operation and it was
// declined: no money moved by it. Its outcome is [Rejected].
type DeclinedError struct {
	ResponseCode ResponseCode
	// Operation is the declined operation, without personal data. Of a cancel of
	// everything that was sent without LookFirst, and whose answer lists several
	// declines, it is the newest of them, which can be somebody else's.
	Operation Operation
}

func (e *DeclinedError) Error() string {
	meaning := ""
	if e.ResponseCode != "" {
		meaning = e.ResponseCode.Meaning(LanguageEN)
	}
	return joined("assist", cancelOf(e.Operation.Billnumber), "declined", string(e.ResponseCode), meaning)
}

// Outcome is [Rejected].
func (e *DeclinedError) Outcome() Outcome { return Rejected }

// UnknownOutcomeError says that the cancel may have been performed, or may
// still be. The same cancel must not be sent again: ask what became of the
// Intent.
type UnknownOutcomeError struct {
	Intent Intent
	Err    error // why it isn't known
}

func (e *UnknownOutcomeError) Error() string {
	intent := "its intent"
	if e.Intent.ID != "" {
		intent = "intent " + e.Intent.ID
	}
	return joined("assist", cancelOf(e.Intent.Request.Billnumber),
		"outcome unknown, the money may have moved; resolve "+intent+", don't send again", textOfError(e.Err))
}

func (e *UnknownOutcomeError) Unwrap() error { return e.Err }

// Outcome is [Unknown].
func (e *UnknownOutcomeError) Outcome() Outcome { return Unknown }

// joined puts the parts of an error's text together. Parts that a test left
// empty in an error built by hand leave no gap.
func joined(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), ": ")
}

func cancelOf(b Billnumber) string {
	return strings.TrimSpace("cancel " + string(b))
}

func textOfError(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// Meaning puts both codes into words.
func (e *APIError) Meaning(l Language) string {
	first, ok := firstCodes[e.First]
	if !ok {
		first = unknownCode
	}
	if e.Second == 0 {
		return first.in(l)
	}
	second, ok := secondCodes[e.Second]
	if !ok {
		second = unknownCode
	}
	return first.in(l) + " (" + second.in(l) + ")"
}

// secondCodesOfAccess name what every request of the merchant holds: MERCHANT_ID,
// LOGIN, PASSWORD, and the latter two together.
var secondCodesOfAccess = []int{100, 101, 102, 141}

// deniesAccess tells the codes by which Assist lets the merchant do nothing:
// authentication, access, this merchant, and a merchant that it doesn't know.
func (e *APIError) deniesAccess() bool {
	return e.First == 7 || e.First == 19 || e.First == 14 && e.Second == 200 || e.First == 10 && e.Second == 100
}

// contextError gives the cause of a finished context, in a way that errors.Is
// finds both the cause and context.Canceled or DeadlineExceeded.
func contextError(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if errors.Is(cause, err) {
		return cause
	}
	return errors.Join(cause, err)
}

// codesOf finds the server's codes inside an error.
func codesOf(err error) (*APIError, bool) {
	var api *APIError
	ok := errors.As(err, &api)
	return api, ok
}

// SignatureReason says in a few words why an answer was not believed.
type SignatureReason string

// The reasons of a [*SignatureError].
const (
	// SignatureMissing: the answer carries no signature.
	SignatureMissing SignatureReason = "no signature"
	// SignatureUnreadable: what stands in its place is no single signed OpenPGP
	// message: unsigned, encrypted, compressed, too large, in another form, with
	// several signatures or with anything behind it.
	SignatureUnreadable SignatureReason = "not one signed OpenPGP message"
	// SignatureUnknownKey: made by none of the keys given.
	SignatureUnknownKey SignatureReason = "signed by an unknown key"
	// SignatureInvalid: made with one of the keys' names but wrong, of a hash
	// weaker than SHA-1, expired, or made when its key was expired or revoked.
	SignatureInvalid SignatureReason = "not a valid signature"
	// SignatureOtherText: valid, but over a text that is not this answer's: one
	// of the two was changed, or the signature is another answer's.
	SignatureOtherText SignatureReason = "a valid signature of another text"
	// CheckValueMissing: the answer carries no check value.
	CheckValueMissing SignatureReason = "no check value"
	// CheckValueWrong: the answer was changed, or the secret is another.
	CheckValueWrong SignatureReason = "a wrong check value"
	// VerifierRefused: a [Verifier] of the merchant's own refused; Err tells why.
	VerifierRefused SignatureReason = "refused by a verifier"
)

// SignatureError says that a complete answer was not believed, because it isn't
// proved to be Assist's. What it says is then not known, so the outcome is
// [Unknown]. A cancel gives it inside an [*UnknownOutcomeError], an order
// service inside a [*FollowError].
//
// It means an attack, or more often a setting: another key, another secret, or a
// merchant account that signs in the other way. Err never holds a text of the
// answer, unless a [Verifier] of the merchant's own put it there.
type SignatureError struct {
	Reason SignatureReason
	Err    error // the cause, where there is one
}

func (e *SignatureError) Error() string {
	return joined("assist", "the answer is not proved to be Assist's", string(e.Reason), textOfError(e.Err))
}

func (e *SignatureError) Unwrap() error { return e.Err }

// Outcome is [Unknown].
func (e *SignatureError) Outcome() Outcome { return Unknown }
