package assist

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// spellings are some of the ways in which servers and libraries write a text.
// All of them are tried in internal/redact.
var spellings = map[string]func(string) string{
	"as it is": func(s string) string { return s },
	"JSON": func(s string) string {
		text, _ := json.Marshal(s)
		return string(text[1 : len(text)-1])
	},
	"XML":            html.EscapeString,
	"a form":         url.QueryEscape,
	"a path":         url.PathEscape,
	"a form in JSON": func(s string) string { return strconv.QuoteToASCII(url.QueryEscape(s)) },
}

func withPassword(password string) Credentials {
	return Credentials{MerchantID: "515089", Login: testLogin, Password: NewSecret(password)}
}

// What net/http puts into its errors about a broken answer is a server's text.
func TestErrorsOfNetHTTPAreScrubbed(t *testing.T) {
	t.Parallel()
	const password = "P&ss <w0rd>"
	for name, spell := range spellings {
		broken := roundTripper(func(*http.Request) (*http.Response, error) {
			return nil, fmt.Errorf("malformed MIME header: %w", errors.New("Location: https://x/?Password="+spell(password)))
		})
		c, err := NewClient(testBase, withPassword(password), WithHTTPClient(&http.Client{Transport: broken}))
		require.NoError(t, err)
		_, err = c.Cancel(t.Context(), webMoneyRequest(t))
		require.Error(t, err)
		assert.NotContains(t, err.Error(), spell(password), name)
		assert.Contains(t, err.Error(), redacted, name)
		for inner := err; inner != nil; inner = errors.Unwrap(inner) {
			assert.NotContains(t, fmt.Sprintf("%+v", inner), spell(password), name)
		}
	}
}

func TestServerTextsAreScrubbedInEverySpelling(t *testing.T) {
	t.Parallel()
	const password = `P&ss<w0rd>`
	for name, spell := range spellings {
		quoted, err := json.Marshal("bad password " + spell(password))
		require.NoError(t, err)
		var log bytes.Buffer
		c, err := NewClient(testBase, withPassword(password), WithProtocol(JSON), DangerouslyLogBodies(),
			WithHTTPClient(&http.Client{Transport: answering(http.StatusBadRequest, `{"faultcode":"x","faultstring":`+string(quoted)+`}`)}),
			WithLogger(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
		require.NoError(t, err)
		_, err = c.Cancel(t.Context(), webMoneyRequest(t))
		require.Error(t, err)
		for where, text := range map[string]string{"error": err.Error(), "log": log.String()} {
			assert.NotContains(t, text, spell(password), "%s, %s", name, where)
			assert.Contains(t, text, redacted, "%s, %s", name, where)
		}
	}
}
