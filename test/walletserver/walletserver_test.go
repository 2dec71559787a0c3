// Package walletserver gives wallet payments back against the server of package
// assisttest, across the midnights of Moscow.
package walletserver_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/internal/draws"
	"github.com/assist-go/assist/internal/moscow"
	"github.com/assist-go/assist/ledger"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// These tests hold the client's wallet rules against those of the simulated
// server, which has code, arithmetic and Moscow days of its own.

// walletMeans are the mean types that the rules are for, and a card.
var walletMeans = []int{30, 32, 36, 39, 40, 41, 1}

func money(t interface {
	require.TestingT
	Helper()
}, amount string) assist.Money {
	t.Helper()
	m, err := assist.ParseMoney(amount, "RUB")
	require.NoError(t, err)
	return m
}

func instant(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04:05", text)
	require.NoError(t, err)
	return at
}

// opened gives every wallet a turnover that no test exhausts.
func opened(t testing.TB) []assisttest.Option {
	var opts []assisttest.Option
	for _, w := range []assist.Wallet{assist.WebMoney, assist.YandexMoney, assist.QIWI} {
		opts = append(opts, assisttest.WithOpeningBalance(w, money(t, "1000000.00")))
	}
	return opts
}

func cancelsAt(server *assisttest.Server) (n int) {
	for _, r := range server.Requests() {
		if r.Service == assisttest.Cancels {
			n++
		}
	}
	return n
}

// Both documents: "Partial cancellations on e-wallets are prohibited during the
// calendar day (according to the time zone of Moscow)"; "All cancellations
// (partial and full) on QIWI are prohibited during the calendar day (according
// to the time zone of Moscow)" (protocol §6).
func TestBansOnBothSides(t *testing.T) {
	t.Parallel()
	days := []struct{ name, paid, last, midnight string }{
		{"2013", "2013-10-23 12:59:44", "2013-10-23 19:59:59", "2013-10-23 20:00:00"},
		{"2014, before the change of 26 October", "2014-10-25 12:00:00", "2014-10-25 19:59:59", "2014-10-25 20:00:00"},
		{"2014, after the change of 26 October", "2014-10-26 12:00:00", "2014-10-26 20:59:59", "2014-10-26 21:00:00"},
		{"2026", "2026-07-01 12:00:00", "2026-07-01 20:59:59", "2026-07-01 21:00:00"},
	}
	for _, day := range days {
		for _, mean := range walletMeans {
			for _, amount := range []string{"0.99", ""} {
				for _, now := range []string{day.last, day.midnight} {
					t.Run(fmt.Sprintf("%s/%d/%s/%s", day.name, mean, amount, now), func(t *testing.T) {
						t.Parallel()
						wallet := assist.WalletOf(mean)
						banned := now == day.last && (wallet == assist.QIWI || wallet != assist.NotWallet && amount != "")
						server := assisttest.NewServer(t, opened(t)...)
						server.StandAt(instant(t, day.paid))
						order := server.Pay(assisttest.Payment{Amount: money(t, "1.00"), MeanTypeID: mean})
						server.StandAt(instant(t, now))
						send := func(client *assist.Client) error {
							if amount == "" {
								_, err := client.CancelFull(t.Context(), order.CancelRequest(assist.Money{}))
								return err
							}
							_, err := client.Cancel(t.Context(), order.CancelRequest(money(t, amount)))
							return err
						}
						ruled := server.Client(assist.WithWalletRules(nil), assist.WithClock(server.Now))
						unruled := server.Client(assist.WithClock(server.Now))
						if !banned {
							require.NoError(t, send(ruled))
							return
						}
						err := send(ruled)
						var rule *assist.WalletRuleError
						require.ErrorAs(t, err, &rule)
						assert.Equal(t, assist.NotSent, assist.OutcomeOf(err))
						before, known := assist.NotBefore(err)
						assert.True(t, known)
						assert.Equal(t, instant(t, day.midnight), before)
						assert.Zero(t, cancelsAt(server), "nothing was sent")

						err = send(unruled)
						assert.Equal(t, assist.Rejected, assist.OutcomeOf(err), "the server bans it too")
						server.StandAt(before)
						require.NoError(t, send(ruled), "and from that instant both allow it")
					})
				}
			}
		}
	}
}

