package hostile_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/internal/hostile"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestRedirectsAreNotFollowed: wherever a redirect points, whatever its code
// lets a client do with the body, nothing arrives there.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	for _, status := range []int{300, 301, 302, 303, 304, 305, 307, 308} {
		for _, target := range []string{"another path", "another server", "itself"} {
			t.Run(fmt.Sprintf("%d to %s", status, target), func(t *testing.T) {
				t.Parallel()
				var asked, followed atomic.Int32
				follow := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					followed.Add(1)
					body, _ := io.ReadAll(r.Body)
					_, _ = io.WriteString(w, hostile.AnswerTo(string(body)))
				})
				other := httptest.NewServer(follow)
				t.Cleanup(other.Close)
				mux := http.NewServeMux()
				mux.Handle("/", follow)
				mux.HandleFunc("/cancel/wscancel.cfm", func(w http.ResponseWriter, r *http.Request) {
					if asked.Add(1) > 1 {
						follow(w, r)
						return
					}
					location := map[string]string{
						"another path": "/elsewhere", "another server": other.URL + "/cancel/wscancel.cfm", "itself": r.URL.Path,
					}[target]
					w.Header().Set("Location", location)
					w.WriteHeader(status)
				})
				server := httptest.NewServer(mux)
				t.Cleanup(server.Close)

				// A caller's redirect rule that follows everything is replaced.
				given := assist.WithHTTPClient(&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return nil }})
				for _, opts := range [][]assist.Option{{given}, nil} {
					asked.Store(0)
					a := try(t.Context(), t, reach(t, server.URL, opts...))
					a.isUnknown(t)
					assert.ErrorIs(t, a.err, assist.ErrUnreadable)
					assert.EqualValues(t, 1, asked.Load(), "the cancel arrives once")
					assert.Zero(t, followed.Load(), "nothing arrives where the redirect points")
				}
			})
		}
	}
}

// Whatever stands in the body of a redirect, who sends elsewhere hasn't answered.
func TestRedirectWithAnAnswer(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"refusal": codesFault(7, 102), "decline": soapAnswer(coded("Declined", "AS100")), "success": soapAnswer(cancelled())} {
		for _, status := range []int{300, 302, 307, 308, 399} {
			t.Run(fmt.Sprintf("%s under %d", name, status), func(t *testing.T) {
				t.Parallel()
				a := try(t.Context(), t, mocked(t, answering(status, body)))
				a.isUnknown(t)
				assert.ErrorIs(t, a.err, assist.ErrUnreadable)
				var answered *assist.HTTPError
				require.ErrorAs(t, a.err, &answered)
				assert.Equal(t, status, answered.Status)
			})
		}
	}
}
