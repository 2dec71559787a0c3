package desk_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/desk/demo"
	"github.com/assist-go/assist/refunds"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// moved is what went back of an order, by the simulated Assist's own books.
func moved(w *demo.World, o assist.Order) string {
	if m := w.Server.Moved(o.Billnumber); !m.IsZero() {
		return m.Amount()
	}
	return "0.00"
}

// giveBack fills the form in up to the last question.
func (b *tab) giveBack(order, amount, note string) {
	b.t.Helper()
	b.open("/new?order=" + order)
	b.write("#amount", amount)
	b.press("Дальше: проверить")
	b.see("Проверьте и отправьте")
	b.write("#note", note)
}

// S1: found in ten seconds.
func TestS1Find(t *testing.T) {
	t.Parallel()
	w := filled(t)
	b := at(t, w, "anna")
	b.open("/")
	assert.Equal(t, "q", b.eval("document.activeElement.id"), "the cursor is in the box")
	for _, c := range []struct{ text, seen, notSeen string }{
		{"20481", "A-20481", "A-20333"}, {"A-20333", "A-20333", "A-20481"}, {"5100000000000001", "A-20481", "A-20333"}, {"1111", "A-20490", "A-20399"}, {"R-3", "A-20320", "A-20481"},
	} {
		start := time.Now()
		b.write("#q", c.text)
		b.see(c.seen)
		for strings.Contains(b.shown(), c.notSeen) {
			require.Less(t, time.Since(start), 5*time.Second, c.text)
			time.Sleep(20 * time.Millisecond)
		}
		b.seeAddress("q=" + c.text)
	}
	b.search("CUSTOMER1@example.ru")
	b.seeAddress("email=")
	b.see("A-20481")
	b.dontSee("A-20333")
	assert.NotContains(t, b.address(), "example")
	b.search("customer1@example.r")
	b.see("Возвратов не найдено")
}

// S2: of each state the first heading says whether the money moved, and is true
// of Assist's own books.
func TestS2SayWhetherMoneyMoved(t *testing.T) {
	t.Parallel()
	w := filled(t)
	b := at(t, w, "anna")
	for r, err := range w.Book.List(t.Context(), refunds.Filter{}) {
		require.NoError(t, err)
		b.open(fmt.Sprint("/refund/", int64(r.ID)))
		heading := b.heading()
		truth := w.Server.Moved(r.Request.Billnumber.Payment())
		switch heading {
		case "Деньги ушли":
			assert.Equal(t, r.Request.Amount, truth, "R-%d", r.ID)
		case "Деньги не двигались":
			assert.True(t, truth.IsZero(), "R-%d", r.ID)
			assert.False(t, r.State.MayHaveMoved())
		case "Ещё не известно, ушли ли деньги", "Не известно, ушли ли деньги":
			assert.Contains(t, []refunds.State{refunds.Sent, refunds.InProcess}, r.State, "only where the store doesn't know either")
		default:
			t.Errorf("R-%d: %q answers nothing", r.ID, heading)
		}
		tell := b.eval(`document.getElementById("tell").textContent`)
		assert.NotContains(t, tell, "Анна", "no colleague's name")
		assert.NotContains(t, tell, "AS1", "no code")
	}
	// In process becomes done without a reload, and the asking stops.
	w.Run()
	o := w.Pay("A-900", "100.00", 1, 3*24*time.Hour)
	w.Server.Next(assisttest.InProcess(time.Hour, "AS000"))
	id, err := w.Ask(t.Context(), "anna", o, "40.00", "ждём")
	require.NoError(t, err)
	b.open(fmt.Sprint("/refund/", int64(id)))
	b.seeWithin(patience, "В обработке")
	assert.Equal(t, "Ещё не известно, ушли ли деньги", b.heading())
	b.eval(`window.same = "page"`)
	w.Pass(2 * time.Hour)
	start := time.Now()
	b.seeHeading("Деньги ушли")
	t.Logf("done is seen %s after Assist was done", time.Since(start))
	assert.Equal(t, "page", b.eval("window.same"), "nobody has reloaded it")
	assert.Equal(t, "false", b.eval(`!!document.querySelector("main[data-poll]")`), "asking stops")
	b.eval(`navigator.clipboard.writeText = async (text) => { window.copied = text; }`)
	b.press("Скопировать")
	b.see("Скопировано")
	assert.Contains(t, b.eval("window.copied"), "Возврат 40,00 ₽ выполнен")
}

