package desk

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds"
)

// refundBody is the page of one refund.
type refundBody struct {
	ID                          refunds.ID
	Number, Amount, Mean, Order string
	Bill, Note, Reason          string
	Moved                       string // for the style sheet
	Heading, Explain, Next      string
	Customer                    string // what to tell them
	Tone, Status, Mark          string
	Created, By, ApprovedBy     string
	TakenBy                     string
	Paid, Back, Away, Left      string
	PaidN, BackN, AwayN         int64
	Operations                  []operationRow
	Attempts                    []attemptRow
	Timeline                    []line
	Technical                   []string
	Late                        string
	Can                         can
	Decide                      *decideBody
	AmountRaw                   string
}

// can tells which buttons the person gets. Each POST asks again.
type can struct{ Approve, Deny, Withdraw, Take, Late, New bool }

type operationRow struct {
	Billnumber, Amount, At, RRN, Approval, Whose string
	Maybe                                        bool
}

type attemptRow struct {
	Number                  int
	Begun, Outcome, Asked   string
	Asks                    int
	Seen                    []string
	Intent, Watched, Detail string
}

func idText(id refunds.ID) string { return strconv.FormatInt(int64(id), 10) }

// idOf reads the refund's number out of the address.
func idOf(r *http.Request) (refunds.ID, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || id < 1 {
		return 0, refunds.ErrNotFound
	}
	return refunds.ID(id), nil
}

func (d *desk) asksFor(r *http.Request) (*refunds.Record, error) {
	id, err := idOf(r)
	if err != nil {
		return nil, err
	}
	return d.get(r.Context(), id)
}

func (d *desk) refund(w http.ResponseWriter, r *http.Request, p *page) error {
	rec, err := d.asksFor(r)
	if err != nil {
		return err
	}
	history, err := d.book.History(r.Context(), rec.ID)
	if err != nil {
		return err
	}
	if _, err := d.health(r, p); err != nil {
		return err
	}
	body, err := d.refundBody(r.Context(), rec, history, p)
	if err != nil {
		return err
	}
	if !rec.NeedsPerson.IsZero() && p.Senior() {
		body.Decide = d.decideBody(r.Context(), rec, p)
	}
	p.Poll = d.moving(rec)
	p.Title, p.Body = number(rec.ID)+" · "+body.Status, body
	return d.show(w, r, p, http.StatusOK, "refund")
}

// moving tells whether the refund is likely to change while somebody looks.
func (d *desk) moving(r *refunds.Record) bool {
	decided := false
	for _, one := range r.Decisions {
		decided = decided || one.State == refunds.AwaitsCarrier
	}
	switch {
	case decided:
		return true
	case r.State.Final(), !r.NeedsPerson.IsZero(), r.State == refunds.Proposed:
		return false
	}
	return r.State != refunds.Pending || goesAt(r).Sub(d.now()) < 10*time.Minute
}

func (d *desk) refundBody(ctx context.Context, r *refunds.Record, history []refunds.Event, p *page) (*refundBody, error) {
	b := &refundBody{ID: r.ID, Number: number(r.ID), Amount: sum(r.Request.Amount, p.Lang), AmountRaw: r.Request.Amount.Amount(), Order: r.Request.OrderNumber,
		Mean: meanName(r.Mean.TypeID, r.Mean.Last4, p.Lang), Bill: string(r.Request.Billnumber), Note: r.Note, Moved: movedOf(r).String(),
		Heading: movedOf(r).heading().in(p.Lang), Explain: explain(r, p.Lang), Customer: customerText(r, p.Lang),
		Tone: tone(r), Status: status(r).in(p.Lang), Mark: mark(r), Created: at(r.Created, p.Lang), By: askedBy(r, p.Lang), ApprovedBy: r.ApprovedBy.Name}
	b.Reason = map[assist.CancelReason]string{assist.ReasonCustomer: p.T("покупатель", "customer"), assist.ReasonShop: p.T("магазин", "shop"),
		assist.ReasonFraud: p.T("мошенничество", "fraud")}[r.Request.Reason]
	if !r.State.Final() {
		b.Next = capital(waitsText(r, p.Lang)) + "."
	}
	b.Can = d.canOf(r, p.User)
	b.Attempts, b.Operations = attemptRows(r, p), operationRows(r, p)
	b.Timeline = d.timeline(history, r, p)
	b.Technical = technical(r)
	for _, e := range history {
		if r.TakenBy != "" && e.Kind == refunds.Taken && e.Actor == r.TakenBy {
			b.TakenBy = e.ActorName
		}
	}
	if r.MovedLate {
		b.Late = lateText(r, history, p)
		b.Can.Late = p.Senior() && !lateSeen(history)
	}
	return b, d.paymentOf(ctx, r, b, p)
}

