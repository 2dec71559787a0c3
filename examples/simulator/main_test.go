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
				words := strings.Fields(lines.Text())
				told[words[0]] = words[len(words)-1]
			}
			go func() { _, _ = io.Copy(io.Discard, reader) }()

			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			answer, err := client.PostForm(told["base"]+"/cancel/wscancel.cfm", url.Values{
				"Billnumber": {test.billnumber}, "Merchant_ID": {told["Merchant_ID"]}, "Login": {told["Login"]},
				"Password": {told["Password"]}, "Amount": {"0.10"}, "Currency": {"RUB"}, "Format": {"5"},
			})
			require.NoError(t, err)
			body, err := io.ReadAll(answer.Body)
			require.NoError(t, err)
			require.NoError(t, answer.Body.Close())
			assert.Contains(t, string(body), test.answer)

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

func TestSimulatorRefusesUnknownFault(t *testing.T) {
	t.Parallel()
	assert.Error(t, run(t.Context(), []string{"-fault", "flood"}, io.Discard))
}

func TestFaultNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"die-before", "die-after", "late", "garbage", "html", "cut"} {
		_, ok := faultNamed(name)
		assert.True(t, ok, name)
	}
}
