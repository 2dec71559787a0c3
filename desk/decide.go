package desk

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds"
)

// decideBody is the form by which a person decides about a refund.
type decideBody struct {
	ID       refunds.ID
	Attempts int // what the person saw: another attempt since is another question
	Why      string
	Since    string
	Asks     int
	Asked    string
	Choices  []decision
	Evidence []operationRow
	AsOf     string
	Stale    string
	Open     *openDecision
	Early    string
}

// decision is one that can be chosen.
type decision struct {
	Value, Text, Note string
	Chosen            bool
}

// openDecision waits for a second person, or for the carrier.
type openDecision struct {
	ID                        int64
	Text, By, At, Why, Result string
	CanConfirm, Carrier       bool
	Mine                      string
}

// freshFor is how old Assist's word may be below a decision.
const freshFor = time.Minute

func (d *desk) decideBody(ctx context.Context, r *refunds.Record, p *page) *decideBody {
	b := &decideBody{ID: r.ID, Attempts: len(r.Attempts), Why: personText(r, p.Lang), Since: p.Ago(r.NeedsPerson)}
	var attempt *refunds.Attempt
	if len(r.Attempts) > 0 && r.State != refunds.Pending {
		attempt = &r.Attempts[len(r.Attempts)-1]
		b.Asks, b.Asked, b.Since = attempt.Asks, p.At(attempt.Asked), p.Ago(attempt.Begun)
	}
	b.Open = openDecisionOf(r, p)
	if b.Open != nil {
		return b
	}
	candidates := d.evidence(ctx, r, attempt, b, p)
	for _, c := range candidates {
		b.Choices = append(b.Choices, decision{Value: string(refunds.ItWas) + "|" + c.Billnumber, Text: p.T("Это наша отмена: ", "This is our cancel: ") + c.Billnumber, Note: c.Amount + " · " + c.At})
	}
	if r.State == refunds.Pending {
		for _, c := range candidates {
			b.Choices = append(b.Choices, decision{Value: string(refunds.NotIts) + "|" + c.Billnumber, Text: p.T("Эта отмена не наша: ", "That cancel isn't ours: ") + c.Billnumber,
				Note: p.T("Её сделали вручную по другому поводу, и вернуть всё равно надо. Нужен второй старший: возможна двойная выплата.", "It was made by hand for something else, and the refund is still owed. A second senior is needed: the customer could be paid twice.")})
		}
	}
	if r.State == refunds.Sent {
		if d.now().Sub(attempt.Begun) < 2*time.Hour {
			b.Early = p.T("«Нашей отмены нет» можно сказать не раньше чем через два часа после отправки.", "That our cancel never came can be said two hours after the send at the earliest.")
		} else {
			b.Choices = append(b.Choices, decision{Value: string(refunds.NeverCame), Text: p.T("Нашей отмены нет: отправить снова", "Our cancel never came: send again"),
				Note: p.T("Нужен второй старший. Если отмена всё же придёт, покупатель получит деньги дважды.", "A second senior is needed. If the cancel arrives after all, the customer is paid twice.")})
		}
	}
	b.Choices = append(b.Choices,
		decision{Value: string(refunds.GiveUp), Text: p.T("Закрыть: больше ничего не отправлять", "Close it: send nothing more"), Note: p.T("За отменой следим ещё месяц.", "The cancel is watched for another month.")},
		decision{Value: string(refunds.Wait), Text: p.T("Подождать ещё", "Wait longer"), Note: p.T("Assist спрашиваем сами; снова позовём через восемь часов.", "Assist is asked by itself; you are called again in eight hours."), Chosen: true})
	return b
}

