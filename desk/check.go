package desk

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds"
)

// asked is a form for a new refund, as it was filled in.
type asked struct {
	Form    string // one-time id: the same form is one refund, however often it is sent
	Order   string
	Bill    assist.Billnumber
	Typed   string // the amount, as typed
	Reason  string
	Note    string
	Left    string // as the person saw it
	Another bool   // they know that there is a like one
	Queue   bool   // they know that it goes later
}

const noteBytes = 900 // of the 1000 that the store takes

func askedOf(q url.Values) asked {
	return asked{Form: q.Get("form"), Order: strings.TrimSpace(q.Get("order")), Bill: assist.Billnumber(strings.TrimSpace(q.Get("bill"))), Typed: strings.TrimSpace(q.Get("amount")),
		Reason: q.Get("reason"), Note: strings.TrimSpace(q.Get("note")), Left: q.Get("left"), Another: q.Get("another") == "yes", Queue: q.Get("queue") == "yes"}
}

// newForm makes a one-time id.
func newForm() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// key is the refund's: it is unique in the store, so a form that is sent again
// (two clicks, a reload, a browser that repeats it by itself) is the same refund.
func (a asked) key(user User) string {
	sum := sha256.Sum256([]byte(a.Form + "\n" + user.ID))
	return "desk-" + hex.EncodeToString(sum[:16])
}

func (a asked) reason() (assist.CancelReason, bool) {
	switch a.Reason {
	case "customer":
		return assist.ReasonCustomer, true
	case "shop":
		return assist.ReasonShop, true
	case "fraud":
		return assist.ReasonFraud, true
	}
	return 0, false
}

// valid checks what no person can get wrong.
func (a asked) valid() error {
	_, reason := a.reason()
	_, err := assist.ParseBillnumber(string(a.Bill))
	if len(a.Form) != 32 || err != nil || a.Order == "" || !reason || len(a.Note) > noteBytes {
		return errForm
	}
	return nil
}

// verdictOnNew is what the rules say of a refund before it is stored.
type verdictOnNew struct {
	Amount    assist.Money
	Stop      []string // it can't be asked for like this
	Say       []string // what will happen, and can't be helped
	NotBefore time.Time
	Like      *refunds.Record
	Whole     bool
	Second    bool
}

// judge holds a refund against everything that is known.
func (d *desk) judge(ctx context.Context, s *standing, a asked, u User, l assist.Language) (*verdictOnNew, error) {
	v := &verdictOnNew{}
	stop := func(russian, english string) { v.Stop = append(v.Stop, words{russian, english}.in(l)) }
	if !s.Known {
		stop("У этого заказа нет успешной оплаты: возвращать нечего.", "This order has no successful payment: there is nothing to refund.")
		return v, nil
	}
	if s.Blocked != nil {
		stop("По этому платежу не известно, ушли ли деньги по возврату "+number(s.Blocked.ID)+". Второй возврат может заплатить дважды, поэтому он закрыт.",
			"Of this payment it isn't known whether the money of refund "+number(s.Blocked.ID)+" has moved. A second refund could pay twice, so it is closed.")
		return v, nil
	}
	amount, err := parseAmount(a.Typed, s.Paid.Currency())
	var bad *amountError
	switch {
	case errors.As(err, &bad):
		v.Stop = append(v.Stop, bad.say.in(l))
		return v, nil
	case err != nil:
		return nil, err
	}
	v.Amount = amount
	if amount.Minor() > s.Left.Minor() {
		stop("Больше, чем осталось: "+sum(s.Left, l)+" из "+sum(s.Paid, l)+" (возвращено "+sum(s.Back, l)+", в пути, в очереди или не известно "+sum(s.Away, l)+").",
			"More than is left: "+sum(s.Left, l)+" of "+sum(s.Paid, l)+" (refunded "+sum(s.Back, l)+", under way, queued or unknown "+sum(s.Away, l)+").")
		return v, nil
	}
	v.Whole = amount == s.Left && s.Away.IsZero()
	v.Like = d.like(s, amount)
	if err := d.rules(ctx, s, v, a, u, l); err != nil {
		return nil, err
	}
	if s.Stale {
		v.Say = append(v.Say, words{"Assist сейчас не отвечает: проверено по данным на " + at(s.AsOf, l) + ". Возврат встанет в очередь; перед отправкой всё проверится снова.",
			"Assist doesn't answer at the moment: checked by what was seen at " + at(s.AsOf, l) + ". The refund is queued; everything is checked again before it is sent."}.in(l))
	}
	return v, nil
}

