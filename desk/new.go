package desk

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/internal/moscow"
	"github.com/assist-go/assist/refunds"
)

// newBody is the page of a new refund, and of its last question.
type newBody struct {
	Asked    asked
	Choose   []choice // several payments of one order
	Pay      *paymentBody
	Judged   *judgedBody
	Problem  string // why there is nothing to fill in
	Problems []string
	Customer string // whose order it is, masked
	Link     string // a refund that stands in the way
	LinkText string
	Changed  string
}

type choice struct{ Bill, Text string }

// paymentBody is a payment in words.
type paymentBody struct {
	Order, Bill, Mean, PaidAt string
	Paid, Back, Away, Left    string
	PaidN, BackN, AwayN       int64 // for the bar, of a thousand
	LeftRaw                   string
	AsOf                      string
	Stale                     bool
	CanGive                   bool
	Sign                      string
}

// judgedBody is a refund as it would be stored, in words.
type judgedBody struct {
	Amount, Reason string
	Say            []string
	When           string // it goes later
	Second         bool
	Like           string // the warning
	LikeLink       string
}

func (d *desk) paymentBody(s *standing, l assist.Language) *paymentBody {
	b := &paymentBody{Order: s.Order.Number, Bill: string(s.Bill), Mean: meanName(s.MeanType, s.Last4, l), PaidAt: at(s.PaidAt, l), Paid: sum(s.Paid, l), Back: sum(s.Back, l), Away: sum(s.Away, l),
		Left: sum(s.Left, l), LeftRaw: s.Left.Amount(), Stale: s.Stale, CanGive: s.Known && s.Left.Minor() > 0 && s.Blocked == nil, Sign: s.Paid.Currency()}
	if s.Paid.Minor() > 0 {
		b.PaidN, b.BackN, b.AwayN = 1000, s.Back.Minor()*1000/s.Paid.Minor(), s.Away.Minor()*1000/s.Paid.Minor()
	}
	if b.Sign == "RUB" && l == assist.LanguageRU {
		b.Sign = "₽"
	}
	b.AsOf = at(s.AsOf, l)
	return b
}

// find fills the page with the payment that the form is about. Young is how old
// what Assist said may be.
func (d *desk) find(r *http.Request, p *page, body *newBody, young time.Duration) (*standing, error) {
	l, err := d.payments(r.Context(), body.Asked.Order, young)
	switch {
	case errors.Is(err, assist.ErrOrderNotFound):
		body.Problem = p.T("Такого заказа у Assist нет. Проверьте номер.", "Assist knows no such order. Check the number.")
		return nil, nil
	case errors.Is(err, assist.ErrAuthentication):
		body.Problem = p.T("Assist не принимает настройки магазина. Позовите администратора.", "Assist doesn't take the merchant's settings. Call an administrator.")
		return nil, nil
	case isQuestion(err):
		body.Problem = p.T("Assist сейчас не отвечает, найти платёж нельзя. Попробуйте через минуту: введённое остаётся в форме.", "Assist doesn't answer at the moment, so the payment can't be found. Try again in a minute: what you typed stays in the form.")
		return nil, nil
	case err != nil:
		return nil, err
	}
	var all []*standing
	for _, o := range l.Orders {
		s, err := d.standingOf(r.Context(), l, o, o.Billnumber)
		if err != nil {
			return nil, err
		}
		if s.Known && (body.Asked.Bill == "" || body.Asked.Bill.Payment() == s.Bill) {
			all = append(all, s)
		}
	}
	switch len(all) {
	case 0:
		body.Problem = p.T("У этого заказа нет успешной оплаты: возвращать нечего.", "This order has no successful payment: there is nothing to refund.")
		return nil, nil
	case 1:
		d.fill(p, body, all[0])
		return all[0], nil
	}
	for _, s := range all {
		body.Choose = append(body.Choose, choice{string(s.Bill), sum(s.Paid, p.Lang) + " · " + meanName(s.MeanType, s.Last4, p.Lang) + " · " + at(s.PaidAt, p.Lang)})
	}
	return nil, nil
}

// isQuestion tells an error of asking Assist from one of the store.
func isQuestion(err error) bool {
	var f *assist.FollowError
	return errors.As(err, &f)
}

func (d *desk) fill(p *page, body *newBody, s *standing) {
	body.Pay, body.Customer = d.paymentBody(s, p.Lang), masked(s.Order.Customer)
	body.Asked.Order, body.Asked.Bill = s.Order.Number, s.Bill
	if s.Blocked == nil {
		return
	}
	body.Link, body.LinkText = "refund/"+idText(s.Blocked.ID), number(s.Blocked.ID)
	body.Problem = p.T("По этому платежу не известно, ушли ли деньги. Второй возврат может заплатить дважды, поэтому он закрыт, пока это не выяснится.",
		"Of this payment it isn't known whether the money has moved. A second refund could pay twice, so it is closed until that is known.")
}

