// Package verdict says of a stored refund whether the money moved, what to do
// next, and how a command about it ends.
package verdict

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // Moscow

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/cmd/assist/internal/exitcode"
	"github.com/assist-go/assist/cmd/assist/internal/wording"
	"github.com/assist-go/assist/refunds"
)

// Verdict is what is to be said of one refund.
type Verdict struct {
	Code    int
	Outcome string // for programs; one of the constants
	// Moved tells whether the money has moved. Nil is not known, or not yet.
	Moved *bool
	Text  wording.Words // whether the money moved, and why
	Next  string        // the command that comes next; empty where nothing is left to do
}

// The outcomes, as --json has them.
const (
	Done      = "done"
	Refused   = "refused"
	Withdrawn = "withdrawn"
	Denied    = "denied"
	GivenUp   = "given up"
	Approval  = "awaiting approval"
	InProcess = "in process"
	Unknown   = "unknown"
	Queued    = "queued"
	// MovedLate is one of which money moved by a cancel that a person had closed,
	// whatever became of the refund itself.
	MovedLate = "moved late"
)

// Moscow is the time zone of Assist's days.
var Moscow = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Moscow")
	if err != nil {
		return time.FixedZone("MSK", 3*60*60)
	}
	return zone
}()

// Clock gives a moment in Moscow time; the zone's name goes beside it.
func Clock(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.In(Moscow).Format("02.01.2006 15:04")
}

// ID writes a refund's number as people see it.
func ID(id refunds.ID) string { return "R-" + strconv.FormatInt(int64(id), 10) }

// ParseID reads R-12, r-12 or 12.
func ParseID(text string) (refunds.ID, error) {
	digits := strings.TrimPrefix(strings.ToUpper(text), "R-")
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 1 || digits[0] == '+' {
		return 0, fmt.Errorf("%q is no number of a refund; it looks like R-12", text)
	}
	return refunds.ID(n), nil
}

// Of judges a refund as it stands in the store. What a cancel did that a person has
// closed stands above what became of the refund since.
func Of(r *refunds.Record) Verdict {
	v := ofState(r)
	switch {
	case r.MovedLate:
		return movedLate(r, v)
	case !passedOver(r), r.State == refunds.GivenUp: // of which it is said already
	case r.State == refunds.Done:
		// The money is back, and may come once more: that is a person's to see, and
		// no reason to say that it isn't back.
		v.Text.RU += "; " + earlierMay.RU
		v.Text.EN += "; " + earlierMay.EN
	default:
		v.Moved, v.Code = nil, exitcode.Unknown
		v.Text.RU += "; но " + earlierMay.RU
		v.Text.EN += "; but " + earlierMay.EN
	}
	return v
}

// ofState judges a refund by its state alone.
func ofState(r *refunds.Record) Verdict {
	id := ID(r.ID)
	switch r.State {
	case refunds.Done:
		return Verdict{exitcode.Done, Done, yes(true), wording.Words{RU: "исполнен: деньги ушли" + operations(r), EN: "done: the money went back" + operations(r)}, ""}
	case refunds.Refused:
		return Verdict{exitcode.Refused, Refused, yes(false), wording.Words{
			RU: "отказано, деньги не двигались" + reason(r, assist.LanguageRU), EN: "refused, no money moved" + reason(r, assist.LanguageEN)}, ""}
	case refunds.Withdrawn:
		return Verdict{exitcode.Refused, Withdrawn, yes(false), wording.Words{RU: "отозван до отправки, деньги не двигались", EN: "taken back before it was sent, no money moved"}, ""}
	case refunds.Denied:
		return Verdict{exitcode.Refused, Denied, yes(false), wording.Words{RU: "не одобрен, деньги не двигались", EN: "not approved, no money moved"}, ""}
	case refunds.GivenUp:
		return Verdict{exitcode.Unknown, GivenUp, nil, wording.Words{
			RU: "закрыт человеком с неизвестным исходом: деньги могли уйти; не повторяйте, не проверив",
			EN: "closed by a person with its outcome unknown: the money may have moved; don't repeat it unchecked"}, "assist show " + id}
	case refunds.Proposed:
		return Verdict{exitcode.NotFinished, Approval, yes(false), wording.Words{
			RU: "ждёт одобрения другого человека; ничего не отправлено", EN: "waits for another person's approval; nothing was sent"}, "assist approve " + id}
	case refunds.InProcess:
		if !r.NeedsPerson.IsZero() {
			return unknown(r)
		}
		return Verdict{exitcode.NotFinished, InProcess, nil, wording.Words{
			RU: "в обработке (AS300): деньги ещё не ушли и могут уйти; не повторяйте", EN: "in process (AS300): the money has not moved yet, and may; don't repeat it"}, "assist wait " + id}
	case refunds.Pending:
		return pending(r)
	}
	return unknown(r)
}