// evidence asks Assist for the order, and tells which of its cancels may be the
// refund's own. Without Assist it goes by what the carrier has seen.
func (d *desk) evidence(ctx context.Context, r *refunds.Record, a *refunds.Attempt, b *decideBody, p *page) []operationRow {
	var seen []assist.Billnumber
	if a != nil {
		seen = a.Seen
	}
	l, err := d.lookUp(ctx, r.Request.OrderNumber, r.Request.OrderDate, freshFor)
	order, found := l.of(r.Request.Billnumber)
	if err != nil || !found {
		b.Stale = p.T("Assist сейчас не отвечает: суммы и время операций не показаны.", "Assist doesn't answer at the moment: amounts and times of operations aren't shown.")
		var all []operationRow
		for _, o := range seen {
			all = append(all, operationRow{Billnumber: string(o), Amount: "—", At: "—"})
		}
		return all
	}
	b.AsOf = p.At(l.AsOf)
	owned := d.owned(ctx, r)
	var candidates []operationRow
	for _, op := range order.Operations {
		row := operationRow{Billnumber: string(op.Billnumber), Amount: sum(op.Amount, p.Lang), At: p.Exact(op.Date) + p.T(" МСК", " MSK"), RRN: op.SlipNumber, Approval: op.ApprovalCode}
		switch {
		case op.Type != assist.OperationCancel:
			row.Whose = p.T("оплата", "payment")
		case op.Declined():
			row.Whose = p.T("отклонена", "declined")
		case slices.Contains(owned, op.Billnumber):
			row.Whose = p.T("другой возврат", "another refund")
		case op.Amount == r.Request.Amount:
			row.Whose, row.Maybe = p.T("может быть нашей", "may be ours"), true
			candidates = append(candidates, row)
		default:
			row.Whose = p.T("не отсюда, другая сумма", "not from here, another amount")
		}
		b.Evidence = append(b.Evidence, row)
	}
	return candidates
}

// owned are the operations that belong to refunds of the payment.
func (d *desk) owned(ctx context.Context, r *refunds.Record) (all []assist.Billnumber) {
	for one, err := range d.book.List(ctx, refunds.Filter{MerchantID: r.MerchantID, Payment: r.Request.Billnumber}) {
		if err != nil {
			return all
		}
		full, err := d.book.Get(ctx, one.ID)
		if err != nil {
			return all
		}
		for _, op := range full.Operations {
			all = append(all, op.Billnumber)
		}
	}
	return all
}

func openDecisionOf(r *refunds.Record, p *page) *openDecision {
	for _, one := range r.Decisions {
		if one.State != refunds.AwaitsConfirmation && one.State != refunds.AwaitsCarrier {
			continue
		}
		o := &openDecision{ID: one.ID, Text: decisionWords(one.Kind).in(p.Lang), By: one.By.Name, At: p.At(one.At), Why: one.By.Reason, Carrier: one.State == refunds.AwaitsCarrier}
		if one.Operation != "" {
			o.Text += " " + string(one.Operation)
		}
		switch {
		case o.Carrier: // nobody has to confirm it
		case one.By.ID == p.User.ID:
			o.Mine = p.T("Вы записали это решение: подтвердить должен другой старший.", "You recorded this decision: another senior has to confirm it.")
		case r.AskedBy.ID == p.User.ID:
			o.Mine = p.T("Вы просили этот возврат: подтвердить должен другой старший.", "You asked for this refund: another senior has to confirm it.")
		default:
			o.CanConfirm = p.Senior()
		}
		return o
	}
	return nil
}

// decide stores a decision. The carrier asks Assist before it does anything.
func (d *desk) decide(w http.ResponseWriter, r *http.Request, p *page) error {
	rec, err := d.asksFor(r)
	if err != nil {
		return err
	}
	if r.PostForm.Get("attempts") != strconv.Itoa(len(rec.Attempts)) {
		return refunds.ErrState // the person saw another attempt
	}
	kind, operation, _ := strings.Cut(r.PostForm.Get("decision"), "|")
	if kind == "" {
		return errForm
	}
	person, err := needWhy(r, p)
	if err != nil {
		return err
	}
	return d.act(w, r, func(ctx context.Context, id refunds.ID) error {
		_, err := d.book.ProposeDecision(ctx, id, refunds.Decision{Kind: refunds.DecisionKind(kind), Operation: assist.Billnumber(operation)}, person)
		return err
	})
}

// confirm is the second person's word on a decision.
func (d *desk) confirm(w http.ResponseWriter, r *http.Request, p *page) error {
	rec, err := d.asksFor(r)
	if err != nil {
		return err
	}
	open := openDecisionOf(rec, p)
	if open == nil || strconv.FormatInt(open.ID, 10) != r.PostForm.Get("decision") {
		return refunds.ErrState
	}
	person, err := needWhy(r, p)
	if err != nil {
		return err
	}
	return d.act(w, r, func(ctx context.Context, _ refunds.ID) error { return d.book.ConfirmDecision(ctx, open.ID, person) })
}
