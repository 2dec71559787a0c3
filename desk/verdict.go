package desk

import (
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds"
)

// moved is the answer to the one question.
type moved int

const (
	movedNo      moved = iota // and can't by this refund as it stands
	movedNotYet               // Assist or the carrier is at work
	movedUnknown              // nobody knows
	movedYes
)

// String names the answer for the style sheet.
func (m moved) String() string { return [...]string{"no", "notyet", "unknown", "yes"}[m] }

func (m moved) heading() words {
	switch m {
	case movedYes:
		return words{"Деньги ушли", "The money has moved"}
	case movedNotYet:
		return words{"Ещё не известно, ушли ли деньги", "Not known yet whether the money has moved"}
	case movedUnknown:
		return words{"Не известно, ушли ли деньги", "Not known whether the money has moved"}
	}
	return words{"Деньги не двигались", "No money has moved"}
}

// cell is the answer in a column whose head asks the question.
func (m moved) cell() words {
	switch m {
	case movedYes:
		return words{"Да", "Yes"}
	case movedNotYet:
		return words{"Ещё не известно", "Not known yet"}
	case movedUnknown:
		return words{"Не известно", "Not known"}
	}
	return words{"Нет", "No"}
}

// movedOf answers the question by what the store knows. Where it doesn't know,
// it says so: a "no" that turns out wrong is a second refund.
func movedOf(r *refunds.Record) moved {
	switch {
	case r.MovedLate, r.State == refunds.Done:
		return movedYes
	case r.PassedOver, r.State == refunds.GivenUp:
		return movedUnknown
	case r.State == refunds.InProcess:
		return movedNotYet
	case r.State == refunds.Sent && r.Detail == "" && r.NeedsPerson.IsZero():
		return movedNotYet // it is being sent, or was a moment ago
	case r.State == refunds.Sent:
		return movedUnknown
	}
	return movedNo
}

// status is a refund's state as a person calls it.
func status(r *refunds.Record) words {
	switch {
	case r.MovedLate:
		return words{"Ушли вопреки решению", "Moved despite a decision"}
	case r.State == refunds.Proposed:
		return words{"Ждёт подтверждения", "Awaits approval"}
	case r.State == refunds.Pending && !r.NeedsPerson.IsZero():
		return words{"Не отправлен: нужен человек", "Not sent: needs a person"}
	case r.State == refunds.Pending && r.Waits == refunds.ForTime:
		return words{"Ждёт своего времени", "Waits for its time"}
	case r.State == refunds.Pending:
		return words{"В очереди", "Queued"}
	case r.State == refunds.Sent && movedOf(r) == movedNotYet:
		return words{"Отправляется", "Being sent"}
	case r.State == refunds.Sent:
		return words{"Неизвестно", "Unknown"}
	case r.State == refunds.InProcess:
		return words{"В обработке", "In process"}
	case r.State == refunds.Done:
		return words{"Возвращено", "Done"}
	case r.State == refunds.Refused:
		return words{"Отказ", "Refused"}
	case r.State == refunds.Withdrawn:
		return words{"Отозван", "Withdrawn"}
	case r.State == refunds.Denied:
		return words{"Отклонён", "Denied"}
	}
	return words{"Закрыт без ответа", "Closed, outcome unknown"}
}

// mark is the sign beside a status, for those who don't see its colour.
func mark(r *refunds.Record) string {
	switch movedOf(r) {
	case movedYes:
		if r.MovedLate {
			return "‼"
		}
		return "✓"
	case movedUnknown:
		return "?"
	case movedNotYet:
		return "…"
	}
	if r.State.Final() {
		return "×"
	}
	return "◷"
}

// tone names the colour of a status.
func tone(r *refunds.Record) string {
	switch {
	case r.MovedLate:
		return "bad"
	case movedOf(r) == movedUnknown, !r.NeedsPerson.IsZero():
		return "warn"
	case movedOf(r) == movedNotYet:
		return "busy"
	case r.State == refunds.Done:
		return "good"
	case r.State == refunds.Refused:
		return "bad"
	}
	return "calm"
}

// waitsText says what a refund that isn't final waits for.
func waitsText(r *refunds.Record, l assist.Language) string {
	switch r.Waits {
	case refunds.ForRest:
		return words{"ждёт полторы минуты после другого возврата этого платежа", "waits for a minute and a half after another refund of this payment"}.in(l)
	case refunds.ForPayment:
		return words{"ждёт исхода другого возврата этого платежа", "waits for the outcome of another refund of this payment"}.in(l)
	case refunds.ForEarlier:
		return words{"ждёт более раннего возврата этого платежа", "waits for an earlier refund of this payment"}.in(l)
	case refunds.ForTime:
		return words{"уйдёт сам после ", "goes by itself after "}.in(l) + at(goesAt(r), l)
	case refunds.ForMoney:
		return words{"ждёт, пока по кошельку поступят оплаты; проверяется сам в течение дня", "waits until payments come in on the wallet; it is tried by itself during the day"}.in(l)
	case refunds.ForConnection:
		return words{"Assist не отвечает; повторится сам в ", "Assist doesn't answer; it is tried again by itself at "}.in(l) + at(r.NextAt, l)
	case refunds.ForSettings:
		return words{"отправка приостановлена: Assist не принимает настройки магазина", "sending is paused: Assist doesn't take the merchant's settings"}.in(l)
	case refunds.ForPerson:
		return words{"нужно решение человека", "a person has to decide"}.in(l)
	case refunds.ForApproval:
		return words{"ждёт подтверждения вторым сотрудником", "waits for a second person's approval"}.in(l)
	case refunds.ForOutcome:
		return words{"Assist спросят снова в ", "Assist is asked again at "}.in(l) + at(r.NextAt, l)
	}
	return words{"в очереди на отправку", "queued to be sent"}.in(l)
}

