package desk_test

import (
	"testing"
	"time"

	"github.com/assist-go/assist/desk/demo"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTenCalls plays ten calls from customers. Anna has the list open; from there
// each takes at most four actions (a search, a click) until the sentence is on the
// page that she reads out.
func TestTenCalls(t *testing.T) {
	t.Parallel()
	w := filled(t)
	twice := w.Pay("A-20605", "800.00", 1, 3*24*time.Hour)
	for range 2 { // the agent before clicked twice
		require.Equal(t, 303, post(t, w, "boris", "/new", form(twice, "1", "200", "800.00").Encode()).Code)
	}
	_, err := w.Carrier.Step(t.Context())
	require.NoError(t, err)
	b := at(t, w, "anna")
	for _, call := range []struct {
		customer string
		do       func()
		sentence string
	}{
		{"где мои деньги?", func() { b.search("20501"); b.press("R-5") }, "Если денег нет, назовите банку "},
		{"верните один товар из трёх", func() {
			b.search("20600")
			b.press("Новый возврат по заказу")
			b.write("#amount", "1 500,00")
			b.press("Дальше: проверить")
			b.write("#note", "один из трёх")
			b.press("Вернуть 1 500,00")
		}, "Возврат 1 500,00 ₽ оформлен и ждёт отправки. Деньги ещё не отправлены."},
		{"ваш коллега нажал дважды, мне вернут два раза?", func() {
			b.search("20605")
			b.see("Показано: 1")
			b.press("R-13")
		}, "Возврат 200,00 ₽ выполнен"},
		{"платил через QIWI утром, верните", func() {
			b.search("20601")
			b.press("Новый возврат по заказу")
			b.write("#amount", "490")
			b.press("Дальше: проверить")
			b.write("#note", "передумал")
			b.press("Поставить в очередь 490,00")
		}, "Возврат 490,00 ₽ уйдёт сам после " + words(midnightAfter(w.Now()))[:10]},
		{"со вчерашнего дня никто не знает, ушли ли деньги", func() { b.search("20333"); b.press("R-2") }, "Проверяем, ушли ли деньги (1 200,00 ₽). Сообщим, как только это станет известно."},
		{"мне сказали, что возврат не прошёл", func() { b.search("20399"); b.press("R-7") }, "Возврат 780,00 ₽ не прошёл, деньги не отправлены."},
		{"я передумал возвращать", func() { b.search("20488"); b.press("R-12"); b.press("Отозвать: не отправлять") }, "Этот возврат (1 150,00 ₽) отменён до отправки, деньги не отправлены."},
		{"мой большой возврат одобрили?", func() { b.search("20466"); b.press("R-9") }, "Возврат 12 990,00 ₽ оформлен и проверяется у нас. Деньги ещё не отправлены."},
		{"WebMoney, уже час идёт", func() { b.search("20377"); b.press("R-8") }, "Возврат 10,00 ₽ принят и выполняется. Деньги ещё в пути"},
		{"номера заказа не помню, вот мой e-mail", func() { b.search(emailOf(w, "A-20290")); b.press("R-4") }, "Возврат 700,00 ₽ выполнен"},
	} {
		b.open("/")
		b.actions = 0
		start := time.Now()
		call.do()
		b.see(call.sentence)
		assert.Contains(t, b.eval(`document.getElementById("tell").innerText`), call.sentence, call.customer)
		assert.LessOrEqual(t, b.actions, 4, call.customer)
		t.Logf("%-50s %d actions, %s", call.customer, b.actions, time.Since(start).Round(100*time.Millisecond))
	}
}

func emailOf(w *demo.World, number string) string {
	for _, o := range w.Server.Orders() {
		if o.Number == number {
			return o.Customer.Email
		}
	}
	return ""
}
