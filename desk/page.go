package desk

import (
	"bytes"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds"
)

// page is what every template gets.
type page struct {
	d       *desk
	Lang    assist.Language
	User    User
	Active  string // which part of the desk
	Title   string
	Query   string // of the search box
	Here    string // its own address below the base, for the way back
	Bars    []bar  // what is wrong at the moment
	Persons int    // how many refunds need one
	Poll    bool   // it changes by itself
	Narrow  bool
	Body    any
}

// bar is a line above the page.
type bar struct{ Tone, Text, Link, Label string }

var pageNames = []string{"list", "refund", "new", "confirm", "decisions", "sending", "audit", "error"}

// functions are for templates that others call.
var functions = template.FuncMap{
	"args": func(p *page, body any) map[string]any { return map[string]any{"Page": p, "Body": body} },
	"choose": func(first bool, a, b string) string {
		if first {
			return a
		}
		return b
	},
}

// load reads templates and assets. That every page can be rendered in every state
// is a test's to show.
func (d *desk) load() (err error) {
	d.pages = map[string]*template.Template{}
	for _, name := range pageNames {
		if d.pages[name], err = template.New("").Funcs(functions).ParseFS(templateFiles, "templates/base.html", "templates/parts.html", "templates/"+name+".html"); err != nil {
			return err
		}
	}
	if d.style, err = assetOf("style.css", "text/css; charset=utf-8"); err != nil {
		return err
	}
	if d.icon, err = assetOf("icon.svg", "image/svg+xml"); err != nil {
		return err
	}
	d.script, err = assetOf("desk.js", "text/javascript; charset=utf-8")
	return err
}

func (d *desk) page(r *http.Request, u User) *page {
	here := strings.TrimPrefix(r.URL.Path, "/")
	if r.Method != http.MethodGet {
		here = ""
	} else if r.URL.RawQuery != "" {
		here += "?" + r.URL.RawQuery
	}
	return &page{d: d, Lang: languageOf(r), User: u, Here: here}
}

// show renders a page whole, or not at all.
func (d *desk) show(w http.ResponseWriter, r *http.Request, p *page, status int, name string) error {
	var b bytes.Buffer
	if err := d.pages[name].ExecuteTemplate(&b, "base.html", p); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
	return nil
}

// health reads what every page says above itself. A store that doesn't answer is
// an error: nothing on the page would be true.
func (d *desk) health(r *http.Request, p *page) (refunds.Stats, error) {
	s, err := d.book.Stats(r.Context())
	if err != nil {
		return s, err
	}
	late, err := d.book.Late(r.Context(), d.merchant())
	if err != nil {
		return s, err
	}
	p.Persons = s.NeedPerson + len(late) + s.Proposed
	p.Bars = append(p.Bars, d.bars(s, len(late), p.Lang)...)
	return s, nil
}

// tardy is how long something may be due before the desk says that nobody sends.
const tardy = 2 * time.Minute

func (d *desk) bars(s refunds.Stats, late int, l assist.Language) (all []bar) {
	if late > 0 {
		all = append(all, bar{"bad", words{"Деньги ушли вопреки решению человека.", "Money has moved despite a person's decision."}.in(l), "decisions", words{"Разобраться", "Deal with it"}.in(l)})
	}
	if s.OldestDue > tardy {
		since := at(d.now().Add(-s.OldestDue), l)
		all = append(all, bar{Tone: "warn", Text: words{"Отправка стоит с " + since + ": новые возвраты встают в очередь и уйдут сами.",
			"Nothing is being sent since " + since + ": new refunds are queued and will go by themselves."}.in(l)})
	}
	if has(s.Held, d.merchant()) {
		all = append(all, bar{Tone: "warn", Text: words{"Отправка остановлена человеком или после смены базы: возвраты копятся в очереди.", "Sending is stopped by a person, or after a change of the database: refunds are queued."}.in(l)})
	}
	if has(s.Paused, d.merchant()) {
		all = append(all, bar{Tone: "bad", Text: words{"Assist не принимает настройки магазина: возвраты ждут в очереди. Нужен администратор.", "Assist doesn't take the merchant's settings: refunds are queued. An administrator is needed."}.in(l)})
	}
	return all
}

func has(all []string, one string) bool {
	for _, s := range all {
		if s == one {
			return true
		}
	}
	return false
}

// What templates call.

// T is the text in the page's language.
func (p *page) T(russian, english string) string { return words{russian, english}.in(p.Lang) }