// "If the cancel operation can't be performed it is denied with the error code
// 5 - 108 … «The amount of cancellation is more than merchant turnover for the
// current day»"; «Сумма отмены больше оборота мерчанта за текущий день» (protocol
// §6). In every format that an error can have.
func TestTurnoverRefusalInEveryProtocol(t *testing.T) {
	t.Parallel()
	protocols := []assist.Protocol{
		assist.SOAP, assist.JSON, assist.Form(assist.FormatXML), assist.Form(assist.FormatCSV),
		assist.Form(assist.FormatSOAP), assist.Form(assist.FormatJSON),
	}
	for _, protocol := range protocols {
		for _, language := range []assist.Language{assist.LanguageRU, assist.LanguageEN} {
			for _, known := range []bool{true, false} {
				t.Run(fmt.Sprint(protocol, " ", language, " order known: ", known), func(t *testing.T) {
					t.Parallel()
					server := assisttest.NewServer(t)
					server.StandAt(instant(t, "2026-07-01 12:00:00"))
					order := server.Pay(assisttest.Payment{Amount: money(t, "10.00"), MeanTypeID: 32})
					server.StandAt(instant(t, "2026-07-02 12:00:00"))
					server.Pay(assisttest.Payment{Amount: money(t, "9.99"), MeanTypeID: 32})
					client := server.Client(assist.WithProtocol(protocol), assist.WithLanguage(language), assist.WithClock(server.Now))
					req := order.CancelRequest(money(t, "10.00"))
					flat := strings.HasPrefix(protocol.String(), "form-xml") || protocol == assist.Form(assist.FormatCSV)
					if !known {
						req.Order = nil
					}
					_, err := client.Cancel(t.Context(), req)
					assert.Equal(t, assist.Rejected, assist.OutcomeOf(err), err)
					if flat && !known {
						// Two codes and no words: it may as well be a wrong amount.
						require.NotErrorIs(t, err, assist.ErrDayBalance)
						return
					}
					require.ErrorIs(t, err, assist.ErrDayBalance)
					before, found := assist.NotBefore(err)
					assert.True(t, found)
					assert.Equal(t, instant(t, "2026-07-02 20:00:00"), before, "in the final hour of the Moscow day")

					server.Pay(assisttest.Payment{Amount: money(t, "0.01"), MeanTypeID: 32})
					_, err = client.Cancel(t.Context(), req)
					require.NoError(t, err, "earlier, once enough has come in")
				})
			}
		}
	}
}

// "…the refund amount shouldn't exceed the current day balance of the merchant
// on the corresponding e-wallet (the total amount of successful payments minus
// the commission of the bank, minus the total amount of successful returns)"
// (protocol §6), to the minor unit on both sides.
func TestDayBalanceOnBothSides(t *testing.T) {
	t.Parallel()
	for mean, wallet := range map[int]assist.Wallet{30: assist.WebMoney, 32: assist.YandexMoney, 36: assist.QIWI} {
		t.Run(wallet.String(), func(t *testing.T) {
			t.Parallel()
			server := assisttest.NewServer(t, assisttest.WithCommission(wallet, 35_000))
			server.StandAt(instant(t, "2026-07-01 12:00:00"))
			order := server.Pay(assisttest.Payment{Amount: money(t, "200.00"), MeanTypeID: mean})
			server.StandAt(instant(t, "2026-07-02 12:00:00"))
			books, err := ledger.New(ledger.Rates{wallet: 35_000}, server.Now)
			require.NoError(t, err)
			pay := func(amount string) {
				paid := server.Pay(assisttest.Payment{Amount: money(t, amount), MeanTypeID: mean})
				require.NoError(t, books.Paid(paid.Operations[0].Billnumber, wallet, paid.Amount, paid.Operations[0].Date))
			}
			pay("100.00")
			pay("0.01")
			available := func() assist.Money { return books.Balance(wallet, "RUB", server.Now()).Available }
			assert.Equal(t, server.DayBalance(wallet, "RUB"), available())

			ruled := server.Client(assist.WithWalletRules(books), assist.WithClock(server.Now))
			unruled := server.Client(assist.WithClock(server.Now))
			cancel := func(client *assist.Client, amount string) error {
				order, _ = server.Order(order.Billnumber)
				_, err := client.Cancel(t.Context(), order.CancelRequest(money(t, amount)))
				return err
			}
			require.ErrorIs(t, cancel(ruled, "96.51"), assist.ErrDayBalance)
			assert.Zero(t, cancelsAt(server))
			require.ErrorIs(t, cancel(unruled, "96.51"), assist.ErrDayBalance)
			require.NoError(t, cancel(ruled, "96.50"))
			assert.True(t, available().IsZero())
			assert.Equal(t, server.DayBalance(wallet, "RUB"), available())

			require.ErrorIs(t, cancel(ruled, "0.01"), assist.ErrDayBalance)
			server.StandAt(instant(t, "2026-07-02 21:00:00"))
			pay("50.00")
			balance := books.Balance(wallet, "RUB", server.Now())
			open := balance.Reserved
			assert.Equal(t, wallet == assist.WebMoney, !open.IsZero(), "a WebMoney cancel in process counts on the next day too")
			require.ErrorIs(t, cancel(ruled, "48.26"), assist.ErrDayBalance)
		})
	}
}