// goesAt is when a refund that waits for its time goes.
func goesAt(r *refunds.Record) time.Time {
	if r.NotBefore.After(r.NextAt) {
		return r.NotBefore
	}
	return r.NextAt
}

// customerText is what to tell the customer: the truth, and nothing of the
// merchant's own affairs. Of a lost answer it never says that the refund is under
// way.
func customerText(r *refunds.Record, l assist.Language) string {
	amount := sum(r.Request.Amount, l)
	switch {
	case r.State == refunds.Done:
		return doneText(r, l)
	case r.MovedLate:
		return words{"Возврат " + amount + " выполнен: деньги отправлены.", "Your refund of " + amount + " is complete: the money was sent."}.in(l)
	case movedOf(r) == movedUnknown:
		return words{"Проверяем, ушли ли деньги (" + amount + "). Сообщим, как только это станет известно.",
			"We are checking whether the money (" + amount + ") has been sent. We will tell you as soon as we know."}.in(l)
	case r.State == refunds.Sent:
		return words{"Проверяем, ушли ли деньги (" + amount + "): это займёт пару минут.", "We are checking whether the money (" + amount + ") has been sent: it takes a couple of minutes."}.in(l)
	case r.State == refunds.InProcess:
		return words{"Возврат " + amount + " принят и выполняется. Деньги ещё в пути; сообщим, когда он завершится.",
			"Your refund of " + amount + " was accepted and is being processed. We will tell you when it is complete."}.in(l)
	case r.State == refunds.Proposed:
		return words{"Возврат " + amount + " оформлен и проверяется у нас. Деньги ещё не отправлены.", "Your refund of " + amount + " was requested and is being checked by us. The money hasn't been sent yet."}.in(l)
	case r.State == refunds.Pending && r.Waits == refunds.ForTime:
		return words{"Возврат " + amount + " уйдёт сам после " + at(goesAt(r), l) + ". Деньги ещё не отправлены.",
			"Your refund of " + amount + " will be sent after " + at(goesAt(r), l) + ". The money hasn't been sent yet."}.in(l)
	case r.State == refunds.Pending:
		return words{"Возврат " + amount + " оформлен и ждёт отправки. Деньги ещё не отправлены.", "Your refund of " + amount + " was requested and waits to be sent. The money hasn't been sent yet."}.in(l)
	case r.State == refunds.Refused:
		return words{"Возврат " + amount + " не прошёл, деньги не отправлены. Мы разберёмся и свяжемся с вами.",
			"Your refund of " + amount + " didn't go through and no money was sent. We will look into it and get back to you."}.in(l)
	}
	return words{"Этот возврат (" + amount + ") отменён до отправки, деньги не отправлены.", "This refund (" + amount + ") was cancelled before it was sent; no money was sent."}.in(l)
}

// doneText gives what the customer's bank asks for.
func doneText(r *refunds.Record, l assist.Language) string {
	when, rrn, approval := r.Ended, "", ""
	for _, op := range r.Operations {
		if !op.At.IsZero() {
			when = op.At
		}
		rrn, approval = op.SlipNumber, op.ApprovalCode
	}
	text := words{"Возврат " + sum(r.Request.Amount, l) + " выполнен " + at(when, l) + ". Срок зачисления зависит от банка, обычно несколько дней.",
		"Your refund of " + sum(r.Request.Amount, l) + " was made on " + at(when, l) + ". When it arrives depends on the bank, usually within a few days."}.in(l)
	switch {
	case rrn != "" && approval != "":
		text += words{" Если денег нет, назовите банку RRN " + rrn + " и код авторизации " + approval + ".",
			" If the money hasn't arrived, give your bank RRN " + rrn + " and approval code " + approval + "."}.in(l)
	case rrn != "":
		text += words{" Если денег нет, назовите банку RRN " + rrn + ".", " If the money hasn't arrived, give your bank RRN " + rrn + "."}.in(l)
	case approval != "":
		text += words{" Если денег нет, назовите банку код авторизации " + approval + ".", " If the money hasn't arrived, give your bank approval code " + approval + "."}.in(l)
	}
	return text
}
