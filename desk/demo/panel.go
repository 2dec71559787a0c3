package demo

import (
	"bytes"
	"html/template"
	"net/http"
	"time"

	"github.com/assist-go/assist/assisttest"
)

// faults that a visitor can switch on for the next cancel.
var faults = []struct {
	Name, Text string
	fault      func() assisttest.Fault
}{
	{"lost", "Деньги уйдут, ответ потеряется · the money moves, the answer is lost", func() assisttest.Fault { return assisttest.DieAfter().And(assisttest.ListLate(2 * time.Minute)) }},
	{"never", "Запрос потеряется, деньги не уйдут · the request is lost, no money moves", assisttest.DieBefore},
	{"process", "Assist будет думать минуту · Assist takes a minute", func() assisttest.Fault { return assisttest.InProcess(time.Minute, "AS000") }},
	{"decline", "Банк откажет · the bank declines", func() assisttest.Fault { return assisttest.Decline("AS100") }},
	{"gateway", "Шлюз ответит 502, деньги уйдут · a gateway answers 502, the money moves", func() assisttest.Fault { return assisttest.HTMLError(http.StatusBadGateway) }},
	{"hand", "Кто-то вернёт то же вручную, ответ потеряется · somebody refunds the same by hand, the answer is lost", func() assisttest.Fault {
		return assisttest.HandRefundAfter(rub("0.00")).And(assisttest.DieAfter())
	}},
}

var panelPage = template.Must(template.New("").Parse(`<!doctype html>
<html lang="ru"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Демо</title><link rel="icon" href="/icon.svg"><link rel="stylesheet" href="/style.css"></head>
<body><main class="narrow" id="main"><h1>Демо · demo</h1>
<p>Assist ненастоящий, деньги не двигаются. · Assist is simulated, no money moves. <a href="/">К возвратам · to the refunds</a></p>
<section class="card"><h2>Кто вы · who you are</h2><form method="post" action="/demo"><div class="buttons">{{range .Users}}<button name="user" value="{{.Name}}">{{.Text}}</button>{{end}}</div></form></section>
<section class="card"><h2>Что случится со следующей отменой · what happens to the next cancel</h2><form method="post" action="/demo">{{range .Faults}}<p><button name="fault" value="{{.Name}}">{{.Text}}</button></p>{{end}}</form></section>
<section class="card"><h2>Службы · services</h2><form method="post" action="/demo"><div class="buttons">
<button name="carrier" value="{{if .Runs}}stop{{else}}run{{end}}">{{if .Runs}}Остановить отправку · stop the worker{{else}}Запустить отправку · start the worker{{end}}</button>
<button name="assist" value="{{if .Away}}back{{else}}away{{end}}">{{if .Away}}Вернуть Assist · bring Assist back{{else}}Отключить Assist · take Assist away{{end}}</button></div></form></section>
<section class="card"><h2>Заказы для пробы · orders to try</h2><p>20600 Visa 4 500,00 ₽ · 20601 QIWI сегодня 490,00 ₽ · 20602 WebMoney сегодня 320,00 ₽ · 20603 Mastercard 9 900,00 ₽</p></section>
</main></body></html>`))

func (w *World) panel(rw http.ResponseWriter, r *http.Request) {
	type user struct{ Name, Text string }
	page := struct {
		Users      []user
		Faults     any
		Runs, Away bool
	}{Faults: faults, Runs: w.Runs()}
	w.mu.Lock()
	page.Away = w.away
	for _, name := range names {
		if u, ok := w.users[name]; ok {
			page.Users = append(page.Users, user{name, u.Name + " (" + u.Role.String() + ")"})
		}
	}
	w.mu.Unlock()
	var b bytes.Buffer
	if err := panelPage.Execute(&b, page); err != nil {
		http.Error(rw, "demo", http.StatusInternalServerError)
		return
	}
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	rw.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	_, _ = rw.Write(b.Bytes())
}

// change is a visitor's choice on the panel.
func (w *World) change(rw http.ResponseWriter, r *http.Request) {
	to := "/demo"
	if name := r.PostFormValue("user"); name != "" {
		http.SetCookie(rw, &http.Cookie{Name: userCookie, Value: name, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
		to = "/"
	}
	for _, f := range faults {
		if r.PostFormValue("fault") == f.Name {
			w.Server.Next(f.fault())
			to = "/"
		}
	}
	switch r.PostFormValue("carrier") {
	case "run":
		w.Run()
	case "stop":
		w.Stop()
	}
	switch r.PostFormValue("assist") {
	case "away":
		w.Away(true)
	case "back":
		w.Away(false)
	}
	http.Redirect(rw, r, to, http.StatusSeeOther)
}