// More than is left of the payment, of cards too.
func TestExceedsPaymentOnBothSides(t *testing.T) {
	t.Parallel()
	for _, mean := range walletMeans {
		server := assisttest.NewServer(t, opened(t)...)
		server.StandAt(instant(t, "2026-07-01 12:00:00"))
		order := server.Pay(assisttest.Payment{Amount: money(t, "1.00"), MeanTypeID: mean})
		server.StandAt(instant(t, "2026-07-03 12:00:00"))
		client := server.Client(assist.WithWalletRules(nil), assist.WithClock(server.Now))
		_, err := client.Cancel(t.Context(), order.CancelRequest(money(t, "0.40")), assist.LookFirst())
		require.NoError(t, err)
		_, err = client.Cancel(t.Context(), order.CancelRequest(money(t, "0.61")), assist.LookFirst())
		require.ErrorIs(t, err, assist.ErrExceedsPayment, "what is in process counts")
		assert.Equal(t, 1, cancelsAt(server))
		_, err = server.Client(assist.WithClock(server.Now)).Cancel(t.Context(), order.CancelRequest(money(t, "0.61")))
		assert.Equal(t, assist.Rejected, assist.OutcomeOf(err))
		_, err = client.CancelFull(t.Context(), order.CancelRequest(assist.Money{}), assist.LookFirst())
		require.NoError(t, err, "the rest, on another day")
		_, err = client.CancelFull(t.Context(), order.CancelRequest(assist.Money{}), assist.LookFirst())
		require.ErrorIs(t, err, assist.ErrExceedsPayment)
		assert.Equal(t, money(t, "0.00"), ruleOf(t, err).Available)
	}
}

func ruleOf(t testing.TB, err error) *assist.WalletRuleError {
	t.Helper()
	var rule *assist.WalletRuleError
	require.ErrorAs(t, err, &rule)
	return rule
}

// What the client's rules and ledger let pass, the server never refuses.
func FuzzRulesAgreeWithTheServer(f *testing.F) {
	draws.Play(f, func(t *testing.T, d *draws.Draws) {
		clock := &atomic.Int64{}
		clock.Store(instant(t, draws.Pick(d, "2013-10-23 19:00:00", "2014-10-25 12:00:00", "2026-07-01 20:00:00")).Unix())
		now := func() time.Time { return time.Unix(clock.Load(), 0).UTC() }
		server := assisttest.NewServer(t, assisttest.WithClock(now), assisttest.InMemory(), assisttest.WithSettleDelay(time.Hour),
			assisttest.WithCommission(assist.WebMoney, 8_000), assisttest.WithCommission(assist.YandexMoney, 0), assisttest.WithCommission(assist.QIWI, 35_000))
		books, err := ledger.New(ledger.Rates{assist.WebMoney: 8_000, assist.YandexMoney: 0, assist.QIWI: 35_000}, now)
		require.NoError(t, err)
		client := server.Client(assist.WithWalletRules(books), assist.WithClock(now))
		var orders []assist.Billnumber
		var open []*assist.Cancellation
		rubles := func(most int64) assist.Money {
			amount, err := assist.NewMoney(d.Between(1, most), "RUB")
			require.NoError(t, err)
			return amount
		}
		steps := []func(){
			func() { // pay
				order := server.Pay(assisttest.Payment{Amount: rubles(10_000), MeanTypeID: draws.Pick(d, walletMeans...)})
				orders = append(orders, order.Billnumber)
				if paid := order.Operations[0]; assist.WalletOf(paid.MeanTypeID) != assist.NotWallet {
					require.NoError(t, books.Paid(paid.Billnumber, assist.WalletOf(paid.MeanTypeID), paid.Amount, paid.Date))
				}
			},
			func() { // cancel
				if len(orders) == 0 {
					return
				}
				order, _ := server.Order(draws.Pick(d, orders...))
				send, amount := client.CancelFull, assist.Money{}
				if d.Yes() {
					send, amount = client.Cancel, rubles(order.Amount.Minor())
				}
				x, err := send(t.Context(), order.CancelRequest(amount))
				assert.NotEqual(t, assist.Rejected, assist.OutcomeOf(err), "allowed by the rules and refused by the server: %v", err)
				assert.NotEqual(t, assist.Unknown, assist.OutcomeOf(err), "%v", err)
				if err == nil && x.Status == assist.InProcess {
					open = append(open, x)
				}
			},
			func() { // follow
				for i, x := range open {
					followed, err := client.Refresh(t.Context(), x)
					require.NoError(t, err)
					open[i] = followed
				}
			},
			func() { clock.Add(d.Between(0, 20*3600)) }, // time passes
		}
		for d.More() {
			steps[d.Below(int64(len(steps)))]()
			for _, w := range []assist.Wallet{assist.WebMoney, assist.YandexMoney, assist.QIWI} {
				ours, theirs := books.Balance(w, "RUB", now()).Available, server.DayBalance(w, "RUB")
				assert.LessOrEqual(t, ours.Minor(), theirs.Minor(), "the ledger is never the more generous")
			}
		}
	})
}