// S3: never paid twice, whatever the person or the browser does.
func TestS3NeverTwice(t *testing.T) {
	t.Parallel()
	once := func(t *testing.T, w *demo.World, o assist.Order) {
		t.Helper()
		w.Run()
		require.Eventually(t, func() bool { return moved(w, o) != "0.00" }, patience, 50*time.Millisecond)
		time.Sleep(300 * time.Millisecond)
		assert.Equal(t, "30.00", moved(w, o))
		n := 0
		for range w.Book.List(t.Context(), refunds.Filter{}) {
			n++
		}
		assert.Equal(t, 1, n, "one refund is stored")
	}
	order := func(w *demo.World) assist.Order { return w.Pay("A-1", "100.00", 1, 3*24*time.Hour) }

	t.Run("double click", func(t *testing.T) {
		w := newWorld(t)
		o := order(w)
		b := at(t, w, "anna")
		b.giveBack("A-1", "30", "дважды")
		b.do(chromedp.DoubleClick(chromedp.CSS("form button.go")))
		b.seeAddress("/refund/1")
		once(t, w, o)
	})
	t.Run("two clicks without scripts", func(t *testing.T) {
		w := newWorld(t)
		o := order(w)
		b := at(t, w, "anna")
		b.scripts(false)
		b.giveBack("A-1", "30", "дважды")
		b.do(chromedp.Click(chromedp.CSS("form button.go")))
		time.Sleep(200 * time.Millisecond)
		b.seeAddress("/refund/1")
		once(t, w, o)
	})
	t.Run("reload, back and click", func(t *testing.T) {
		w := newWorld(t)
		o := order(w)
		b := at(t, w, "anna")
		b.giveBack("A-1", "30", "назад")
		b.press("Вернуть 30,00")
		b.seeAddress("/refund/1")
		b.do(chromedp.Reload())
		b.eval("history.back()")
		if b.seesWithin(2*time.Second, "Проверьте и отправьте") { // where the browser has kept the page
			b.press("Вернуть 30,00")
		}
		b.seeAddress("/refund/1")
		once(t, w, o)
	})
}

func TestS3ConnectionCut(t *testing.T) {
	t.Parallel()
	// The desk stores the refund and dies before it answers; the browser sends the
	// form again by itself, or the person does.
	w := newWorld(t)
	o := w.Pay("A-1", "100.00", 1, 3*24*time.Hour)
	var mu sync.Mutex
	posts := 0
	cut := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/new" {
			w.Handler().ServeHTTP(rw, r)
			return
		}
		mu.Lock()
		posts++
		first := posts == 1
		mu.Unlock()
		if !first {
			w.Handler().ServeHTTP(rw, r)
			return
		}
		w.Handler().ServeHTTP(discard{http.Header{}}, r)
		panic(http.ErrAbortHandler)
	})
	b := tabOn(t, w, serve(t, cut), "anna")
	b.giveBack("A-1", "30", "связь")
	_ = chromedp.Do(b.ctx, chromedp.Click(chromedp.CSS("form button.go")))
	end := time.Now().Add(10 * time.Second)
	for !strings.Contains(b.address(), "/refund/1") && time.Now().Before(end) {
		time.Sleep(100 * time.Millisecond)
	}
	if !strings.Contains(b.address(), "/refund/1") {
		_ = chromedp.Do(b.ctx, chromedp.Reload()) // the person does
		b.seeAddress("/refund/1")
	}
	w.Run()
	require.Eventually(t, func() bool { return moved(w, o) == "30.00" }, patience, 50*time.Millisecond)
	mu.Lock()
	defer mu.Unlock()
	t.Logf("%d POSTs", posts)
	assert.GreaterOrEqual(t, posts, 2)
	n := 0
	for range w.Book.List(t.Context(), refunds.Filter{}) {
		n++
	}
	assert.Equal(t, 1, n)
}

// S3: of a lost answer a second refund is closed, on the page and by hand.
func TestS3UnknownIsClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.Pay("A-1", "100.00", 1, 3*24*time.Hour)
	b := at(t, w, "anna")
	w.Server.Next(assisttest.DieAfter().And(assisttest.ListLate(100 * time.Hour)))
	w.Run()
	b.giveBack("A-1", "30", "потеряется")
	b.press("Вернуть 30,00")
	b.seeWithin(patience, "Не известно, ушли ли деньги")
	b.see("Проверяем, ушли ли деньги (30,00 ₽)")
	b.dontSee("выполняется")
	b.open("/new?order=A-1")
	b.see("Второй возврат может заплатить дважды")
	b.dontSee("Дальше: проверить")
	b.press("R-1")
	b.see("Не известно, ушли ли деньги")
	assert.Equal(t, 409, post(t, w, "anna", "/new", form(o, "1", "10", "70.00").Encode()).Code)
	assert.Equal(t, "30.00", moved(w, o))
}

