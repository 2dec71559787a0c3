package desk_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/assist-go/assist/desk"
	"github.com/assist-go/assist/refunds"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// S6: an unknown is decided with candidates and evidence; "it never came" needs
// two seniors; Assist's word stands above theirs.
func TestS6Decide(t *testing.T) {
	t.Parallel()
	w := filled(t)
	w.Run()
	vera, glafira := at(t, w, "vera"), at(t, w, "glafira")

	// Two candidates: one of them is ours.
	vera.open("/decisions")
	vera.see("Нужно решение")
	vera.see("A-20481")
	vera.click(`a[href="/refund/1#decide"].button`)
	vera.see("вопросов Assist")
	vera.see("может быть нашей")
	assert.Contains(t, vera.shown(), "490,00 ₽", "with sums and times")
	candidate := vera.eval(`document.querySelector('input[value^="it was|"]').value`)
	vera.click(fmt.Sprintf(`input[value=%q]`, candidate))
	vera.press("Записать решение")
	assert.NotContains(t, vera.shown(), "Записано решение", "the browser itself wants the evidence")
	vera.write("#why", "кабинет Assist, 16:40")
	vera.press("Записать решение")
	vera.seeHeading("Деньги ушли")
	vera.see("Решение исполнено: это наша отмена")

	// Boris asked for the other; Vera records that it never came, Glafira confirms.
	vera.open("/refund/2")
	vera.see("Если отмена всё же придёт, покупатель получит деньги дважды")
	vera.click(`input[value="never came"]`)
	vera.write("#why", "письмо поддержки Assist")
	vera.press("Записать решение")
	vera.see("подтвердить должен другой старший")
	assert.Equal(t, "0.00", movedOf(w, 2))
	glafira.open("/decisions")
	glafira.see("Решение записано и ждёт второго старшего")
	glafira.open("/refund/2")
	glafira.write("#why", "письмо видела")
	glafira.press("Подтвердить решение")
	require.Eventually(t, func() bool { w.Pass(time.Minute); return movedOf(w, 2) == "1200.00" }, patience, 100*time.Millisecond)
	glafira.seeHeading("Деньги ушли")
	assert.Equal(t, "1200.00", movedOf(w, 2))
}

// S6: "wait" changes nothing but leaves a row; what moves despite a decision is at
// the top of the queue, in red, with the decision that it contradicts.
func TestS6WaitAndLate(t *testing.T) {
	t.Parallel()
	w := filled(t)
	vera := at(t, w, "vera")
	vera.open("/refund/2")
	vera.write("#why", "подождём")
	vera.press("Записать решение")
	vera.see("подождать")
	require.NoError(t, w.Until(t.Context(), 2, time.Hour, func(r *refunds.Record) bool { return len(r.Decisions) > 0 && !r.Decisions[0].Ended.IsZero() }))
	rec, err := w.Book.Get(t.Context(), 2)
	require.NoError(t, err)
	assert.Equal(t, refunds.Sent, rec.State)
	assert.Equal(t, "0.00", movedOf(w, 2))

	vera.open("/decisions")
	first := vera.eval(`document.querySelector("main article h3").textContent`)
	assert.Contains(t, first, "R-3")
	assert.Contains(t, first, "Ушли вопреки решению")
	vera.see("Решение «закрыть, больше не отправлять» (Борис К.,")
	vera.open("/refund/3")
	assert.Equal(t, "Деньги ушли", vera.heading())
	assert.Equal(t, "true", vera.eval(`document.querySelector(".verdict").classList.contains("late")`))
	vera.write("#late", "покупатель вернул наличные")
	vera.press("Разобрались")
	vera.see("Разобрались с деньгами, ушедшими вопреки решению")
	vera.open("/decisions")
	vera.dontSee("Деньги ушли вопреки решению")
}

// S7: each refund shows who asked, approved and decided, when and why; a changed
// byte is named.
func TestS7AnswerForIt(t *testing.T) {
	t.Parallel()
	w := filled(t)
	b := at(t, w, "boris")
	b.open("/refund/4")
	for _, text := range []string{"Возврат оформлен", "не тот размер", "Анна Л.", "нашей отмены нет, отправить снова", "Борис К.", "Вера Т.", "письмо поддержки видела", "МСК"} {
		b.see(text)
	}
	b.open("/audit")
	b.press("Проверить цепочку")
	b.see("История цела")
}

