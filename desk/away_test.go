package desk_test

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/assist-go/assist/desk"
	"github.com/assist-go/assist/desk/demo"
	"github.com/assist-go/assist/refunds"
	"github.com/assist-go/assist/refunds/sqlite"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// While the database is away each page says so, a form is given back to be sent
// again, and nothing is lost: afterwards the same forms are one refund each.
func TestTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "refunds.db")
	store, err := sqlite.Open(path)
	require.NoError(t, err)
	require.NoError(t, refunds.Migrate(t.Context(), store))
	w, err := demo.New(t.Context(), store)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, w.Close()) })
	o := w.Pay("A-1", "100.00", 1, 3*days)
	before, during := form(o, "1", "10", "100.00").Encode(), form(o, "2", "20", "90.00").Encode()
	first := post(t, w, "anna", "/new", before)
	require.Equal(t, http.StatusSeeOther, first.Code, first.Body.String())

	require.NoError(t, store.Close())
	for _, page := range []string{"/", "/refund/1", "/new?order=A-1", "/decisions", "/sending"} {
		answer := get(t, w, "boris", page)
		assert.Equal(t, http.StatusServiceUnavailable, answer.Code, page)
		assert.Contains(t, answer.Body.String(), "База данных недоступна", page)
		assert.Contains(t, answer.Body.String(), "ничего не потеряно", page)
	}
	answer := post(t, w, "anna", "/new", during)
	assert.Equal(t, http.StatusServiceUnavailable, answer.Code)
	assert.Contains(t, answer.Body.String(), "Отправьте ту же форму ещё раз")
	assert.Contains(t, answer.Body.String(), strings.Repeat("0", 31)+"2", "the form is there to be sent again")

	again, err := sqlite.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, again.Close()) })
	book, err := refunds.NewBook(t.Context(), again, refunds.Clock(w.Now))
	require.NoError(t, err)
	anna := w.Person("anna", "")
	handler, err := desk.New(book, w.Client, desk.AuthFunc(func(*http.Request) (desk.User, error) {
		return desk.User{ID: anna.ID, Name: anna.Name, Role: desk.Operator}, nil
	}))
	require.NoError(t, err)
	for _, body := range []string{during, during, before} {
		r := httptest.NewRequest(http.MethodPost, "/new", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, r)
		assert.Equal(t, http.StatusSeeOther, answer.Code, answer.Body.String())
	}
	n := 0
	for r, err := range book.List(t.Context(), refunds.Filter{}) {
		require.NoError(t, err)
		n++
		assert.Contains(t, []string{"10.00 RUB", "20.00 RUB"}, r.Request.Amount.String())
	}
	assert.Equal(t, 2, n)
}
