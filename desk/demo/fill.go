package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/internal/moscow"
	"github.com/assist-go/assist/refunds"
)

// Pay books a payment of a customer who is made up.
func (w *World) Pay(number, amount string, mean int, ago time.Duration) assist.Order {
	first := []string{"Пётр", "Ольга", "Сергей", "Мария", "Ержан", "Лев"}[w.n%6]
	last := []string{"Семёнов", "Ким", "Дымов", "Орлова", "Ахметов", "Рубин"}[w.n%6]
	w.n++
	at := w.Now().Add(-ago)
	if midnight := moscow.DayOf(w.Now()).Start(); ago < 12*time.Hour && at.Before(midnight) {
		at = midnight // "this morning" stays on this day
	}
	return w.Server.Pay(assisttest.Payment{OrderNumber: number, Amount: rub(amount), MeanTypeID: mean, PaidAt: at,
		Customer: assist.Customer{FirstName: first, LastName: last, Email: fmt.Sprintf("customer%d@example.ru", w.n)}})
}

// Ask lets a person ask for a part of an order.
func (w *World) Ask(ctx context.Context, person string, o assist.Order, amount, note string) (refunds.ID, error) {
	w.n++
	req := o.CancelRequest(rub(amount))
	return w.Book.Propose(ctx, refunds.Refund{Key: fmt.Sprint("demo-", w.n), MerchantID: w.Client.MerchantID(), Request: req, Note: note}, w.Person(person, note))
}

// Until carries, and lets time pass, until the refund is so or the time is over.
func (w *World) Until(ctx context.Context, id refunds.ID, longest time.Duration, so func(*refunds.Record) bool) error {
	end := w.Now().Add(longest)
	for {
		next, err := w.Carrier.Step(ctx)
		if err != nil {
			return err
		}
		rec, err := w.Book.Get(ctx, id)
		if err != nil || so(rec) {
			return err
		}
		if !w.Now().Before(end) {
			return fmt.Errorf("demo: refund %d is %s after %s: %s", id, rec.State, longest, rec.Detail)
		}
		w.Pass(min(max(next.Sub(w.Now()), time.Second), time.Hour))
	}
}

func ended(r *refunds.Record) bool       { return r.State.Final() }
func needsPerson(r *refunds.Record) bool { return !r.NeedsPerson.IsZero() }
func known(s refunds.State) func(*refunds.Record) bool {
	return func(r *refunds.Record) bool { return r.State == s }
}

// Fill lets two days of a support team happen: afterwards there is a refund in
// every state, and payments to try oneself.
func (w *World) Fill(ctx context.Context) error {
	w.Pass(-40 * time.Hour)
	if err := w.doubts(ctx); err != nil {
		return err
	}
	if today := time.Now().Add(-2 * time.Hour); w.Now().Before(today) {
		w.Pass(today.Sub(w.Now()))
	}
	if err := w.ordinary(ctx); err != nil {
		return err
	}
	if now := time.Now(); w.Now().Before(now) {
		w.Pass(now.Sub(w.Now()))
	}
	if err := w.wallets(ctx); err != nil {
		return err
	}
	w.toTry()
	// The day balances are of what Assist lists of today.
	if _, err := w.Carrier.Reconcile(ctx, w.Client.MerchantID(), moscow.DayOf(w.Now()).Start(), w.Now()); err != nil {
		return err
	}
	_, err := w.Carrier.Step(ctx)
	return err
}

// lost asks for a refund whose answer is lost in the given way.
func (w *World) lost(ctx context.Context, person string, o assist.Order, amount, note string, f assisttest.Fault) (refunds.ID, error) {
	w.Server.Next(f)
	id, err := w.Ask(ctx, person, o, amount, note)
	if err != nil {
		return 0, err
	}
	return id, w.Until(ctx, id, time.Hour, known(refunds.Sent))
}