func TestHundredHandlersAtOnce(t *testing.T) {
	t.Parallel()
	server := assisttest.NewServer(t)
	server.StandAt(instant(t, "2026-07-01 12:00:00"))
	var orders []assist.Order
	for range 100 {
		orders = append(orders, server.Pay(assisttest.Payment{Amount: money(t, "2.00"), MeanTypeID: 36}))
	}
	server.StandAt(instant(t, "2026-07-02 12:00:00"))
	books, err := ledger.New(ledger.Rates{assist.QIWI: 0}, server.Now)
	require.NoError(t, err)
	paid := server.Pay(assisttest.Payment{Amount: money(t, "50.00"), MeanTypeID: 36})
	require.NoError(t, books.Paid(paid.Operations[0].Billnumber, assist.QIWI, paid.Amount, paid.Date))
	client := server.Client(assist.WithWalletRules(books), assist.WithClock(server.Now))
	one := money(t, "1.00")
	var moved, refused atomic.Int32
	var handlers sync.WaitGroup
	for _, order := range orders {
		handlers.Go(func() {
			_, err := client.Cancel(t.Context(), order.CancelRequest(one))
			switch {
			case err == nil:
				moved.Add(1)
			case errors.Is(err, assist.ErrDayBalance) && assist.OutcomeOf(err) == assist.NotSent:
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	handlers.Wait()
	assert.Equal(t, int32(50), moved.Load())
	assert.Equal(t, int32(50), refused.Load())
	assert.Equal(t, 50, cancelsAt(server), "the server had nothing to refuse")
	assert.True(t, server.DayBalance(assist.QIWI, "RUB").IsZero())
	assert.Equal(t, money(t, "50.00"), books.Balance(assist.QIWI, "RUB", server.Now()).Refunded)
}

// What a crash leaves is settled by the intent's id.
func TestReservationsOutliveTheCall(t *testing.T) {
	t.Parallel()
	setup := func(mean int) (*assisttest.Server, *ledger.Ledger, *assist.Client, assist.Order) {
		server := assisttest.NewServer(t)
		server.StandAt(instant(t, "2026-07-01 12:00:00"))
		order := server.Pay(assisttest.Payment{Amount: money(t, "10.00"), MeanTypeID: mean})
		server.StandAt(instant(t, "2026-07-02 12:00:00"))
		books, err := ledger.New(ledger.Rates{assist.WalletOf(mean): 0}, server.Now)
		require.NoError(t, err)
		paid := server.Pay(assisttest.Payment{Amount: money(t, "10.00"), MeanTypeID: mean})
		require.NoError(t, books.Paid(paid.Operations[0].Billnumber, assist.WalletOf(mean), paid.Amount, paid.Date))
		return server, books, server.Client(assist.WithWalletRules(books), assist.WithClock(server.Now)), order
	}
	booked := func(server *assisttest.Server, books *ledger.Ledger, w assist.Wallet) string {
		b := books.Balance(w, "RUB", server.Now())
		return "refunded " + b.Refunded.Amount() + ", reserved " + b.Reserved.Amount()
	}

	server, books, client, order := setup(30)
	x, err := client.Cancel(t.Context(), order.CancelRequest(money(t, "4.00")))
	require.NoError(t, err)
	assert.Equal(t, "refunded 0.00, reserved 4.00", booked(server, books, assist.WebMoney), "in process")
	server.Advance(10 * time.Minute)
	_, err = client.Refresh(t.Context(), x)
	require.NoError(t, err)
	assert.Equal(t, "refunded 4.00, reserved 0.00", booked(server, books, assist.WebMoney))

	server.Next(assisttest.InProcess(time.Minute, "AS100"))
	x, err = client.Cancel(t.Context(), order.CancelRequest(money(t, "5.00")))
	require.NoError(t, err)
	server.Advance(10 * time.Minute)
	_, err = client.Refresh(t.Context(), x)
	assert.Equal(t, assist.Rejected, assist.OutcomeOf(err))
	assert.Equal(t, "refunded 4.00, reserved 0.00", booked(server, books, assist.WebMoney))

	server, books, client, order = setup(32)
	var saved assist.Intent
	save := assist.SaveIntent(func(_ context.Context, in assist.Intent) error { saved = in; return nil })
	server.Next(assisttest.DieAfter())
	_, err = client.Cancel(t.Context(), order.CancelRequest(money(t, "4.00")), save, assist.LookFirst())
	assert.Equal(t, assist.Unknown, assist.OutcomeOf(err))
	assert.Equal(t, "refunded 0.00, reserved 4.00", booked(server, books, assist.YandexMoney), "the money may have moved")

	restarted, err := ledger.New(ledger.Rates{assist.YandexMoney: 0}, server.Now)
	require.NoError(t, err)
	require.NoError(t, restarted.Hold(saved.ID, assist.YandexMoney, saved.Request.Amount, saved.SentAt))
	r, err := server.Client(assist.WithWalletRules(restarted), assist.WithClock(server.Now)).Resolve(t.Context(), saved)
	require.NoError(t, err)
	assert.Equal(t, assist.Accepted, r.Outcome)
	assert.Equal(t, "refunded 4.00, reserved 0.00", booked(server, restarted, assist.YandexMoney))
}

// Five hours of virtual time with a server that refuses a second question within ten
// minutes: the ledger built from results is never refused, and never more
// generous than the server.
func TestDayBalanceFromTheServersResults(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(instant(t, "2026-07-01 12:00:00")))
		server := assisttest.NewServer(t, assisttest.InMemory(), assisttest.WithMinInterval(assisttest.ResultsByDate, 10*time.Minute),
			assisttest.WithCommission(assist.QIWI, 35_000))
		var orders []assist.Order
		for range 60 {
			orders = append(orders, server.Pay(assisttest.Payment{Amount: money(t, "10.00"), MeanTypeID: 36}))
		}
		balance, err := ledger.FromResults(server.Client(), ledger.Rates{assist.QIWI: 35_000})
		require.NoError(t, err)
		client := server.Client(assist.WithWalletRules(balance))
		time.Sleep(time.Until(instant(t, "2026-07-01 21:00:01")))
		moved, refused := 0, 0
		for i, order := range orders {
			if i%2 == 0 {
				server.Pay(assisttest.Payment{Amount: money(t, "7.77"), MeanTypeID: 36})
			}
			_, err := client.Cancel(t.Context(), order.CancelRequest(money(t, "5.00")))
			switch assist.OutcomeOf(err) {
			case assist.Accepted:
				moved++
			case assist.NotSent:
				require.ErrorIs(t, err, assist.ErrDayBalance, strconv.Itoa(i))
				refused++
			default:
				t.Fatal(err)
			}
			available := balance.Balance(assist.QIWI, "RUB", time.Now()).Available
			assert.LessOrEqual(t, available.Minor(), server.DayBalance(assist.QIWI, "RUB").Minor())
			time.Sleep(5 * time.Minute)
		}
		assert.Positive(t, moved)
		assert.Positive(t, refused)
		questions := 0
		for _, r := range server.Requests() {
			if r.Service == assisttest.ResultsByDate {
				questions++
				assert.Zero(t, r.FirstCode, "never too frequent")
			}
		}
		assert.Greater(t, questions, 20)
		require.NoError(t, balance.Refresh(t.Context()))
	})
}

// A shop that sells ten times as much every day as is to go back gives it back on
// the first of them, though its worker does nothing but obey NotBefore.
func TestWorkerThatObeysNotBefore(t *testing.T) {
	t.Parallel()
	for _, start := range []string{"2011-03-25 06:00:00", "2014-10-24 06:00:00", "2026-07-01 06:00:00"} {
		for _, sells := range []time.Duration{time.Minute, 12 * time.Hour, 23*time.Hour + 30*time.Minute} { // after the day's beginning
			for _, ruled := range []bool{true, false} {
				t.Run(fmt.Sprint(start, " sells after ", sells, " rules: ", ruled), func(t *testing.T) {
					t.Parallel()
					server := assisttest.NewServer(t, assisttest.InMemory())
					server.StandAt(instant(t, start))
					order := server.Pay(assisttest.Payment{Amount: money(t, "100.00"), MeanTypeID: 32})
					books, err := ledger.New(ledger.Rates{assist.YandexMoney: 0}, server.Now)
					require.NoError(t, err)
					opts := []assist.Option{assist.WithClock(server.Now)}
					if ruled {
						opts = append(opts, assist.WithWalletRules(books))
					}
					client := server.Client(opts...)
					day := moscow.DayOf(server.Now()) + 1
					server.StandAt(day.Start().Add(time.Second))
					sold := day - 1
					sellUpTo := func(until time.Time) {
						for d := sold + 1; d.Start().Add(sells).Before(until); d++ {
							server.StandAt(d.Start().Add(sells))
							p := server.Pay(assisttest.Payment{Amount: money(t, "1000.00"), MeanTypeID: 32})
							require.NoError(t, books.Paid(p.Operations[0].Billnumber, assist.YandexMoney, p.Amount, p.Operations[0].Date))
							sold = d
						}
						server.StandAt(until)
					}
					for tries := 1; ; tries++ {
						_, err := client.Cancel(t.Context(), order.CancelRequest(money(t, "100.00")))
						if err == nil {
							break
						}
						require.ErrorIs(t, err, assist.ErrDayBalance)
						before, heals := assist.NotBefore(err)
						require.True(t, heals)
						require.True(t, before.After(server.Now()))
						require.Less(t, tries, 10)
						sellUpTo(before)
					}
					assert.Equal(t, day, moscow.DayOf(server.Now()), "on the first day")
					assert.Equal(t, money(t, "100.00"), server.Moved(order.Billnumber))
				})
			}
		}
	}
}

// 5/108 with another message than the turnover's is a wrong amount: of the bonus
// part beside a wallet's, and of more than is left. So it is without a message for
// a part that no wallet paid.
func TestWrongAmountIsNoDayBalance(t *testing.T) {
	t.Parallel()
	for _, protocol := range []assist.Protocol{
		assist.SOAP, assist.JSON, assist.Form(assist.FormatXML), assist.Form(assist.FormatCSV), assist.Form(assist.FormatSOAP), assist.Form(assist.FormatJSON),
	} {
		flat := protocol == assist.Form(assist.FormatXML) || protocol == assist.Form(assist.FormatCSV)
		for _, language := range []assist.Language{assist.LanguageRU, assist.LanguageEN} {
			t.Run(fmt.Sprint(protocol, language), func(t *testing.T) {
				t.Parallel()
				server := assisttest.NewServer(t, opened(t)...)
				server.StandAt(instant(t, "2026-07-01 12:00:00"))
				both := server.Pay(assisttest.Payment{Amount: money(t, "100.00"), Bonus: money(t, "5.00"), MeanTypeID: 36})
				alone := server.Pay(assisttest.Payment{Amount: money(t, "100.00"), MeanTypeID: 36})
				server.StandAt(instant(t, "2026-07-03 12:00:00"))
				client := server.Client(assist.WithClock(server.Now), assist.WithProtocol(protocol), assist.WithLanguage(language))
				refused := func(req assist.CancelRequest) error {
					_, err := client.Cancel(t.Context(), req)
					require.Equal(t, assist.Rejected, assist.OutcomeOf(err), err)
					return err
				}
				part := both.CancelRequest(money(t, "6.00"))
				part.Billnumber += ".2"
				err := refused(part)
				require.NotErrorIs(t, err, assist.ErrDayBalance, "the bonus part")
				_, heals := assist.NotBefore(err)
				assert.False(t, heals)

				err = refused(alone.CancelRequest(money(t, "101.00")))
				_, heals = assist.NotBefore(err)
				assert.Equal(t, flat, heals, "without a message nothing tells it from the day balance")
			})
		}
	}
}

// The client's own cancel and its row count once, though the answer had the plain
// billnumber, and though it was resumed after a restart.
func TestOwnCancelsCountOnceInTheResults(t *testing.T) {
	t.Parallel()
	for _, protocol := range []assist.Protocol{assist.SOAP, assist.Form(assist.FormatXML), assist.Form(assist.FormatCSV)} {
		for _, mean := range []int{30, 32} {
			for _, restarted := range []bool{false, true} {
				t.Run(fmt.Sprint(protocol, " ", mean, " restarted: ", restarted), func(t *testing.T) {
					t.Parallel()
					server := assisttest.NewServer(t, assisttest.InMemory(), assisttest.WithPlainBillnumbers(), assisttest.WithSettleDelay(5*time.Hour))
					server.StandAt(instant(t, "2026-07-01 12:00:00"))
					wallet := assist.WalletOf(mean)
					order := server.Pay(assisttest.Payment{Amount: money(t, "40.00"), MeanTypeID: mean})
					server.StandAt(instant(t, "2026-07-02 12:00:00"))
					server.Pay(assisttest.Payment{Amount: money(t, "100.00"), MeanTypeID: mean})
					fresh := func() (*ledger.ResultsBalance, *assist.Client) {
						balance, err := ledger.FromResults(server.Client(assist.WithClock(server.Now)), ledger.Rates{wallet: 0})
						require.NoError(t, err)
						return balance, server.Client(assist.WithClock(server.Now), assist.WithProtocol(protocol), assist.WithWalletRules(balance))
					}
					balance, client := fresh()
					require.NoError(t, balance.Paid("5700027202722999.1", wallet, money(t, "40.00"), server.Now()))
					x, err := client.Cancel(t.Context(), order.CancelRequest(money(t, "40.00")), assist.LookFirst())
					require.NoError(t, err)
					server.Advance(time.Minute)
					books, err := ledger.New(ledger.Rates{wallet: 0}, server.Now)
					require.NoError(t, err)
					if restarted {
						client = server.Client(assist.WithClock(server.Now), assist.WithProtocol(protocol), assist.WithWalletRules(books))
						if x.Status == assist.InProcess {
							require.NoError(t, books.Hold(x.Intent.ID, wallet, money(t, "40.00"), x.Intent.SentAt))
							x, err = client.Resume(x.Token())
							require.NoError(t, err)
							_, err = client.Refresh(t.Context(), x)
							require.NoError(t, err)
						}
						rows, err := server.Client(assist.WithClock(server.Now)).ResultsByDate(t.Context(), assist.PeriodQuery{From: instant(t, "2026-07-01 21:00:00"), To: server.Now()})
						require.NoError(t, err)
						books.Book(rows)
						assert.Equal(t, server.DayBalance(wallet, "RUB"), books.Balance(wallet, "RUB", server.Now()).Available)
						return
					}
					_ = books
					server.Advance(20 * time.Minute)
					_ = balance.Refresh(t.Context())
					b := balance.Balance(wallet, "RUB", server.Now())
					assert.Equal(t, money(t, "40.00").Minor(), b.Refunded.Minor()+b.Reserved.Minor(), "once")
				})
			}
		}
	}
}

// A person's word ends the reservation of a cancel that never came.
func TestDecisionEndsAReservation(t *testing.T) {
	t.Parallel()
	server := assisttest.NewServer(t, assisttest.InMemory())
	server.StandAt(instant(t, "2026-07-01 12:00:00"))
	order := server.Pay(assisttest.Payment{Amount: money(t, "90.00"), MeanTypeID: 32})
	server.StandAt(instant(t, "2026-07-02 12:00:00"))
	books, err := ledger.New(ledger.Rates{assist.YandexMoney: 0}, server.Now)
	require.NoError(t, err)
	client := server.Client(assist.WithClock(server.Now), assist.WithWalletRules(books))
	paid := server.Pay(assisttest.Payment{Amount: money(t, "180.00"), MeanTypeID: 32})
	require.NoError(t, books.Paid(paid.Operations[0].Billnumber, assist.YandexMoney, paid.Amount, paid.Date))
	server.Next(assisttest.DieBefore())
	_, err = client.Cancel(t.Context(), order.CancelRequest(money(t, "90.00")), assist.LookFirst())
	var unknown *assist.UnknownOutcomeError
	require.ErrorAs(t, err, &unknown)
	_, err = client.Cancel(t.Context(), order.CancelRequest(money(t, "90.00")), assist.LookFirst(), assist.DespiteUnknown(unknown.Intent))
	require.NoError(t, err)
	reserved := func() assist.Money { return books.Balance(assist.YandexMoney, "RUB", server.Now()).Reserved }
	assert.Equal(t, money(t, "90.00"), reserved(), "passed over, it may still move")
	server.StandAt(instant(t, "2026-08-02 12:00:00"))
	_, err = client.Decide(t.Context(), unknown.Intent, assist.NeverCame())
	require.NoError(t, err)
	assert.Equal(t, money(t, "0.00"), reserved())
}

// A client whose clock is off around midnight is refused, by itself or by Assist;
// no money moves that shouldn't, and no outcome is unknown.
func TestClocksThatAreOffAroundMidnight(t *testing.T) {
	t.Parallel()
	for _, midnight := range []string{"2013-10-23 20:00:00", "2014-10-25 20:00:00", "2014-10-26 21:00:00", "2026-07-01 21:00:00"} {
		for _, ahead := range []time.Duration{-10 * time.Minute, -40 * time.Second, 40 * time.Second, 10 * time.Minute} {
			for _, from := range []time.Duration{-5 * time.Minute, -20 * time.Second, 0, 20 * time.Second, 5 * time.Minute} {
				t.Run(fmt.Sprint(midnight, " ahead ", ahead, " at ", from), func(t *testing.T) {
					t.Parallel()
					server := assisttest.NewServer(t, assisttest.InMemory())
					turn := instant(t, midnight)
					server.StandAt(turn.Add(-48 * time.Hour))
					old := server.Pay(assisttest.Payment{Amount: money(t, "100.00"), MeanTypeID: 36})
					server.StandAt(turn.Add(-3 * time.Hour))
					today := server.Pay(assisttest.Payment{Amount: money(t, "100.00"), MeanTypeID: 36})
					server.StandAt(turn.Add(from))
					clock := func() time.Time { return server.Now().Add(ahead) }
					balance, err := ledger.FromResults(server.Client(assist.WithClock(clock)), ledger.Rates{assist.QIWI: 0})
					require.NoError(t, err)
					client := server.Client(assist.WithClock(clock), assist.WithWalletRules(balance))
					cancel := func(order assist.Order, amount string) (moved bool) {
						_, err := client.Cancel(t.Context(), order.CancelRequest(money(t, amount)), assist.LookFirst())
						require.NotEqual(t, assist.Unknown, assist.OutcomeOf(err), "%v", err)
						if before, heals := assist.NotBefore(err); heals {
							assert.True(t, before.After(clock()), "never in the past")
						}
						assert.Equal(t, err == nil, !server.Moved(order.Billnumber).IsZero())
						return err == nil
					}
					sameDay := from < 0
					banned := cancel(today, "60.00")
					if sameDay {
						assert.False(t, banned, "Assist's day isn't over")
					}
					moved := cancel(old, "60.00")
					if !sameDay {
						assert.False(t, moved, "Assist's new day has no balance")
					} else if ahead < 0 {
						assert.True(t, moved, "both clocks show the old day")
					}
				})
			}
		}
	}
}

// What one by hand takes while a reservation is open is Assist's to count: the
// client's books are never the more generous when they know it.
func TestRefundByHandBesideAReservation(t *testing.T) {
	t.Parallel()
	server := assisttest.NewServer(t, assisttest.InMemory(), assisttest.WithSettleDelay(5*time.Hour))
	server.StandAt(instant(t, "2026-07-01 12:00:00"))
	one := server.Pay(assisttest.Payment{Amount: money(t, "40.00"), MeanTypeID: 30})
	other := server.Pay(assisttest.Payment{Amount: money(t, "50.00"), MeanTypeID: 30})
	server.StandAt(instant(t, "2026-07-02 12:00:00"))
	server.Pay(assisttest.Payment{Amount: money(t, "100.00"), MeanTypeID: 30})
	server.Advance(time.Minute)
	books, err := ledger.New(ledger.Rates{assist.WebMoney: 0}, server.Now)
	require.NoError(t, err)
	asker := server.Client(assist.WithClock(server.Now))
	book := func() {
		rows, err := asker.ResultsByDate(t.Context(), assist.PeriodQuery{From: instant(t, "2026-07-01 21:00:00"), To: server.Now()})
		require.NoError(t, err)
		books.Book(rows)
	}
	book()
	client := server.Client(assist.WithClock(server.Now), assist.WithWalletRules(books))
	x, err := client.Cancel(t.Context(), one.CancelRequest(money(t, "40.00")))
	require.NoError(t, err)
	_, err = asker.Cancel(t.Context(), other.CancelRequest(money(t, "50.00"))) // in the personal account
	require.NoError(t, err)
	server.Advance(time.Minute)
	book()
	available := func() string { return books.Balance(assist.WebMoney, "RUB", server.Now()).Available.Amount() }
	assert.Equal(t, "10.00", available())
	assert.Equal(t, server.DayBalance(assist.WebMoney, "RUB").Amount(), available())
	server.Advance(6 * time.Hour)
	_, err = client.Refresh(t.Context(), x)
	require.NoError(t, err)
	book()
	assert.Equal(t, "10.00", available(), "settled, and its row known again")
}