// unknown is what must never be repeated.
func unknown(r *refunds.Record) Verdict {
	v := Verdict{exitcode.Unknown, Unknown, nil, wording.Words{
		RU: "исход неизвестен: деньги могли уйти или ещё могут; не повторяйте", EN: "unknown: the money may have moved, or may still; don't repeat it"}, "assist resolve " + ID(r.ID)}
	if !r.NeedsPerson.IsZero() {
		v.Text.RU += "; нужен человек: " + r.PersonWhy
		v.Text.EN += "; a person is needed: " + r.PersonWhy
		v.Next = "assist decide " + ID(r.ID)
	}
	return v
}

// pending is a refund that nothing is under way of.
func pending(r *refunds.Record) Verdict {
	id := ID(r.ID)
	v := Verdict{Code: exitcode.NotFinished, Outcome: Queued, Moved: yes(false), Next: "assist wait " + id}
	at := Clock(r.NextAt)
	switch {
	case !r.NeedsPerson.IsZero():
		v.Text, v.Next = wording.Words{RU: "стоит, нужен человек: " + r.PersonWhy, EN: "stands still, a person is needed: " + r.PersonWhy}, "assist decide "+id
	case r.Waits == refunds.ForTime:
		v.Text = wording.Words{RU: "в очереди: уйдёт сам после " + at + " МСК, если работает assist worker", EN: "queued: goes by itself after " + at + " Moscow time, where assist worker runs"}
		v.Next = "assist cancel " + id
	case r.Waits == refunds.ForMoney:
		v.Text = wording.Words{RU: "в очереди: ждёт баланса дня; следующая попытка " + at + " МСК", EN: "queued: waits for the day balance; tried next at " + at + " Moscow time"}
	case r.Waits == refunds.ForSettings:
		v.Code, v.Next = exitcode.Settings, "assist doctor"
		v.Text = wording.Words{RU: "в очереди: Assist не принимает логин, пароль или права; ничего не отправлено", EN: "queued: Assist doesn't take login, password or rights; nothing was sent"}
	case r.Waits == refunds.ForPerson:
		v.Text, v.Next = wording.Words{RU: "стоит: " + r.Detail, EN: "stands still: " + r.Detail}, "assist doctor"
	case r.Waits == refunds.ForConnection:
		v.Code = exitcode.NotSent
		v.Text = wording.Words{RU: "в очереди: связи с Assist нет, ничего не отправлено; ту же команду с тем же ключом можно повторить",
			EN: "queued: Assist can't be reached, nothing was sent; the same command with the same key may be repeated"}
	case r.Waits == refunds.ForPayment, r.Waits == refunds.ForEarlier:
		v.Text = wording.Words{RU: "в очереди: сначала другой возврат этого платежа", EN: "queued: another refund of the payment goes first"}
	case r.Waits == refunds.ForRest:
		v.Text = wording.Words{RU: "в очереди: платёж отдыхает до " + at + " МСК", EN: "queued: the payment rests until " + at + " Moscow time"}
	default:
		v.Text = wording.Words{RU: "в очереди, ничего не отправлено", EN: "queued, nothing was sent"}
	}
	return v
}

