//go:build unix

package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/cmd/assist/internal/exitcode"
	"github.com/creack/pty"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// screen is the program on a pseudo-terminal.
type screen struct {
	t    *testing.T
	c    *exec.Cmd
	file *os.File

	mu   sync.Mutex
	text bytes.Buffer
	done chan struct{}
}

func (s *shop) screen(t *testing.T, args ...string) *screen {
	t.Helper()
	c := s.command(t.Context(), args...)
	c.Env = append(c.Env, "TERM=xterm")
	file, err := pty.StartWithSize(c, &pty.Winsize{Rows: 24, Cols: 120})
	require.NoError(t, err)
	v := &screen{t: t, c: c, file: file, done: make(chan struct{})}
	go func() {
		defer close(v.done)
		b := make([]byte, 1024)
		for {
			n, err := file.Read(b)
			v.mu.Lock()
			v.text.Write(b[:n])
			v.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		_ = c.Process.Kill() // it has ended, or the test has failed
		_ = file.Close()
	})
	return v
}

func (v *screen) shows() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.text.String()
}

// until waits until the screen has shown a text.
func (v *screen) until(text string) {
	v.t.Helper()
	require.Eventually(v.t, func() bool { return strings.Contains(v.shows(), text) }, 30*time.Second, 5*time.Millisecond, "%q on the screen", text)
}

func (v *screen) types(text string) {
	v.t.Helper()
	_, err := io.WriteString(v.file, text)
	require.NoError(v.t, err)
}

func (v *screen) ends() int {
	v.t.Helper()
	err := v.c.Wait()
	<-v.done
	return exitOf(v.t, err)
}

func TestThePromptWantsTheAmount(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, types string
		code        int
		moved       string
	}{
		{"the amount", "1200.00\n", exitcode.Done, "1200.00"},
		{"the amount, as people write it", "1 200,00\n", exitcode.Done, "1200.00"},
		{"another amount", "1200.01\n", exitcode.Interrupted, "0.00"},
		{"yes", "yes\n", exitcode.Interrupted, "0.00"},
		{"nothing", "\n", exitcode.Interrupted, "0.00"},
		{"the end of input", "\x04", exitcode.Interrupted, "0.00"},
		{"Ctrl-C", "\x03", exitcode.Interrupted, "0.00"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			order := s.pay(t, "A-1", 1, "3000.00")
			v := s.screen(t, "refund", "A-1", "--amount", "1200", "--note", "wrong size")
			v.until("Type the amount: ")
			assert.Equal(t, "0.00", s.Moved(order.Billnumber).Amount(), "nothing moves before the answer")
			assert.Contains(t, v.shows(), "key ", "the key is shown before anything is sent")
			v.types(test.types)
			assert.Equal(t, test.code, v.ends(), v.shows())
			assert.Equal(t, test.moved, s.Moved(order.Billnumber).Amount())
			code, stdout, _ := s.run(t, "list", "--plain")
			assert.Zero(t, code)
			assert.Equal(t, test.moved != "0.00", stdout != "", "what isn't agreed to isn't stored")
		})
	}
}

func TestProgressAndItsEnd(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	order := s.pay(t, "A-1", 1, "3000.00")
	s.Next(assisttest.InProcess(30*time.Second, "AS000"))
	v := s.screen(t, "refund", "A-1", "--amount", "1200", "--note", "n", "--yes", "--wait", "3s")
	v.until("in process at Assist  1s")
	assert.Equal(t, exitcode.NotFinished, v.ends())
	assert.Contains(t, v.shows(), "\r\x1b[K", "the line is written over")
	assert.Contains(t, v.shows(), "next: assist wait R-1")
	assert.Equal(t, "0.00", s.Moved(order.Billnumber).Amount())
}