// English tells whether the page is in English.
func (p *page) English() bool { return p.Lang == assist.LanguageEN }

// URL is an address of the desk.
func (p *page) URL(path string) string { return p.d.base + path }

// Style and Script are versions of the assets.
func (p *page) Style() string  { return p.d.style.Version }
func (p *page) Script() string { return p.d.script.Version }

// Money, At, Short and Exact write amounts and instants.
func (p *page) Money(m assist.Money) string { return sum(m, p.Lang) }
func (p *page) At(t time.Time) string       { return at(t, p.Lang) }
func (p *page) Short(t time.Time) string    { return short(t, p.d.now(), p.Lang) }
func (p *page) Exact(t time.Time) string    { return exact(t, p.Lang) }

// Ago says how long ago an instant was.
func (p *page) Ago(t time.Time) string { return age(p.d.now().Sub(t), p.Lang) }

// Now is the clock in the page's head.
func (p *page) Now() string { return at(p.d.now(), p.Lang) }

// Notice is the host's line above every page.
func (p *page) Notice() string { return p.d.notice.in(p.Lang) }

// NoticeLink is where it leads to.
func (p *page) NoticeLink() string { return p.d.noticeLink }

// Logout is where leaving posts to.
func (p *page) Logout() string { return p.d.logout }

// RoleName is the person's role.
func (p *page) RoleName() string { return words(p.User.Role.words()).in(p.Lang) }

// Operator, Senior and Admin tell what the person may.
func (p *page) Operator() bool { return p.User.Role >= Operator }
func (p *page) Senior() bool   { return p.User.Role >= Senior }
func (p *page) Admin() bool    { return p.User.Role >= Admin }

// Errors that become pages.
var (
	errRole    = errors.New("desk: the person's role doesn't allow that")
	errAuth    = errors.New("desk: who it is can't be told")
	errForm    = errors.New("desk: the form can't be read")
	errTooMany = errors.New("desk: too many changes within an hour")
	errDaySum  = errors.New("desk: more than the person may ask for in a day")
)

// problem is the body of an error's page.
type problem struct {
	Heading, Text string
	Link, Label   string
	Again         string     // the address to send the same form to once more
	Form          url.Values // with all that was typed
}

// sayError is an error with the words for a person, and the status.
type sayError struct {
	status      int
	heading     words
	text        words
	link, label string
	labelWords  words
}

func (e *sayError) Error() string { return "desk: " + e.heading[1] + ": " + e.text[1] }

func conflict(heading, text words) *sayError {
	return &sayError{status: http.StatusConflict, heading: heading, text: text}
}

// failed answers with an error's page. Nothing of the request's content is in the
// log or on the page, but for the form that was sent, which goes back to who sent
// it.
func (d *desk) failed(w http.ResponseWriter, r *http.Request, p *page, err error) {
	status, say := d.problemOf(r, p, err)
	if status >= 500 {
		d.log.ErrorContext(r.Context(), "desk: failed", "what", r.Pattern, "err", err)
	}
	p.Body, p.Title, p.Poll, p.Active, p.Narrow = say, say.Heading, false, "", true
	if p.User.Role < Viewer {
		p.User = User{}
	}
	if err := d.show(w, r, p, status, "error"); err != nil {
		d.log.ErrorContext(r.Context(), "desk: an error's page", "err", err)
		http.Error(w, say.Heading, status)
	}
}