// doubts: four lost answers. Two wait for a decision; one was closed by a person,
// and the money moved after all; one was sent anew by two persons' word.
func (w *World) doubts(ctx context.Context) error {
	if _, err := w.lost(ctx, "anna", w.Pay("A-20481", "1490.00", 1, 48*time.Hour), "490.00", "вернули один товар из трёх",
		assisttest.HandRefundAfter(rub("490.00")).And(assisttest.DieAfter())); err != nil {
		return err
	}
	if _, err := w.lost(ctx, "boris", w.Pay("A-20333", "5600.00", 6, 30*time.Hour), "1200.00", "скидка задним числом", assisttest.DieBefore()); err != nil {
		return err
	}
	late, err := w.lost(ctx, "anna", w.Pay("A-20320", "860.00", 2, 50*time.Hour), "860.00", "покупатель передумал", assisttest.DieAndDoLater(14*time.Hour))
	if err != nil {
		return err
	}
	anew, err := w.lost(ctx, "anna", w.Pay("A-20290", "2100.00", 1, 70*time.Hour), "700.00", "не тот размер", assisttest.DieBefore())
	if err != nil {
		return err
	}
	for _, id := range []refunds.ID{late, anew} {
		if err := w.Until(ctx, id, 16*time.Hour, needsPerson); err != nil {
			return err
		}
	}
	if _, err := w.Book.ProposeDecision(ctx, late, refunds.Decision{Kind: refunds.GiveUp}, w.Person("boris", "в кабинете Assist отмены нет, вернули наличными")); err != nil {
		return err
	}
	never, err := w.Book.ProposeDecision(ctx, anew, refunds.Decision{Kind: refunds.NeverCame}, w.Person("boris", "поддержка Assist: запроса не было"))
	if err != nil {
		return err
	}
	if err := w.Book.ConfirmDecision(ctx, never, w.Person("vera", "письмо поддержки видела")); err != nil {
		return err
	}
	for _, id := range []refunds.ID{late, anew} {
		if err := w.Until(ctx, id, 2*time.Hour, ended); err != nil {
			return err
		}
	}
	return w.Until(ctx, late, 14*time.Hour, func(r *refunds.Record) bool { return r.MovedLate })
}

// ordinary: cards, as they mostly go.
func (w *World) ordinary(ctx context.Context) error {
	for _, one := range []struct {
		number, paid, amount, note string
		mean                       int
		fault                      assisttest.Fault
		to                         refunds.State
	}{
		{"A-20501", "2490.00", "2490.00", "отмена заказа", 1, assisttest.TextInstead("slipno", "004512873311"), refunds.Done},
		{"A-20490", "3299.00", "299.00", "повреждена упаковка", 2, assisttest.Fault{}, refunds.Done},
		{"A-20399", "780.00", "780.00", "не доставлен", 32, assisttest.Decline("AS100"), refunds.Refused},
		{"A-20377", "100.00", "10.00", "пересчёт доставки", 30, assisttest.InProcess(30*time.Hour, "AS000"), refunds.InProcess},
	} {
		o := w.Pay(one.number, one.paid, one.mean, 30*time.Hour)
		w.Server.Next(one.fault)
		id, err := w.Ask(ctx, "anna", o, one.amount, one.note)
		if err != nil {
			return err
		}
		if err := w.Until(ctx, id, 10*time.Minute, known(one.to)); err != nil {
			return err
		}
	}
	if _, err := w.Ask(ctx, "anna", w.Pay("A-20466", "12990.00", 6, 60*time.Hour), "12990.00", "товара нет на складе"); err != nil {
		return err
	}
	no, err := w.Ask(ctx, "anna", w.Pay("A-20311", "7400.00", 1, 60*time.Hour), "7400.00", "ошибочный заказ")
	if err != nil {
		return err
	}
	if err := w.Book.Deny(ctx, no, w.Person("vera", "заказ уже отдан покупателю")); err != nil {
		return err
	}
	back, err := w.Ask(ctx, "anna", w.Pay("A-20312", "6100.00", 1, 60*time.Hour), "6100.00", "дубль")
	if err != nil {
		return err
	}
	return w.Book.Withdraw(ctx, back, w.Person("anna", "оформила не тот заказ"))
}

// wallets: one of them waits for midnight.
func (w *World) wallets(ctx context.Context) error {
	o := w.Pay("A-20488", "1150.00", 36, time.Hour)
	w.n++
	req := o.CancelRequest(rub("1150.00"))
	_, err := w.Book.Propose(ctx, refunds.Refund{Key: fmt.Sprint("demo-", w.n), MerchantID: w.Client.MerchantID(), Request: req, Note: "передумал",
		NotBefore: moscow.NextMidnight(w.Now()).Add(30 * time.Second)}, w.Person("anna", "передумал"))
	return err
}

// toTry are payments for the visitor.
func (w *World) toTry() {
	w.Pay("A-20591", "2350.00", 36, time.Hour)
	w.Pay("A-20592", "870.00", 30, time.Hour)
	w.Pay("A-20593", "1640.00", 32, time.Hour)
	w.Pay("A-20600", "4500.00", 1, 50*time.Hour)
	w.Pay("A-20601", "490.00", 36, 30*time.Minute)
	w.Pay("A-20602", "320.00", 30, 30*time.Minute)
	w.Pay("A-20603", "9900.00", 2, 90*time.Hour)
}