// S3: two tabs, the same payment and sum.
func TestS3TwoTabs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.Pay("A-1", "100.00", 1, 3*24*time.Hour)
	one, two := at(t, w, "anna"), at(t, w, "boris")
	one.giveBack("A-1", "30", "первая")
	two.giveBack("A-1", "30", "вторая")
	one.press("Вернуть 30,00")
	one.seeAddress("/refund/1")
	two.press("Вернуть 30,00")
	two.see("остаток платежа изменился")
	two.see("Такой же возврат этого платежа уже есть: R-1")
	two.press("Вернуть 30,00")
	assert.NotContains(t, two.address(), "/refund/", "the box must be ticked first")
	two.click("input[name=another]")
	two.press("Вернуть 30,00")
	two.seeAddress("/refund/2")
	w.Run()
	require.Eventually(t, func() bool { return moved(w, o) == "60.00" }, patience, 50*time.Millisecond, "two that were both meant")
}

// S4: what is allowed is known before anything is sent.
func TestS4KnowBeforeSending(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	qiwi := w.Pay("A-1", "490.00", 36, time.Minute)
	webmoney := w.Pay("A-2", "300.00", 30, time.Minute)
	w.Pay("A-3", "1490.00", 1, 3*24*time.Hour)
	b := at(t, w, "anna")
	midnight := words(midnightAfter(w.Now()))

	b.giveBack("A-1", "490", "утренний")
	b.see("нельзя вернуть в день оплаты; возврат возможен с " + midnight)
	b.see("уйдёт само после " + midnight)
	b.press("Поставить в очередь 490,00")
	b.see("Деньги не двигались")
	b.see("Ждёт своего времени")
	rec, err := w.Book.Get(t.Context(), 1)
	require.NoError(t, err)
	after := rec.NotBefore.Sub(midnightAfter(w.Now()))
	assert.True(t, after >= 30*time.Second && after <= 11*time.Minute, after)
	_, err = w.Carrier.Step(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "0.00", moved(w, qiwi))
	assert.Empty(t, cancels(w), "nothing is sent before midnight")

	b.giveBack("A-2", "100", "часть") // of WebMoney, on its day
	b.see("Часть платежа WebMoney нельзя вернуть в день оплаты")
	b.giveBack("A-2", "300", "всё")
	b.dontSee("в день оплаты")
	b.press("Вернуть 300,00")
	b.seeAddress("/refund/2")

	for _, text := range []string{"1.490", "1,490", "1e3", "-5", "79,000"} {
		b.open("/new?order=A-3")
		b.write("#amount", text)
		b.press("Дальше: проверить")
		b.do(chromedp.WaitVisible(chromedp.CSS(".say.bad")))
		assert.Equal(t, text, b.eval(`document.getElementById("amount").value`), "what was typed stays")
	}
	for text, shown := range map[string]string{"490": "490,00 ₽", "490,00": "490,00 ₽", "1 490,00": "1 490,00 ₽", "1490.00": "1 490,00 ₽"} {
		b.giveBack("A-3", text, "сумма")
		assert.Equal(t, shown, b.eval(`document.getElementById("sum").textContent`), text)
	}
	b.open("/new?order=A-3")
	b.write("#amount", "1490,01")
	b.press("Дальше: проверить")
	b.see("Больше, чем осталось: 1 490,00 ₽")

	// At midnight it goes by itself, once.
	w.Pass(rec.NotBefore.Sub(w.Now()) - 10*time.Second)
	_, err = w.Carrier.Step(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "0.00", moved(w, qiwi))
	w.Pass(15 * time.Second)
	require.NoError(t, w.Until(t.Context(), 1, time.Hour, func(r *refunds.Record) bool { return r.State.Final() }))
	require.NoError(t, w.Until(t.Context(), 2, time.Hour, func(r *refunds.Record) bool { return r.State.Final() }))
	assert.Equal(t, "490.00", moved(w, qiwi))
	assert.Equal(t, "300.00", moved(w, webmoney))
}