// rules are those of the wallets, and that of the second person.
func (d *desk) rules(ctx context.Context, s *standing, v *verdictOnNew, a asked, u User, l assist.Language) error {
	refunded, err := s.Paid.Sub(s.Left)
	if err != nil {
		return err
	}
	f := assist.WalletFacts{Wallet: s.Wallet, PaidAt: s.PaidAt, Paid: s.Paid, Refunded: refunded, Cancel: v.Amount, Now: d.now()}
	var rule *assist.WalletRuleError
	if err := assist.CheckWallet(f); errors.As(err, &rule) {
		if rule.NotBefore.IsZero() {
			v.Stop = append(v.Stop, ruleText(rule, l)+".")
			return nil
		}
		v.NotBefore = rule.NotBefore
		v.Say = append(v.Say, ruleText(rule, l)+".", words{"Можно поставить в очередь: уйдёт само после " + at(rule.NotBefore, l) + ".", "It can be queued: it goes by itself after " + at(rule.NotBefore, l) + "."}.in(l))
	} else if err != nil {
		return err
	}
	if say, err := d.dayBalance(ctx, s, v.Amount, l); err != nil || say != "" {
		v.Say = append(v.Say, say)
		if err != nil {
			return err
		}
	}
	v.Second, err = d.book.NeedsSecond(ctx, d.refundOf(s, v, a, u), refunds.Person{ID: u.ID, Name: u.Name, Reason: a.Note})
	if v.Second {
		v.Say = append(v.Say, words{"Сумма больше вашего предела: отправится после подтверждения вторым сотрудником.", "The amount is above your limit: it is sent after a second person has approved it."}.in(l))
	}
	return err
}

// dayBalance says when a wallet's balance of the day is less than the refund.
func (d *desk) dayBalance(ctx context.Context, s *standing, amount assist.Money, l assist.Language) (string, error) {
	if s.Wallet == assist.NotWallet || d.rates == nil {
		return "", nil
	}
	all, err := d.book.Balances(ctx, d.merchant(), d.rates)
	if err != nil {
		return "", err
	}
	for _, b := range all {
		if b.Wallet != s.Wallet || b.Paid.Currency() != amount.Currency() || b.Available.Minor() >= amount.Minor() {
			continue
		}
		return words{"Больше дневного остатка " + walletName(b.Wallet) + ": доступно " + sum(b.Available, l) + " на " + at(b.AsOf, l) + ". Уйдёт само, когда поступят оплаты.",
			"More than the day balance of " + walletName(b.Wallet) + ": " + sum(b.Available, l) + " is available as of " + at(b.AsOf, l) + ". It goes by itself when payments have come in."}.in(l), nil
	}
	return "", nil
}

// like is a refund of the same payment and amount within a day.
func (d *desk) like(s *standing, amount assist.Money) *refunds.Record {
	for _, r := range s.All {
		switch r.State {
		case refunds.Denied, refunds.Withdrawn, refunds.Refused:
			continue
		}
		if r.Request.Amount == amount && d.now().Sub(r.Created) < 24*time.Hour {
			return r
		}
	}
	return nil
}

// refundOf is what is stored.
func (d *desk) refundOf(s *standing, v *verdictOnNew, a asked, u User) refunds.Refund {
	req := s.Order.CancelRequest(v.Amount)
	req.Billnumber = s.Bill
	req.Reason, _ = a.reason()
	r := refunds.Refund{Key: a.key(u), MerchantID: d.merchant(), Request: req, Whole: v.Whole, Note: a.Note}
	if !v.NotBefore.IsZero() {
		// Half a minute for clocks, and up to ten so that not all come at midnight at
		// once: chosen by the key, so that the same form gives the same moment.
		sum := sha256.Sum256([]byte(r.Key))
		r.NotBefore = v.NotBefore.Add(30*time.Second + time.Duration(binary.BigEndian.Uint16(sum[:]))*10*time.Minute/(1<<16))
	}
	return r
}