func (d *desk) newRefund(w http.ResponseWriter, r *http.Request, p *page) error {
	body := newBody{Asked: askedOf(r.URL.Query())}
	body.Asked.Form, body.Asked.Note, body.Asked.Typed = newForm(), "", ""
	if body.Asked.Reason == "" {
		body.Asked.Reason = "customer"
	}
	if _, err := d.health(r, p); err != nil {
		return err
	}
	if body.Asked.Order != "" {
		if _, err := d.find(r, p, &body, 0); err != nil {
			return err
		}
	}
	return d.showNew(w, r, p, http.StatusOK, "new", body)
}

func (d *desk) showNew(w http.ResponseWriter, r *http.Request, p *page, status int, name string, body newBody) error {
	p.Active, p.Title, p.Body = "new", p.T("Новый возврат", "New refund"), body
	if name == "confirm" {
		p.Title, p.Narrow = p.T("Проверьте и отправьте", "Check and send"), true
	}
	return d.show(w, r, p, status, name)
}

// checkRefund shows what would be stored. It stores nothing, and its address
// holds nothing personal: the reason is asked for on it.
func (d *desk) checkRefund(w http.ResponseWriter, r *http.Request, p *page) error {
	body := newBody{Asked: askedOf(r.URL.Query())}
	body.Asked.Note = ""
	if done, err := d.stored(w, r, p, body.Asked); done || err != nil {
		return err // back from the refund that it made
	}
	if _, err := d.health(r, p); err != nil {
		return err
	}
	s, err := d.find(r, p, &body, 0)
	if err != nil {
		return err
	}
	if s == nil {
		return d.showNew(w, r, p, http.StatusUnprocessableEntity, "new", body)
	}
	return d.ask(w, r, p, s, body, http.StatusOK)
}

// ask shows the last question, or what is wrong with the form.
func (d *desk) ask(w http.ResponseWriter, r *http.Request, p *page, s *standing, body newBody, status int) error {
	v, err := d.judge(r.Context(), s, body.Asked, p.User, p.Lang)
	if err != nil {
		return err
	}
	if err := body.Asked.valid(); err != nil {
		return err
	}
	if len(v.Stop) > 0 {
		body.Problems = v.Stop
		if s.Blocked != nil {
			return d.showNew(w, r, p, http.StatusConflict, "new", body)
		}
		return d.showNew(w, r, p, http.StatusUnprocessableEntity, "new", body)
	}
	body.Judged = d.judgedBody(v, body.Asked, p)
	body.Asked.Left = s.Left.Amount()
	return d.showNew(w, r, p, status, "confirm", body)
}

func (d *desk) judgedBody(v *verdictOnNew, a asked, p *page) *judgedBody {
	b := &judgedBody{Amount: sum(v.Amount, p.Lang), Say: v.Say, Second: v.Second}
	b.Reason = map[string]string{"customer": p.T("покупатель", "customer"), "shop": p.T("магазин", "shop"), "fraud": p.T("мошенничество", "fraud")}[a.Reason]
	if !v.NotBefore.IsZero() {
		b.When = at(v.NotBefore, p.Lang)
	}
	if v.Like != nil {
		ago := age(d.now().Sub(v.Like.Created), p.Lang)
		b.LikeLink = "refund/" + idText(v.Like.ID)
		b.Like = p.T("Такой же возврат этого платежа уже есть: "+number(v.Like.ID)+", "+ago+" назад.", "There is a like refund of this payment already: "+number(v.Like.ID)+", "+ago+" ago.")
	}
	return b
}