func (d *desk) problemOf(r *http.Request, p *page, err error) (int, problem) {
	var say *sayError
	var invalid *refunds.InvalidError
	table := []struct {
		is            bool
		status        int
		heading, text words
	}{
		{errors.Is(err, errRole), 403, words{"Нет прав", "Not allowed"}, words{"Для этого нужна другая роль. Ничего не сделано.", "It needs another role. Nothing was done."}},
		{errors.Is(err, refunds.ErrSamePerson), 403, words{"Нужен другой человек", "Another person is needed"},
			words{"Подтвердить может только тот, кто этого не просил и не решал. Ничего не сделано.", "Only somebody who neither asked for it nor decided it can confirm. Nothing was done."}},
		{errors.Is(err, errTooMany), 429, words{"Слишком много за час", "Too much within an hour"}, words{"Подождите: предел действий одного человека за час исчерпан. Ничего не сделано.", "Please wait: one person's limit for an hour is used up. Nothing was done."}},
		{errors.Is(err, errDaySum), 403, words{"Дневной предел", "Limit of a day"}, words{"Сегодня вы оформили возвратов на предельную сумму. Попросите коллегу. Ничего не сделано.", "You have asked for as much as you may today. Ask a colleague. Nothing was done."}},
		{errors.Is(err, errForm), 400, words{"Форма не читается", "The form can't be read"}, words{"Ничего не сделано.", "Nothing was done."}},
		{errors.Is(err, refunds.ErrNotFound), 404, words{"Не найдено", "Not found"}, words{"Такого возврата или страницы нет.", "There is no such refund or page."}},
		{errors.Is(err, refunds.ErrUnderWay), 409, words{"Уже отправлен", "Already sent"}, words{"Отозвать нельзя: отмена могла уйти в Assist. Ничего не изменено.", "It can't be taken back: the cancel may have been sent to Assist. Nothing was changed."}},
		{errors.Is(err, refunds.ErrExpired), 409, words{"Просьба устарела", "The request has expired"}, words{"Её никто не подтвердил вовремя. Оформите возврат заново.", "Nobody approved it in time. Ask for the refund anew."}},
		{errors.Is(err, refunds.ErrTooEarly), 409, words{"Ещё рано", "Too early"}, words{"Отмена ещё может дойти: «нашей отмены нет» можно сказать через два часа после отправки.", "The cancel may still arrive: that it never came can be said two hours after it was sent."}},
		{errors.Is(err, refunds.ErrState), 409, words{"Уже сделано", "Done already"}, words{"За это время состояние возврата изменилось. Посмотрите его ещё раз; этим действием ничего не изменено.", "The refund's state has changed meanwhile. Look at it again; this action changed nothing."}},
		{errors.Is(err, refunds.ErrNotReconciled), 409, words{"Сначала сверка", "Reconcile first"}, words{"База другая, чем прежде: сначала нужна сверка с Assist.", "The database is another copy than before: it must be reconciled with Assist first."}},
		{errors.As(err, &invalid), 400, words{"Форма заполнена не так", "The form isn't right"}, words{"Ничего не сделано.", "Nothing was done."}},
		{errors.Is(err, errAuth), 503, words{"Вход недоступен", "Signing in isn't possible"}, words{"Сейчас нельзя узнать, кто вы. Попробуйте через минуту.", "Who you are can't be told at the moment. Try again in a minute."}},
	}
	if errors.As(err, &say) {
		return say.status, problem{Heading: say.heading.in(p.Lang), Text: say.text.in(p.Lang), Link: say.link, Label: say.labelWords.in(p.Lang) + say.label}
	}
	for _, row := range table {
		if row.is {
			return row.status, problem{Heading: row.heading.in(p.Lang), Text: row.text.in(p.Lang)}
		}
	}
	away := problem{Heading: words{"База данных недоступна", "The database is away"}.in(p.Lang),
		Text: words{"Показать нечего, но ничего не потеряно: что было принято раньше, сохранено.", "There is nothing to show, but nothing is lost: what was accepted earlier is stored."}.in(p.Lang)}
	if r.Method == http.MethodPost && r.PostForm.Get("form") != "" {
		away.Text = words{"Сохранён ли возврат, сейчас не видно. Отправьте ту же форму ещё раз: если он уже сохранён, второй не появится.",
			"Whether the refund was stored can't be seen at the moment. Send the same form again: if it is stored already, there won't be a second one."}.in(p.Lang)
		away.Again, away.Form = p.URL("new"), r.PostForm
	}
	return http.StatusServiceUnavailable, away
}

// plainError is an error before it is known who it is for.
func (d *desk) plainError(w http.ResponseWriter, r *http.Request, status int, text words) {
	l := languageOf(r)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text.in(l) + "\n"))
}

func (d *desk) notSignedIn(w http.ResponseWriter, r *http.Request, p *page) {
	if d.login != "" && r.Method == http.MethodGet {
		http.Redirect(w, r, d.login, http.StatusSeeOther)
		return
	}
	p.User, p.Narrow = User{}, true
	p.Body = problem{Heading: p.T("Нужно войти", "Please sign in"), Text: p.T("Кто вы, не известно или вход закончился. Ничего не сделано.", "It isn't known who you are, or your session has ended. Nothing was done."),
		Link: d.login, Label: p.T("Войти", "Sign in")}
	p.Title = p.T("Нужно войти", "Please sign in")
	if err := d.show(w, r, p, http.StatusUnauthorized, "error"); err != nil {
		d.log.ErrorContext(r.Context(), "desk: an error's page", "err", err)
	}
}