func TestCtrlCBeforeTheSendTakesBack(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	order := s.pay(t, "A-1", 1, "3000.00")
	// A cancel of the payment is unknown, so the refund waits for its turn.
	s.Next(assisttest.DieBefore())
	code, _, _ := s.run(t, "refund", "A-1", "--amount", "1.00", "--note", "n", "--key", "first", "--yes", "--wait", "0s")
	require.Equal(t, exitcode.Unknown, code)
	v := s.screen(t, "refund", "A-1", "--amount", "1200", "--note", "n", "--yes", "--wait", "1m")
	v.until("queued (waits for another cancel of the payment)")
	v.types("\x03")
	assert.Equal(t, exitcode.Interrupted, v.ends(), v.shows())
	assert.Contains(t, v.shows(), "was taken back before it was sent")
	code, _, _ = s.run(t, "wait", "R-2")
	assert.Equal(t, exitcode.Refused, code)
	assert.Equal(t, "0.00", s.Moved(order.Billnumber).Amount())
}

func TestCtrlCAfterTheSendWaitsForTheOutcome(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	order := s.pay(t, "A-1", 1, "3000.00")
	s.Next(assisttest.AnswerLate(4 * time.Second))
	v := s.screen(t, "refund", "A-1", "--amount", "1200", "--note", "n", "--yes")
	v.until("being sent, outcome not known yet")
	v.types("\x03")
	time.Sleep(50 * time.Millisecond)
	v.types("\x03") // impatience changes nothing
	v.until("waiting for the outcome to be stored")
	assert.Equal(t, exitcode.Done, v.ends(), v.shows())
	assert.Contains(t, v.shows(), "done: the money went back")
	assert.Equal(t, "1200.00", s.Moved(order.Billnumber).Amount())
}

func TestALikeRefundIsAskedAbout(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	order := s.pay(t, "A-1", 1, "3000.00")
	code, _, _ := s.run(t, "refund", "A-1", "--amount", "1200", "--note", "n", "--key", "first", "--yes")
	require.Zero(t, code)
	v := s.screen(t, "refund", "A-1", "--amount", "1200", "--note", "n")
	v.until("Type another: ")
	v.types("no\n")
	assert.Equal(t, exitcode.Interrupted, v.ends())
	s.pass(3 * time.Minute)
	v = s.screen(t, "refund", "A-1", "--amount", "1200", "--note", "n")
	v.until("Type another: ")
	v.types("another\n")
	v.until("Type the amount: ")
	v.types("1200\n")
	assert.Zero(t, v.ends())
	assert.Equal(t, "2400.00", s.Moved(order.Billnumber).Amount())
}

func TestImportShowsItsProgress(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.pay(t, "A-1", 1, "3000.00")
	require.NoError(t, os.WriteFile(s.dir+"/in.csv", []byte("order,amount,note,key\nA-1,1.00,n,k1\nA-1,2.00,n,k2\n"), 0o600))
	v := s.screen(t, "import", s.dir+"/in.csv")
	v.until("Type the sum: ")
	v.types("3\n")
	assert.Zero(t, v.ends(), v.shows())
	assert.Contains(t, v.shows(), "given back 2/2")
	assert.Contains(t, v.shows(), "/s")
}

// A worker that is told to stop ends when the outcome of what is under way is stored.
func TestWorkerStopsGracefully(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	order := s.pay(t, "A-1", 1, "3000.00")
	code, _, _ := s.run(t, "refund", "A-1", "--amount", "1200", "--note", "n", "--key", "k", "--yes", "--at", "midnight")
	require.Equal(t, exitcode.NotFinished, code)
	s.pass(13 * time.Hour)
	s.Next(assisttest.AnswerLate(2 * time.Second))
	v := s.screen(t, "worker", "--listen", "127.0.0.1:0", "--reconcile=false")
	require.Eventually(t, func() bool { return s.Moved(order.Billnumber).Amount() == "1200.00" }, 30*time.Second, 10*time.Millisecond)
	require.NoError(t, v.c.Process.Signal(syscall.SIGTERM))
	assert.Zero(t, v.ends(), v.shows())
	assert.Contains(t, v.shows(), "stopped: all outcomes are stored")
	code, _, _ = s.run(t, "wait", "R-1")
	assert.Zero(t, code, "the outcome is stored, and nothing has to be asked")
}