// S8: what the filter shows is downloaded; a note is never a formula.
func TestS8Export(t *testing.T) {
	t.Parallel()
	w := filled(t)
	_, err := w.Ask(t.Context(), "anna", w.Pay("A-1", "1490.00", 1, 3*24*time.Hour), "1490.00", "=1+1")
	require.NoError(t, err)
	for _, note := range []string{"+7 905", "-5", "@SUM(A1)", "\tx", "обычная; с точкой\n\"и кавычкой\""} {
		_, err := w.Ask(t.Context(), "anna", w.Pay("", "10.00", 1, 3*24*time.Hour), "1.00", note)
		require.NoError(t, err)
	}
	answer := post(t, w, "dmitry", "/export", "")
	require.Equal(t, http.StatusOK, answer.Code)
	assert.Contains(t, answer.Header().Get("Content-Disposition"), "attachment")
	body, ok := bytes.CutPrefix(answer.Body.Bytes(), []byte("\xef\xbb\xbf"))
	require.True(t, ok, "a byte order mark, for Excel")
	r := csv.NewReader(bytes.NewReader(body))
	r.Comma = ';'
	rows, err := r.ReadAll()
	require.NoError(t, err)
	total := int64(0)
	for _, row := range rows[1:] {
		require.Regexp(t, `^\d+,\d\d$`, row[6], "sums are numbers")
		require.Regexp(t, `^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$`, row[1], "dates are dates")
		require.Regexp(t, `^№\d+`, row[4])
		for i, cell := range row {
			if i != 6 && cell != "" {
				assert.NotContains(t, "=+-@\t\r", cell[:1], cell)
			}
		}
		var whole, part int64
		_, err := fmt.Sscanf(row[6], "%d,%d", &whole, &part)
		require.NoError(t, err)
		total += whole*100 + part
	}
	assert.Contains(t, string(body), "'=1+1")
	b := at(t, w, "dmitry")
	b.open("/?from=2020-01-01")
	b.see(fmt.Sprintf("всего %d на", len(rows)-1))
	digits := func(text string) string {
		return strings.Map(func(c rune) rune {
			if c >= '0' && c <= '9' {
				return c
			}
			return -1
		}, text)
	}
	assert.Equal(t, fmt.Sprint(total), digits(b.eval(`document.querySelector("#count .strong").textContent`)), "the page's sum is the file's")
	filtered := post(t, w, "dmitry", "/export", "state=done")
	assert.Equal(t, 4, strings.Count(filtered.Body.String(), "\r\n"), "a head and three rows")
	one := post(t, w, "dmitry", "/export", "q=A-20481")
	assert.Equal(t, 2, strings.Count(one.Body.String(), "\r\n"))
	assert.Contains(t, get(t, w, "boris", "/audit").Body.String(), "Выгрузка", "a download leaves a row")
}

// S10: of another site no form does anything, from a real page of another site.
func TestS10RightPeople(t *testing.T) {
	t.Parallel()
	w := filled(t)
	victim := serve(t, w.Handler())
	evil := serve(t, http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(rw, `<!doctype html><form method="post" action="%s/refund/9/approve"><input name="amount" value="12990.00"><button id="go">приз</button></form>`,
			strings.Replace(victim, "127.0.0.1", "localhost", 1))
	}))
	b := tabOn(t, w, victim, "vera")
	b.do(chromedp.Navigate(evil))
	b.do(chromedp.Click(chromedp.CSS("#go")))
	b.see("Nothing was done.") // that address has no cookie that says which language
	rec, err := w.Book.Get(t.Context(), 9)
	require.NoError(t, err)
	assert.Equal(t, refunds.Proposed, rec.State)
	b.open("/")
	b.see("Вера Т.")
	w.Remove("vera")
	b.press("Решения")
	b.see("Нужно войти")
	viewer := tabOn(t, w, victim, "dmitry")
	viewer.open("/refund/9")
	viewer.see("Ждёт подтверждения")
	assert.Equal(t, "0", viewer.eval(`document.querySelectorAll("main form").length`), "a viewer has no button")
}

// S11: inside of another program's admin, with its users.
func TestS11Mounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.Pay("A-1", "100.00", 1, 3*24*time.Hour)
	d, err := desk.New(w.Book, w.Client, desk.AuthFunc(func(*http.Request) (desk.User, error) {
		return desk.User{ID: "admin:7", Name: "Хост Админов", Role: desk.Senior}, nil
	}), desk.Under("/admin/refunds/"), desk.Clock(w.Now), desk.OrderPrefixes("A-"))
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.Handle("/admin/refunds/", d)
	b := tabOn(t, w, serve(t, mux), "nobody")
	b.open("/admin/refunds/")
	b.search("A-1")
	b.press("Новый возврат по заказу A-1")
	b.write("#amount", "20")
	b.press("Дальше: проверить")
	b.write("#note", "в админке")
	b.press("Вернуть 20,00")
	b.seeAddress("/admin/refunds/refund/1")
	w.Run()
	b.seeHeading("Деньги ушли")
	b.see("Хост Админов")
	b.press("История")
	b.seeAddress("/admin/refunds/audit")
	b.see("Хост Админов")
	b.press("English")
	b.see("History: who, when, why")
	b.seeAddress("/admin/refunds/audit")
	assert.Equal(t, "20.00", moved(w, o))
	for _, attribute := range []string{"href", "action", "src"} {
		out := b.eval(fmt.Sprintf(`[...document.querySelectorAll("[%[1]s]")].map(e => e.getAttribute("%[1]s")).filter(a => !a.startsWith("/admin/refunds/") && !a.startsWith("#")).join()`, attribute))
		assert.Empty(t, out, attribute)
	}
}

// S12: without the worker refunds queue, without Assist too, and both is said.
func TestS12Away(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.Pay("A-1", "100.00", 1, 3*24*time.Hour)
	b := at(t, w, "anna")
	b.giveBack("A-1", "30", "без отправки") // the worker is down
	b.press("Вернуть 30,00")
	b.see("В очереди")
	b.see("Деньги не двигались")
	w.Pass(3 * time.Minute)
	b.open("/")
	b.see("Отправка стоит с ")
	b.giveBack("A-1", "40", "и без Assist")
	w.Away(true)
	b.press("Вернуть 40,00")
	b.seeAddress("/refund/2") // checked by what was seen a moment ago
	b.open("/decisions")
	b.see("Ждут человека")
	b.open("/new?order=A-2")
	b.see("Assist сейчас не отвечает")
	assert.Equal(t, "A-2", b.eval(`document.getElementById("order").value`), "what was typed stays")
	w.Away(false)
	w.Run()
	require.Eventually(t, func() bool { w.Pass(time.Minute); return moved(w, o) == "70.00" }, patience, 200*time.Millisecond, "nothing is lost")
}
