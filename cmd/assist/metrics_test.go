package main

import (
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/cmd/assist/internal/exitcode"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWorkerTellsItsFigures(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.pay(t, "A-1", 1, "3000.00")
	s.Next(assisttest.DieBefore())
	code, _, _ := s.run(t, "refund", "A-1", "--amount", "1.00", "--note", "n", "--key", "k", "--yes", "--wait", "0s")
	require.Equal(t, exitcode.Unknown, code)
	c := s.command(t.Context(), "worker", "--listen", "127.0.0.1:0", "--reconcile=false")
	out, err := c.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	address := regexp.MustCompile(`http://[^/]+`)
	var url string
	b := make([]byte, 4096)
	for deadline := time.Now().Add(20 * time.Second); url == "" && time.Now().Before(deadline); {
		n, err := out.Read(b)
		require.NoError(t, err)
		url = address.FindString(string(b[:n]))
	}
	ask := func(path string) string {
		answer, err := http.Get(url + path)
		require.NoError(t, err)
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.Equal(t, 200, answer.StatusCode)
		return string(body)
	}
	assert.Equal(t, "ok\n", ask("/healthz"))
	figures := ask("/metrics")
	assert.Contains(t, figures, `assist_refunds{state="unknown"} 1`+"\n")
	assert.Contains(t, figures, "assist_refunds_need_person 0\n")
	require.NoError(t, c.Process.Kill())
	_ = c.Wait() // it was killed

	page, err := os.ReadFile("../../docs/assist-worker.md")
	require.NoError(t, err)
	for line := range strings.Lines(figures) {
		if name, ok := strings.CutPrefix(line, "# TYPE "); ok {
			name, _, _ = strings.Cut(name, " ")
			assert.Contains(t, string(page), "`"+name, "the page tells each figure")
		}
	}
}
