package desk

import (
	"context"
	"net/http"
	"strings"

	"github.com/assist-go/assist/refunds"
)

// why is the reason that a person typed, or else the given words: the store keeps
// one with each change.
func why(r *http.Request, p *page, russian, english string) (refunds.Person, error) {
	reason := strings.TrimSpace(r.PostForm.Get("why"))
	if reason == "" {
		reason = p.T(russian, english)
	}
	if len(reason) > noteBytes {
		return refunds.Person{}, errForm
	}
	return refunds.Person{ID: p.User.ID, Name: p.User.Name, Reason: reason}, nil
}

// needWhy is for what must be answered for.
func needWhy(r *http.Request, p *page) (refunds.Person, error) {
	if strings.TrimSpace(r.PostForm.Get("why")) == "" {
		return refunds.Person{}, &sayError{status: http.StatusUnprocessableEntity, heading: words{"Нужно обоснование", "A reason is needed"},
			text: words{"Напишите, чем это подтверждается, и отправьте ещё раз. Ничего не сделано.", "Write what it rests on, and send again. Nothing was done."},
			link: p.URL("refund/" + r.PathValue("id")), labelWords: words{"Назад к возврату", "Back to the refund"}}
	}
	return why(r, p, "", "")
}

// act does one change of a refund and goes back to its page.
func (d *desk) act(w http.ResponseWriter, r *http.Request, do func(ctx context.Context, id refunds.ID) error) error {
	id, err := idOf(r)
	if err != nil {
		return err
	}
	if err := do(r.Context(), id); err != nil {
		return err
	}
	return d.to(w, r, "refund/"+idText(id))
}

func (d *desk) approve(w http.ResponseWriter, r *http.Request, p *page) error {
	rec, err := d.asksFor(r)
	if err != nil {
		return err
	}
	switch {
	case rec.AskedBy.ID == p.User.ID:
		return refunds.ErrSamePerson
	case rec.State != refunds.Proposed:
		return d.meanwhile(rec, p)
	case r.PostForm.Get("amount") != rec.Request.Amount.Amount():
		return errForm // the amount can't be changed once it was asked for
	}
	person, err := why(r, p, "подтверждено", "approved")
	if err != nil {
		return err
	}
	err = d.book.Approve(r.Context(), rec.ID, person)
	if err == nil {
		return d.to(w, r, "refund/"+idText(rec.ID))
	}
	if now, e := d.get(r.Context(), rec.ID); e == nil && now.State != refunds.Proposed {
		return d.meanwhile(now, p)
	}
	return err
}

// meanwhile says what a colleague has done.
func (d *desk) meanwhile(r *refunds.Record, p *page) error {
	e := conflict(words{"Уже сделано", "Done already"}, words{"За это время состояние возврата стало «" + status(r)[0] + "». Этим действием ничего не изменено.",
		"Meanwhile the refund's state has become “" + status(r)[1] + "”. This action changed nothing."})
	if r.ApprovedBy.Name != "" {
		e.text = words{"Возврат уже подтвердил(а) " + r.ApprovedBy.Name + ". Второй раз он не отправится.", "The refund was already approved by " + r.ApprovedBy.Name + ". It isn't sent a second time."}
	}
	e.link, e.labelWords = p.URL("refund/"+idText(r.ID)), words{"К возврату ", "To refund "}
	e.label = number(r.ID)
	return e
}

func (d *desk) deny(w http.ResponseWriter, r *http.Request, p *page) error {
	rec, err := d.asksFor(r)
	if err != nil {
		return err
	}
	if p.User.Role < Senior && rec.AskedBy.ID != p.User.ID {
		return errRole
	}
	person, err := needWhy(r, p)
	if err != nil {
		return err
	}
	return d.act(w, r, func(ctx context.Context, id refunds.ID) error { return d.book.Deny(ctx, id, person) })
}

func (d *desk) withdraw(w http.ResponseWriter, r *http.Request, p *page) error {
	rec, err := d.asksFor(r)
	if err != nil {
		return err
	}
	if p.User.Role < Senior && rec.AskedBy.ID != p.User.ID {
		return errRole
	}
	person, err := why(r, p, "отозвано", "withdrawn")
	if err != nil {
		return err
	}
	return d.act(w, r, func(ctx context.Context, id refunds.ID) error { return d.book.Withdraw(ctx, id, person) })
}

func (d *desk) take(w http.ResponseWriter, r *http.Request, p *page) error {
	if _, err := d.asksFor(r); err != nil {
		return err
	}
	person, err := why(r, p, "занимаюсь", "looking at it")
	if err != nil {
		return err
	}
	return d.act(w, r, func(ctx context.Context, id refunds.ID) error { return d.book.Take(ctx, id, person) })
}

func (d *desk) sawLate(w http.ResponseWriter, r *http.Request, p *page) error {
	if _, err := d.asksFor(r); err != nil {
		return err
	}
	person, err := needWhy(r, p)
	if err != nil {
		return err
	}
	return d.act(w, r, func(ctx context.Context, id refunds.ID) error { return d.book.SawLate(ctx, id, person) })
}
