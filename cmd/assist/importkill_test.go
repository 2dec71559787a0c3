package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// file writes a file of refunds of 1.00 each, one of every payment, and pays them.
func (s *shop) file(t testing.TB, rows int) (path string, orders []assist.Order) {
	t.Helper()
	var text strings.Builder
	text.WriteString("order,amount,note,key\n")
	sum, err := assist.ParseMoney("10.00", "RUB")
	require.NoError(t, err)
	for i := range rows {
		o := s.Pay(assisttest.Payment{OrderNumber: fmt.Sprintf("B-%d", i), Amount: sum, PaidAt: s.clock().Add(-48 * time.Hour)})
		orders = append(orders, o)
		fmt.Fprintf(&text, "B-%d,1.00,event cancelled,row-%d\n", i, i)
	}
	path = s.dir + "/in.csv"
	require.NoError(t, os.WriteFile(path, []byte(text.String()), 0o600))
	return path, orders
}

// An import that is killed again and again, and then run to its end, has paid each
// row once.
func TestKilledImportPaysEachRowOnce(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	path, orders := s.file(t, 40)
	random := rand.New(rand.NewPCG(3, 4))
	for try := range 8 {
		switch try {
		case 1:
			s.Next(assisttest.DieAfter(), assisttest.HTMLError(502), assisttest.CutShort())
		case 3:
			s.Next(assisttest.Refuse(17, 3), assisttest.InProcess(time.Minute, "AS000"), assisttest.HTMLError(502).WithoutDoing().For(assisttest.OrderResults))
		}
		c := s.command(t.Context(), "import", path, "--yes", "--wait", "1s")
		require.NoError(t, c.Start())
		time.Sleep(time.Duration(50+random.IntN(400)) * time.Millisecond)
		_ = c.Process.Kill() // it may have ended by itself
		_ = c.Wait()
		for _, o := range orders {
			require.Contains(t, []string{"0.00", "1.00"}, s.Moved(o.Billnumber).Amount(), "after kill %d", try)
		}
		s.pass(8 * time.Minute)
	}
	for range 4 {
		code, _, stderr := s.run(t, "import", path, "--yes", "--wait", "1s")
		t.Logf("ends with %d: %s", code, stderr)
		s.pass(40 * time.Minute)
	}
	// What was killed between the stored intent and its send never came, and only a
	// person can tell that: it stays unknown, and isn't sent again.
	done, unknown := 0, 0
	for i, o := range orders {
		r := rowOf(t, s, fmt.Sprintf("row-%d", i))
		switch moved := s.Moved(o.Billnumber).Amount(); r {
		case "done":
			done++
			assert.Equal(t, "1.00", moved, o.Number)
		case "unknown":
			unknown++
			assert.Equal(t, "0.00", moved, "%s: what has moved is found", o.Number)
		default:
			assert.Fail(t, "neither done nor unknown", "%s is %s", o.Number, r)
		}
	}
	t.Logf("%d done, %d unknown", done, unknown)
	assert.Greater(t, done, 8)
}

// rowOf is the outcome of a key in the file of results.
func rowOf(t *testing.T, s *shop, key string) string {
	t.Helper()
	text, err := os.ReadFile(s.dir + "/in.result.csv")
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		if cells := strings.Split(line, ";"); len(cells) > 6 && cells[4] == key {
			return cells[6]
		}
	}
	return "not in the file"
}

// ASSIST_IMPORT_ROWS=10000 gives back that many rows and shows what that takes.
func TestImportOfManyRowsDoesNotGrow(t *testing.T) {
	rows := 0
	if _, err := fmt.Sscan(os.Getenv("ASSIST_IMPORT_ROWS"), &rows); err != nil || rows == 0 {
		t.Skip("ASSIST_IMPORT_ROWS isn't set")
	}
	s := newShop(t)
	s.runs = true // it takes minutes, and the client sees when a server's clock doesn't go on
	path, orders := s.file(t, rows)
	c := s.command(t.Context(), "import", path, "--yes", "--wait", "5m")
	c.Stderr = os.Stderr
	began := time.Now()
	require.NoError(t, c.Start())
	most := watchMemory(t, c)
	require.NoError(t, c.Wait())
	paid := 0
	for _, o := range orders {
		if s.Moved(o.Billnumber).Amount() == "1.00" {
			paid++
		}
	}
	assert.Equal(t, rows, paid)
	t.Logf("%d rows in %s; memory in use: %s", rows, time.Since(began).Round(time.Second), most())
}

// watchMemory looks at a process's resident memory from outside: at a quarter, half
// and the end of its run the figures should be alike.
func watchMemory(t *testing.T, c *exec.Cmd) func() string {
	t.Helper()
	ended := make(chan struct{})
	var seen []string
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		for {
			select {
			case <-ended:
				return
			case <-time.After(5 * time.Second):
			}
			status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.Process.Pid))
			if err != nil {
				return
			}
			for line := range strings.Lines(string(status)) {
				if kb, ok := strings.CutPrefix(line, "VmRSS:"); ok {
					seen = append(seen, strings.Join(strings.Fields(kb), " "))
				}
			}
		}
	}()
	return func() string {
		close(ended)
		<-gone
		if len(seen) == 0 {
			return "not seen"
		}
		n := len(seen) - 1
		return strings.Join([]string{seen[0], seen[n/4], seen[n/2], seen[3*n/4], seen[n]}, ", ")
	}
}