// S4: a queued one can be taken back by who asked for it.
func TestS4TakeBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.Pay("A-1", "490.00", 36, time.Minute)
	b := at(t, w, "anna")
	b.giveBack("A-1", "490", "утренний")
	b.press("Поставить в очередь 490,00")
	b.press("Отозвать: не отправлять")
	b.see("Отозван")
	b.see("деньги не отправлены")
	w.Pass(30 * time.Hour)
	_, err := w.Carrier.Step(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "0.00", moved(w, o))
}

// S5: above the limit a second person is needed, and sends once.
func TestS5SecondPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.Pay("A-1", "9000.00", 1, 3*24*time.Hour)
	asker, one, two := at(t, w, "anna"), at(t, w, "boris"), at(t, w, "vera")
	asker.giveBack("A-1", "9000", "дорогой")
	asker.see("отправится после подтверждения вторым сотрудником")
	asker.press("Отправить на подтверждение 9 000,00")
	asker.see("Ждёт подтверждения")
	asker.see("Деньги не двигались")
	asker.dontSee("Подтвердить и отправить")
	one.open("/decisions")
	two.open("/decisions")
	one.see("Подтвердить и отправить 9 000,00 ₽")
	two.see("Подтвердить и отправить 9 000,00 ₽")
	var wait sync.WaitGroup
	for _, b := range []*tab{one, two} {
		wait.Go(func() {
			_ = chromedp.Do(b.ctx, chromedp.Click(chromedp.CSS("article button.go")))
		})
	}
	wait.Wait()
	w.Run()
	require.Eventually(t, func() bool { return moved(w, o) == "9000.00" }, patience, 50*time.Millisecond)
	require.Eventually(t, func() bool {
		return strings.Contains(one.shown(), "уже подтвердил(а)") != strings.Contains(two.shown(), "уже подтвердил(а)")
	}, patience, 50*time.Millisecond, "one of the two hears that the other was first:\n%s\n%s", one.shown(), two.shown())
	assert.Len(t, cancels(w), 1)
}

// S9: by keyboard alone, with a focus that is seen.
func TestS9Keyboard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.Pay("A-1", "100.00", 1, 3*24*time.Hour)
	b := at(t, w, "anna")
	b.open("/")
	keys := func(keys string) { b.do(chromedp.KeyEvent(keys)) }
	focused := func() string {
		return b.eval(`document.activeElement.tagName + " " + (document.activeElement.name || document.activeElement.textContent).trim()`)
	}
	until := func(what string) {
		for range 40 {
			if strings.Contains(focused(), what) {
				require.NotEqual(t, "none", b.eval(`getComputedStyle(document.activeElement).outlineStyle`), "the focus is seen")
				return
			}
			keys(kb.Tab)
		}
		t.Fatalf("%s isn't reached: %s", what, focused())
	}
	keys("1")
	b.search("1")
	b.see("Новый возврат по заказу 1")
	until("Новый возврат по заказу")
	keys(kb.Enter)
	b.see("осталось 100,00 ₽")
	until("INPUT amount")
	keys("25")
	until("Дальше: проверить")
	keys(kb.Enter)
	b.see("Проверьте и отправьте")
	until("INPUT note")
	keys("клавиатура")
	until("Вернуть 25,00")
	keys(kb.Enter)
	b.seeAddress("/refund/1")
	w.Run()
	b.seeHeading("Деньги ушли")
	assert.Equal(t, "25.00", moved(w, o))
}

// S9: without JavaScript everything works but the page that refreshes itself.
func TestS9WithoutJavaScript(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.Pay("A-1", "100.00", 1, 3*24*time.Hour)
	b := at(t, w, "anna")
	b.scripts(false)
	b.open("/")
	b.search("1")
	b.see("Новый возврат по заказу 1")
	b.press("Новый возврат по заказу 1")
	b.write("#amount", "100")
	b.press("Дальше: проверить")
	b.see("Проверьте и отправьте")
	b.write("#note", "без скриптов")
	b.press("Вернуть 100,00")
	b.seeAddress("/refund/1")
	w.Run()
	require.Eventually(t, func() bool { return moved(w, o) == "100.00" }, patience, 50*time.Millisecond)
	require.Eventually(t, func() bool { b.do(chromedp.Reload()); return b.heading() == "Деньги ушли" }, patience, 100*time.Millisecond)
	b.dontSee("Скопировать")
}
