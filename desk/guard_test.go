package desk_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/desk"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Forms that are sent at once, to processes that share a store: of one payment and sum
// one is stored and the other is asked again, and a person's day holds over payments.
func TestFormsAtOnceInTwoProcesses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	day, err := assist.ParseMoney("100.00", "RUB")
	require.NoError(t, err)
	var served [2]http.Handler
	for i := range served {
		served[i], err = desk.New(w.Book, w.Client, desk.AuthFunc(func(r *http.Request) (desk.User, error) {
			return desk.User{ID: r.Header.Get("X-User"), Name: "Anna", Role: desk.Operator}, nil
		}), desk.Clock(w.Now), desk.DaySum(day))
		require.NoError(t, err)
	}
	atOnce := func(who string, body [2]string) (codes [2]int, pages [2]string) {
		var both sync.WaitGroup
		start := make(chan struct{})
		for i := range served {
			both.Go(func() {
				r := httptest.NewRequest(http.MethodPost, "/new", strings.NewReader(body[i]))
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				r.Header.Set("X-User", who)
				answer := httptest.NewRecorder()
				<-start
				served[i].ServeHTTP(answer, r)
				codes[i], pages[i] = answer.Code, answer.Body.String()
			})
		}
		close(start)
		both.Wait()
		return codes, pages
	}
	for try := range 30 {
		o := w.Pay(fmt.Sprint("A-", try), "100.00", 1, 3*days)
		codes, pages := atOnce(fmt.Sprint("anna", try), [2]string{form(o, "1", "30", "100.00").Encode(), form(o, "2", "30", "100.00").Encode()})
		assert.ElementsMatch(t, []int{303, 409}, codes[:], "of one payment and sum: %s", pages)

		one, two := w.Pay(fmt.Sprint("B-", try), "100.00", 1, 3*days), w.Pay(fmt.Sprint("C-", try), "100.00", 1, 3*days)
		codes, _ = atOnce(fmt.Sprint("boris", try), [2]string{form(one, "1", "60", "100.00").Encode(), form(two, "2", "60", "100.00").Encode()})
		assert.ElementsMatch(t, []int{303, 403}, codes[:], "120.00 of 100.00")
	}
}