// storeRefund stores what was confirmed, after checking everything again: what
// stands in the form are hints. It sends nothing and waits for no cancel.
func (d *desk) storeRefund(w http.ResponseWriter, r *http.Request, p *page) error {
	body := newBody{Asked: askedOf(r.PostForm)}
	a := &body.Asked
	if err := a.valid(); err != nil {
		return err
	}
	unlock := d.asked.lock(string(a.Bill.Payment()))
	defer unlock()
	if done, err := d.stored(w, r, p, *a); done || err != nil {
		return err
	}
	if _, err := d.health(r, p); err != nil {
		return err
	}
	seen := a.Left
	s, err := d.find(r, p, &body, 0)
	if err != nil {
		return err
	}
	if s == nil {
		return d.showNew(w, r, p, http.StatusConflict, "new", body)
	}
	v, err := d.judge(r.Context(), s, *a, p.User, p.Lang)
	if err != nil {
		return err
	}
	if len(v.Stop) > 0 || seen != s.Left.Amount() {
		// Another process may have stored this very form meanwhile.
		if done, err := d.stored(w, r, p, *a); done || err != nil {
			return err
		}
	}
	switch {
	case len(v.Stop) > 0:
		body.Problems = v.Stop
		return d.showNew(w, r, p, http.StatusConflict, "new", body)
	case seen != s.Left.Amount():
		body.Changed = p.T("Пока вы заполняли форму, остаток платежа изменился. Проверьте ещё раз.", "While you filled the form in, what is left of the payment has changed. Check once more.")
		return d.ask(w, r, p, s, body, http.StatusConflict)
	case a.Note == "":
		body.Changed = p.T("Напишите причину: её увидят только коллеги.", "Write the reason: only colleagues will see it.")
		return d.ask(w, r, p, s, body, http.StatusConflict)
	case v.Like != nil && !a.Another, !v.NotBefore.IsZero() && !a.Queue:
		body.Changed = p.T("Отметьте, что вы это знаете, и отправьте ещё раз.", "Tick that you know this, and send again.")
		return d.ask(w, r, p, s, body, http.StatusConflict)
	}
	return d.propose(w, r, p, s, v, body)
}

// propose stores what was checked, if it is still so: another process may have stored
// a refund of the payment since it was looked at, or another of the person's.
func (d *desk) propose(w http.ResponseWriter, r *http.Request, p *page, s *standing, v *verdictOnNew, body newBody) error {
	g := refunds.Guard{Seen: s.Newest, Shown: true, Sum: d.daySum, Since: moscow.DayOf(d.now()).Start()}
	id, err := d.book.ProposeGuarded(r.Context(), d.refundOf(s, v, body.Asked, p.User), refunds.Person{ID: p.User.ID, Name: p.User.Name, Reason: body.Asked.Note}, g)
	switch {
	case errors.Is(err, refunds.ErrKeyTaken):
		_, err = d.stored(w, r, p, body.Asked)
		return err
	case errors.Is(err, refunds.ErrAboveSum):
		return errDaySum
	case errors.Is(err, refunds.ErrMeanwhile):
		body.Changed = p.T("Пока вы отправляли форму, по этому платежу попросили ещё один возврат. Ничего не сохранено; проверьте ещё раз.", "While you sent the form, another refund of this payment was asked for. Nothing was stored; check once more.")
		body.Asked.Another = false // it was another that they knew of
		now, err := d.find(r, p, &body, 0)
		if err != nil {
			return err
		}
		if now == nil {
			return d.showNew(w, r, p, http.StatusConflict, "new", body)
		}
		return d.ask(w, r, p, now, body, http.StatusConflict)
	case err != nil:
		return err
	}
	return d.to(w, r, "refund/"+idText(id))
}

// stored answers a form that was sent before with the refund that it made.
func (d *desk) stored(w http.ResponseWriter, r *http.Request, p *page, a asked) (bool, error) {
	rec, err := d.book.ByKey(r.Context(), d.merchant(), a.key(p.User))
	switch {
	case errors.Is(err, refunds.ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	}
	reason, _ := a.reason()
	amount, err := parseAmount(a.Typed, rec.Request.Amount.Currency())
	same := err == nil && amount == rec.Request.Amount && a.Bill == rec.Request.Billnumber && reason == rec.Request.Reason
	if rec.Purged || same || rec.State.Final() && amount == rec.Request.Amount && a.Bill == rec.Request.Billnumber {
		return true, d.to(w, r, "refund/"+idText(rec.ID))
	}
	e := conflict(words{"Эта форма уже отправлена", "This form was sent already"},
		words{"По ней создан возврат " + number(rec.ID) + " на " + sum(rec.Request.Amount, p.Lang) + ". Для ещё одного возврата начните заново.",
			"It made refund " + number(rec.ID) + " of " + sum(rec.Request.Amount, p.Lang) + ". For another refund, start anew."})
	e.link, e.label = p.URL("refund/"+idText(rec.ID)), number(rec.ID)
	return true, e
}

// values are the form's fields but those that are filled in on the last page.
func (a asked) values() url.Values {
	return url.Values{"form": {a.Form}, "order": {a.Order}, "bill": {string(a.Bill)}, "amount": {a.Typed}, "reason": {a.Reason}, "left": {a.Left}}
}

// Fields are the hidden fields of the last page, in order.
func (a asked) Fields() [][2]string {
	var all [][2]string
	for name, value := range a.values() {
		all = append(all, [2]string{name, value[0]})
	}
	slices.SortFunc(all, func(x, y [2]string) int { return slices.Compare(x[:], y[:]) })
	return all
}