// paymentOf adds what the store knows of the payment.
func (d *desk) paymentOf(ctx context.Context, r *refunds.Record, b *refundBody, p *page) error {
	pay, err := d.book.Payment(ctx, r.MerchantID, r.Request.Billnumber)
	if err != nil {
		return err
	}
	away, err := pay.Claimed.Add(pay.Closed)
	if err != nil {
		away = pay.Claimed
	}
	b.Back, b.Away, b.Paid, b.Left = sum(pay.Moved, p.Lang), sum(away, p.Lang), sum(pay.Mean.Paid, p.Lang), sum(pay.Left, p.Lang)
	if n := pay.Mean.Paid.Minor(); n > 0 {
		b.PaidN, b.BackN, b.AwayN = 1000, pay.Moved.Minor()*1000/n, away.Minor()*1000/n
		b.Can.New = p.Operator() && pay.Left.Minor() > 0 && r.State != refunds.Sent
	} else {
		b.Left = "—"
	}
	return nil
}

func (d *desk) canOf(r *refunds.Record, u User) can {
	mine := r.AskedBy.ID == u.ID
	c := can{}
	switch r.State {
	case refunds.Proposed:
		c.Approve = u.Role >= Senior && !mine
		c.Deny = u.Role >= Senior && !mine
		c.Withdraw = u.Role >= Operator && mine
	case refunds.Pending:
		c.Withdraw = !r.PassedOver && (u.Role >= Senior || u.Role >= Operator && mine)
	}
	c.Take = u.Role >= Senior && !r.NeedsPerson.IsZero() && r.TakenBy != u.ID
	return c
}

// performed counts the cancels of a refund that Assist has performed.
func performed(r *refunds.Record) (n int) {
	for _, a := range r.Attempts {
		if a.Outcome == assist.Accepted {
			n++
		}
	}
	return n
}

// explain says below the verdict why it is so.
func explain(r *refunds.Record, l assist.Language) string {
	switch {
	case r.MovedLate && r.State == refunds.Done && performed(r) == 1:
		return words{"Деньги ушли прежней отменой этого возврата, которую человек счёл непришедшей.", "The money moved by an earlier cancel of this refund, which a person took for lost."}.in(l)
	case r.MovedLate && r.State == refunds.Done:
		return words{"Ушли, возможно, дважды: прежняя отмена, которую человек счёл непришедшей, всё же прошла.", "Possibly twice: an earlier cancel that a person took for lost has gone through after all."}.in(l)
	case r.MovedLate:
		return words{"Отмена прошла уже после того, как человек закрыл этот возврат.", "The cancel went through after a person had closed this refund."}.in(l)
	case r.State == refunds.Done && r.PassedOver:
		return words{"Прежняя отмена этого возврата осталась без ответа и ещё под наблюдением.", "An earlier cancel of this refund stayed without an answer and is still being watched."}.in(l)
	case r.PassedOver:
		return words{"Прежняя отмена осталась без ответа: человек решил, что она не дошла. За ней следим.", "An earlier cancel stayed without an answer: a person decided that it never came. It is being watched."}.in(l)
	case r.State == refunds.Done:
		return words{"Assist подтвердил отмену. Банк покупателя зачисляет деньги сам.", "Assist has confirmed the cancel. The customer's bank credits the money by itself."}.in(l)
	case r.State == refunds.InProcess:
		return words{"Assist принял отмену и ещё работает над ней. Страница обновится сама.", "Assist took the cancel and is still working on it. The page updates by itself."}.in(l)
	case r.State == refunds.Sent && movedOf(r) == movedNotYet:
		return words{"Отмена отправляется в Assist. Страница обновится сама.", "The cancel is being sent to Assist. The page updates by itself."}.in(l)
	case r.State == refunds.Sent:
		return words{"Ответ Assist потерялся. Второй возврат может заплатить дважды, поэтому он закрыт, пока не станет ясно. Спрашиваем Assist сами.",
			"Assist's answer was lost. A second refund could pay twice, so it is closed until this is clear. Assist is being asked."}.in(l)
	case r.State == refunds.GivenUp:
		return words{"Человек закрыл этот возврат, не узнав исхода. За отменой следим ещё месяц.", "A person closed this refund without knowing its outcome. The cancel is watched for a month."}.in(l)
	case r.State == refunds.Refused:
		return refusalText(r, l)
	case r.State == refunds.Withdrawn:
		return words{"Отозван до отправки.", "Withdrawn before it was sent."}.in(l)
	case r.State == refunds.Denied:
		return words{"Не подтверждён: ничего не отправлено.", "Not approved: nothing was sent."}.in(l)
	case r.State == refunds.Proposed:
		return words{"Ничего не отправлено: нужно подтверждение второго сотрудника.", "Nothing was sent: a second person has to approve."}.in(l)
	case !r.NeedsPerson.IsZero():
		return personText(r, l)
	}
	return words{"Ещё ничего не отправлено.", "Nothing has been sent yet."}.in(l)
}

