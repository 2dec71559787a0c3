package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSimulatorServesUntilInterrupted(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args               []string
		billnumber, answer string
	}{
		"documented orders": {nil, "5700027202722028", "5700027202722028.3"},
		"scripted fault":    {[]string{"-fault", "html"}, "5700027202722028", "Bad Gateway"},
		"joined faults":     {[]string{"-fault", "none@any", "-fault", "decline:AS102+header:X-Try,1"}, "5700027202722028", `"responsecode":"AS102"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, interrupt := context.WithCancel(t.Context())
			reader, writer := io.Pipe()
			ended := make(chan error, 1)
			go func() {
				err := run(ctx, append([]string{"-addr", "127.0.0.1:0"}, test.args...), writer)
				writer.CloseWithError(io.EOF)
				ended <- err
			}()
			lines := bufio.NewScanner(reader)
			told := map[string]string{}
			for lines.Scan() && lines.Text() != "" {
				if setting, ok := strings.CutPrefix(lines.Text(), "export ASSIST_"); ok {
					name, value, _ := strings.Cut(setting, "=")
					told[name] = value
				} else {
					assert.True(t, strings.HasPrefix(lines.Text(), "#"), "a shell takes all of it: %s", lines.Text())
				}
			}
			go func() { _, _ = io.Copy(io.Discard, reader) }()

			post := func(path string, values url.Values) string {
				client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
				answer, err := client.PostForm(told["URL"]+path, values)
				require.NoError(t, err)
				body, err := io.ReadAll(answer.Body)
				require.NoError(t, err)
				require.NoError(t, answer.Body.Close())
				return string(body)
			}
			access := url.Values{"Merchant_ID": {told["MERCHANT_ID"]}, "Login": {told["LOGIN"]}, "Password": {told["PASSWORD"]}}
			if name == "joined faults" {
				post("/orderresult/orderresult.cfm", access) // takes the fault that is for any
			}
			for name, value := range map[string]string{"Billnumber": test.billnumber, "Amount": "0.10", "Currency": "RUB", "Format": "5"} {
				access.Set(name, value)
			}
			assert.Contains(t, post("/cancel/wscancel.cfm", access), test.answer)

			interrupt()
			assert.NoError(t, <-ended)
		})
	}
}

func TestSimulatorOfToday(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	require.NoError(t, run(ctx, []string{"-addr", "127.0.0.1:0", "-documented=false"}, &text))
	for _, name := range []string{"card", "webmoney", "yandexmoney", "qiwi"} {
		assert.Contains(t, text.String(), name)
	}
}

func TestSimulatorListsItsFaults(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	require.NoError(t, run(t.Context(), []string{"-faults"}, &text))
	for _, name := range []string{"die-after", "in-process:1h,AS000", "without-doing"} {
		assert.Contains(t, text.String(), name)
	}
	assert.Error(t, run(t.Context(), []string{"-fault", "flood"}, io.Discard))
}
