package desk_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/desk/demo"
	"github.com/assist-go/assist/refunds"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// everyState adds to the filled world what only some minutes show.
func everyState(t testing.TB) *demo.World {
	w := filled(t)
	// An answer that is lost right now, and one that a colleague waits for a second
	// person with.
	w.Server.Next(assisttest.DieAfter().And(assisttest.ListLate(1000 * 3600 * 1e9)))
	fresh, err := w.Ask(t.Context(), "anna", w.Pay("A-20700", "300.00", 1, 50*3600*1e9), "300.00", "свежий")
	require.NoError(t, err)
	require.NoError(t, w.Until(t.Context(), fresh, 3600*1e9, func(r *refunds.Record) bool { return r.State == refunds.Sent }))
	_, err = w.Book.ProposeDecision(t.Context(), 2, refunds.Decision{Kind: refunds.NeverCame}, w.Person("boris", "ответ поддержки"))
	require.NoError(t, err)
	require.NoError(t, w.Book.Take(t.Context(), 1, w.Person("vera", "смотрю")))
	// Somebody has refunded it by hand before the carrier came.
	byHand := w.Pay("A-20701", "550.00", 2, 50*3600*1e9)
	hand, err := w.Ask(t.Context(), "anna", byHand, "550.00", "вручную и отсюда")
	require.NoError(t, err)
	_, err = w.Server.RefundByHand(byHand.Billnumber, byHand.Amount)
	require.NoError(t, err)
	require.NoError(t, w.Until(t.Context(), hand, 3600*1e9, func(r *refunds.Record) bool { return !r.NeedsPerson.IsZero() || r.State.Final() }))
	return w
}

func pagePaths(t testing.TB, w *demo.World) []string {
	paths := []string{"/", "/?state=person", "/?state=unknown", "/?state=done&from=2020-01-01&to=2030-01-01", "/?q=1111", "/?q=nothing", "/?q=R-3", "/decisions", "/sending", "/audit",
		"/audit?verify=1", "/new", "/new?order=20600", "/new?order=20601", "/new?order=A-20481", "/new?order=none", "/new?order=20501", checkPath(w, "A-20600", "20"), checkPath(w, "A-20601", "490"), checkPath(w, "A-20603", "9900")}
	for r, err := range w.Book.List(t.Context(), refunds.Filter{}) {
		require.NoError(t, err)
		paths = append(paths, fmt.Sprint("/refund/", int64(r.ID)))
	}
	return paths
}

func TestEveryPageInEveryStateAndLanguageForEverybody(t *testing.T) {
	t.Parallel()
	w := everyState(t)
	for _, person := range []string{"anna", "boris", "vera", "glafira", "dmitry"} {
		for _, language := range []string{"ru", "en"} {
			for _, path := range pagePaths(t, w) {
				r := httptest.NewRequest(http.MethodGet, path, nil)
				r.AddCookie(&http.Cookie{Name: "demo-user", Value: person})
				r.AddCookie(&http.Cookie{Name: "assist-desk-language", Value: language})
				answer := httptest.NewRecorder()
				w.Handler().ServeHTTP(answer, r)
				name := fmt.Sprint(person, " ", language, " ", path)
				if answer.Code == http.StatusForbidden && (person == "dmitry" && strings.HasPrefix(path, "/new") || (person == "dmitry" || person == "anna") && strings.HasPrefix(path, "/audit")) {
					continue
				}
				require.Equal(t, http.StatusOK, answer.Code, name)
				checkPage(t, name, language, answer.Body.String())
			}
		}
	}
}

var (
	clock   = regexp.MustCompile(`\d\d:\d\d`)
	inline  = regexp.MustCompile(`(?i)\s(style|on[a-z]+)=`)
	address = regexp.MustCompile(`[a-z0-9]+@example`)
)

func checkPage(t *testing.T, name, language, page string) {
	t.Helper()
	for _, wrong := range []string{"<no value>", "ZgotmplZ", "%!", ".0001 ", " Jan 0001", "<style", "YandexMoney", "@example.ru\""} {
		assert.False(t, strings.Contains(page, wrong), "%s: %q", name, wrong)
	}
	assert.Empty(t, inline.FindString(page), name)
	assert.Empty(t, address.FindString(page), "%s: no whole e-mail", name)
	if clock.MatchString(page) {
		assert.True(t, strings.Contains(page, map[string]string{"ru": "МСК", "en": "MSK"}[language]), name)
	}
	assert.NoError(t, balanced(page), name)
}

// balanced reads the page as a browser would not forgive.
func balanced(page string) error {
	page = regexp.MustCompile(`<(!doctype|meta|link|input|br)([^>]*)>`).ReplaceAllString(page, "")
	page = regexp.MustCompile(`\s(hidden|autofocus|required|checked|selected|defer|data-many|data-verdict|open)([\s>])`).ReplaceAllString(page, `$2`)
	page = regexp.MustCompile(`\s(hidden|autofocus|required|checked|selected|defer|data-many|data-verdict|open)([\s>])`).ReplaceAllString(page, `$2`)
	d := xml.NewDecoder(strings.NewReader(strings.ReplaceAll(page, "&nbsp;", " ")))
	d.Strict = true
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Without Assist, without the worker and without the database the pages say so.
func TestWhatIsAwayIsSaid(t *testing.T) {
	t.Parallel()
	w := filled(t)
	w.Away(true)
	page := get(t, w, "anna", "/new?order=A-none").Body.String()
	assert.Contains(t, page, "Assist сейчас не отвечает")
	page = get(t, w, "vera", "/refund/2").Body.String()
	assert.Contains(t, page, "Не известно, ушли ли деньги")
	assert.Contains(t, page, "Assist сейчас не отвечает: суммы и время операций не показаны")
	for _, path := range []string{"/", "/decisions", "/sending", "/audit"} {
		assert.Equal(t, http.StatusOK, get(t, w, "boris", path).Code, path)
	}
	w.Away(false)

	_, err := w.Ask(t.Context(), "anna", w.Pay("A-1", "100.00", 1, 50*3600*1e9), "10.00", "стоит")
	require.NoError(t, err)
	assert.NotContains(t, get(t, w, "anna", "/").Body.String(), "Отправка стоит")
	w.Pass(3 * 60 * 1e9)
	assert.Contains(t, get(t, w, "anna", "/").Body.String(), "Отправка стоит с ", "since when nobody sends")
}