// refusalText puts Assist's codes into words.
func refusalText(r *refunds.Record, l assist.Language) string {
	first, second, ok := strings.Cut(r.Codes, "/")
	a, err1 := strconv.Atoi(first)
	b, err2 := strconv.Atoi(second)
	meaning := ""
	switch {
	case ok && err1 == nil && err2 == nil:
		meaning = (&assist.APIError{First: a, Second: b}).Meaning(l)
	case r.Codes != "":
		meaning = assist.ResponseCode(r.Codes).Meaning(l)
	default:
		return words{"Правило не пропустило возврат: ничего не отправлено.", "A rule refused it: nothing was sent."}.in(l)
	}
	return words{"Assist отказал: ", "Assist refused it: "}.in(l) + meaning + " (" + r.Codes + "). " + words{"Можно оформить новый возврат.", "A new refund can be asked for."}.in(l)
}

// personText says why a refund needs a person, in words of the desk's; the
// store's own stand among the technical details.
func personText(r *refunds.Record, l assist.Language) string {
	switch {
	case r.State == refunds.Sent:
		return words{"Assist до сих пор не говорит, чем кончилась отмена.", "Assist still doesn't tell what became of the cancel."}.in(l)
	case r.State == refunds.InProcess:
		return words{"Assist слишком долго обрабатывает отмену.", "Assist has been processing the cancel for too long."}.in(l)
	case strings.Contains(r.PersonWhy, "may be this refund"):
		return words{"Не отправлен: в заказе уже есть отмена на эту сумму, сделанная не отсюда. Возможно, деньги вернули вручную.", "Not sent: the order already has a cancel of this amount that wasn't made here. The money may have been refunded by hand."}.in(l)
	case strings.Contains(r.PersonWhy, "all that is left"):
		return words{"Не отправлен: просили вернуть весь остаток, а он изменился.", "Not sent: all that is left was asked for, and that has changed."}.in(l)
	case strings.Contains(r.PersonWhy, "no such order"):
		return words{"Не отправлен: Assist не знает такого заказа.", "Not sent: Assist knows no such order."}.in(l)
	}
	return words{"Не отправлен: нужно решение человека.", "Not sent: a person has to decide."}.in(l)
}

// technical is for an engineer who is called.
func technical(r *refunds.Record) []string {
	var all []string
	for _, text := range []string{r.PersonWhy, r.Detail, r.Codes} {
		if text != "" {
			all = append(all, text)
		}
	}
	return append(all, "key "+r.Key)
}

func operationRows(r *refunds.Record, p *page) (all []operationRow) {
	for _, op := range r.Operations {
		all = append(all, operationRow{Billnumber: string(op.Billnumber), Amount: sum(op.Amount, p.Lang), At: p.Exact(op.At), RRN: op.SlipNumber, Approval: op.ApprovalCode,
			Whose: p.T("наша", "ours")})
	}
	return all
}

func attemptRows(r *refunds.Record, p *page) (all []attemptRow) {
	for _, a := range r.Attempts {
		one := attemptRow{Number: a.Number, Begun: p.Exact(a.Begun), Asks: a.Asks, Intent: a.IntentID, Detail: a.Detail}
		switch {
		case a.Told.IsZero() && a.Detail != "":
			one.Outcome = p.T("ответ потерялся", "the answer was lost")
		case a.Told.IsZero():
			one.Outcome = p.T("ответа ещё нет", "no answer yet")
		case a.ClosedBy != "" && a.Outcome == assist.Unknown:
			one.Outcome = p.T("закрыта человеком без ответа", "closed by a person without an answer")
		case a.Outcome == assist.Accepted && a.Ended.IsZero():
			one.Outcome = p.T("принята, в обработке", "accepted, in process")
		case a.Outcome == assist.Accepted:
			one.Outcome = p.T("деньги ушли", "the money moved")
		case a.Outcome == assist.Rejected:
			one.Outcome = p.T("отказ, деньги не двигались", "refused, no money moved")
		default:
			one.Outcome = p.T("не отправлена", "not sent")
		}
		if a.Asks > 0 {
			one.Asked = p.Exact(a.Asked)
		}
		for _, b := range a.Seen {
			one.Seen = append(one.Seen, string(b))
		}
		if a.WatchedUntil.After(time.Time{}) {
			one.Watched = p.At(a.WatchedUntil)
		}
		all = append(all, one)
	}
	return all
}

func capital(text string) string {
	first := firstLetter(text)
	return strings.ToUpper(first) + strings.TrimPrefix(text, first)
}