var earlierMay = wording.Words{RU: "прежняя отмена, закрытая человеком, могла или ещё может сработать",
	EN: "an earlier cancel that a person has closed may have moved money, or may still"}

// passedOver tells whether a person has closed a cancel of the refund whose outcome
// isn't known: whatever became of the refund since, that one may have moved money.
func passedOver(r *refunds.Record) bool {
	for _, a := range r.Attempts {
		if a.ClosedBy != "" && a.Outcome == assist.Unknown {
			return true
		}
	}
	return r.PassedOver
}

// movedLate is about money that moved by a cancel that a person had closed. That it
// moved is known, and it isn't what the refund's state says: whoever pays again by
// the state pays twice, so the code is that of what must never be repeated.
func movedLate(r *refunds.Record, v Verdict) Verdict {
	late := Verdict{exitcode.Unknown, MovedLate, yes(true), wording.Words{RU: "деньги ушли вопреки решению человека: сработала отмена, которую он закрыл",
		EN: "the money moved despite a person's decision: a cancel that was closed has come through"}, "assist show " + ID(r.ID)}
	switch {
	case r.State == refunds.Done:
		late.Text.RU += "; возврат ушёл ещё раз" + operations(r) + ": деньги ушли дважды"
		late.Text.EN += "; the refund went once more" + operations(r) + ": the money went twice"
	case !r.State.Final():
		late.Text.RU += "; и возврат ещё открыт (" + v.Text.RU + "), деньги могут уйти второй раз"
		late.Text.EN += "; and the refund is still open (" + v.Text.EN + "), so money may move a second time"
	default:
		late.Text.RU += operations(r) + "; не повторяйте"
		late.Text.EN += operations(r) + "; don't repeat it"
	}
	if passedOver(r) {
		late.Text.RU += "; и ещё одна закрытая отмена может сработать"
		late.Text.EN += "; and one more closed cancel may come through"
	}
	return late
}

// Beside is the code of a command that failed with another one, when the refund
// that it is about stands so. What a command failed by says nothing of the money;
// so where money has moved, may have, or may yet, its code mustn't promise that none
// did.
func (v Verdict) Beside(code int) int {
	switch {
	case code == exitcode.Usage:
		return code // what isn't understood says nothing of anything
	case v.Moved == nil:
		return v.Code
	case *v.Moved:
		return exitcode.Unknown
	case v.Outcome == Queued && code != exitcode.Settings && code != exitcode.NotSent:
		return exitcode.NotFinished // stored, and it goes by itself
	}
	return code
}

func yes(b bool) *bool { return &b }

func operations(r *refunds.Record) string {
	var text strings.Builder
	for i, op := range r.Operations {
		text.WriteString(map[bool]string{true: " · ", false: ", "}[i == 0])
		text.WriteString(string(op.Billnumber))
		if op.ApprovalCode != "" {
			text.WriteString(" · auth " + op.ApprovalCode)
		}
		if op.SlipNumber != "" {
			text.WriteString(" · RRN " + op.SlipNumber)
		}
	}
	return text.String()
}

// reason is why a refund was refused: by its codes, where it has any.
func reason(r *refunds.Record, l assist.Language) string {
	code := assist.ResponseCode(r.Codes)
	var e assist.APIError
	switch n, err := fmt.Sscanf(r.Codes, "%d/%d", &e.First, &e.Second); {
	case code.Known():
		return " (" + r.Codes + ": " + code.Meaning(l) + ")"
	case err == nil && n == 2:
		return " (" + r.Codes + ": " + e.Meaning(l) + ")"
	case r.Detail != "":
		return ": " + r.Detail
	}
	return ""
}
