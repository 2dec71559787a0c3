package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/cmd/assist/internal/exitcode"
	"github.com/assist-go/assist/cmd/assist/internal/profile"
	"github.com/assist-go/assist/cmd/assist/internal/verdict"
	"github.com/assist-go/assist/refunds"
	"github.com/spf13/cobra"
)

func doctorCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "check settings, credentials, clocks, the store, and what is unknown",
		Long:  "Check that refunds can be made. Assist is asked a question; nothing is cancelled and nothing stored.",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.doctor(cmd.Context()) },
	}
}

// finding is one line of what doctor says.
type finding struct {
	Level string `json:"level"` // "ok", "warn" or "fail"
	Text  string `json:"text"`
	code  int
}

func (a *app) doctor(ctx context.Context) error {
	worst := exitcode.Done
	tell := func(f finding) error {
		if f.Level == "fail" && worst == exitcode.Done {
			worst = f.code
		}
		if a.flags.json {
			return a.object(f)
		}
		_, err := fmt.Fprintf(a.Out, "%-5s %s\n", f.Level, f.Text)
		return err
	}
	p, err := a.settings()
	if err == nil {
		err = p.Complete()
	}
	if err != nil {
		return a.explain(err)
	}
	name := a.text("профиль из окружения", "profile of the environment")
	if p.Name != "" {
		name = a.text("профиль %q", "profile %q", p.Name)
	}
	if err := tell(finding{"ok", a.text("%s · %s · магазин %s", "%s · %s · merchant %s", name, p.URL, p.Merchant), 0}); err != nil {
		return err
	}
	for _, check := range []func(context.Context, *profile.Profile) []finding{a.checkAssist, a.checkStore, a.checkZone} {
		for _, f := range check(ctx, p) {
			if err := tell(f); err != nil {
				return err
			}
		}
	}
	if worst != exitcode.Done {
		return exitcode.New(worst, "")
	}
	return nil
}

// dates notes what the server's clock shows.
type dates struct {
	next http.RoundTripper
	mu   sync.Mutex
	at   time.Time
}

func (d *dates) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := d.next.RoundTrip(r)
	if err == nil {
		if at, err := http.ParseTime(answer.Header.Get("Date")); err == nil {
			d.mu.Lock()
			d.at = at
			d.mu.Unlock()
		}
	}
	return answer, err
}

// checkAssist asks about an order that there isn't: an answer shows that the
// credentials are taken.
func (a *app) checkAssist(ctx context.Context, _ *profile.Profile) []finding {
	seen := &dates{}
	client, err := a.client(ctx, nil, assist.WithRoundTripper(func(next http.RoundTripper) http.RoundTripper {
		seen.next = next
		return seen
	}))
	if err != nil {
		return []finding{{"fail", err.Error(), exitcode.Settings}}
	}
	_, err = client.OrderState(ctx, assist.OrderQuery{OrderNumber: "assist-doctor", From: a.now().Add(-time.Hour)})
	var out []finding
	switch {
	case err == nil, errors.Is(err, assist.ErrOrderNotFound):
		out = append(out, finding{"ok", a.text("логин и пароль приняты (вопрос о заказе)", "credentials accepted (order question)"), 0})
	case errors.Is(err, assist.ErrAuthentication):
		out = append(out, finding{"fail", a.text("Assist не принимает логин или пароль", "Assist doesn't take the login or the password"), exitcode.Settings})
	default:
		e := a.explain(err)
		out = append(out, finding{"fail", e.Text, e.Code})
	}
	seen.mu.Lock()
	defer seen.mu.Unlock()
	if seen.at.IsZero() {
		return out
	}
	off := max(a.now().Sub(seen.at), seen.at.Sub(a.now())).Truncate(100 * time.Millisecond)
	switch {
	case off < 5*time.Second:
		out = append(out, finding{"ok", a.text("часы расходятся с Assist на %s", "clock %s from Assist's", off), 0})
	default:
		out = append(out, finding{"warn", a.text("часы расходятся с Assist на %s: правила дня считаются неверно", "clock %s from Assist's: the rules of the day go wrong", off), 0})
	}
	return out
}

func (a *app) checkStore(ctx context.Context, p *profile.Profile) []finding {
	b, err := a.open(ctx)
	if err != nil {
		e := a.explain(err)
		return []finding{{"fail", a.text("хранилище: %s", "store: %s", e.Text), exitcode.Settings}}
	}
	defer b.Close()
	name := "sqlite " + p.Store
	if profile.IsPostgres(p.Store) {
		name = "postgres"
	}
	out := []finding{{"ok", a.text("хранилище %s", "store %s", name), 0}}
	s, err := b.Stats(ctx)
	if err != nil {
		return append(out, finding{"fail", err.Error(), exitcode.Settings})
	}
	late, err := b.Late(ctx, p.Merchant)
	if err != nil {
		return append(out, finding{"fail", err.Error(), exitcode.Settings})
	}
	return append(append(out, a.movedLate(late)...), a.openRefunds(s)...)
}

// movedLate names the refunds of which money moved despite a person's decision, until
// a person has dealt with it.
func (a *app) movedLate(late []refunds.ID) (out []finding) {
	for _, id := range late {
		out = append(out, finding{"warn", a.text("деньги ушли вопреки решению человека: assist show %s, потом assist decide %[1]s --saw-late", "money moved despite a person's decision: assist show %s, then assist decide %[1]s --saw-late", verdict.ID(id)), 0})
	}
	return out
}

func (a *app) openRefunds(s refunds.Stats) (out []finding) {
	warn := func(yes bool, text string) {
		if yes {
			out = append(out, finding{"warn", text, 0})
		}
	}
	if s.Sent == 0 {
		out = append(out, finding{"ok", a.text("неизвестных возвратов нет", "no refund is unknown"), 0})
	}
	warn(s.Sent > 0, a.text("неизвестных возвратов %d, старшему %s: assist resolve --all", "%d refunds unknown, oldest %s: assist resolve --all", s.Sent, age(s.OldestUnknown)))
	warn(s.NeedPerson > 0, a.text("ждут решения человека: %d: assist list --needs-person", "%d need a person: assist list --needs-person", s.NeedPerson))
	warn(s.Proposed > 0, a.text("ждут одобрения: %d", "%d wait for approval", s.Proposed))
	warn(s.OldestDue > 5*time.Minute, a.text("очередь стоит %s: работает ли assist worker?", "the queue stands for %s: does assist worker run?", age(s.OldestDue)))
	warn(len(s.Paused) > 0, a.text("Assist не принимает настройки магазина %s", "Assist doesn't take the settings of merchant %s", strings.Join(s.Paused, ", ")))
	warn(len(s.Held) > 0, a.text("магазин %s придержан: assist release", "merchant %s is held: assist release", strings.Join(s.Held, ", ")))
	return out
}

func (a *app) checkZone(context.Context, *profile.Profile) []finding {
	if verdict.Moscow.String() != "Europe/Moscow" {
		return []finding{{"warn", a.text("нет данных о часовых поясах", "no time zone data"), 0}}
	}
	return []finding{{"ok", a.text("часовые пояса: Europe/Moscow", "time zone data: Europe/Moscow"), 0}}
}
