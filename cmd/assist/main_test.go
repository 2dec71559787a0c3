package main

import (
	"bytes"
	"context"
	"errors"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/examples/simulator/control"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"
)

// The tests run the program as a process of its own: this test binary, which is the
// program where the variable is set.
const asProgram = "ASSIST_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(start(testClock()))
	}
	testscript.Main(m, map[string]func(){"assist": func() { os.Exit(start(testClock())) }})
}

// standing is when the tests' clock stands: in the afternoon of a Moscow day, ahead
// of every machine's own, which bounds when a cancel may be sent.
var standing = time.Date(2035, 11, 25, 9, 58, 14, 0, time.UTC)

// testClock stands still, at the moment that the variable says.
func testClock() func() time.Time {
	at, err := time.Parse(time.RFC3339Nano, os.Getenv("ASSIST_TEST_NOW"))
	if err != nil {
		return time.Now
	}
	return func() time.Time { return at }
}

// shop is a simulated Assist, a store, and the program's environment. Its clock
// stands until it is moved.
type shop struct {
	*assisttest.Server
	dir, url string
	more     []string // variables
	runs     bool     // its clock runs

	mu  sync.Mutex
	now time.Time
}

func newShop(t testing.TB, opts ...assisttest.Option) *shop {
	t.Helper()
	s := &shop{dir: t.TempDir(), now: standing}
	turnover, err := assist.NewMoney(100_000_00, "RUB")
	require.NoError(t, err)
	opts = append(opts, assisttest.WithClock(s.clock), assisttest.WithSettleDelay(30*time.Second))
	for _, w := range []assist.Wallet{assist.WebMoney, assist.YandexMoney, assist.QIWI} {
		opts = append(opts, assisttest.WithOpeningBalance(w, turnover))
	}
	s.Server = assisttest.New(opts...)
	web := httptest.NewServer(control.Handler(s.Server))
	t.Cleanup(web.Close)
	s.url = web.URL
	return s
}

func (s *shop) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.runs {
		return time.Now()
	}
	return s.now
}

// pass lets time pass, at Assist and in what the program sees.
func (s *shop) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

func (s *shop) env() []string {
	c := s.Credentials()
	now := s.clock().Format(time.RFC3339Nano)
	if s.runs {
		now = ""
	}
	return append([]string{
		"HOME=" + s.dir, "PATH=" + os.Getenv("PATH"), "TMPDIR=" + s.dir, "LANG=en_GB.UTF-8", "TERM=dumb", asProgram + "=1", "ASSIST_TEST_NOW=" + now,
		"ASSIST_URL=" + s.url, "ASSIST_MERCHANT_ID=" + c.MerchantID, "ASSIST_LOGIN=" + c.Login, "ASSIST_PASSWORD=" + c.Password.Reveal(),
		"ASSIST_STORE=" + filepath.Join(s.dir, "refunds.db"), "ASSIST_PERSON=asker@shop.example", "ASSIST_PERSON_NAME=Asker",
	}, s.more...)
}

// command is the program with arguments, ready to be started.
func (s *shop) command(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, os.Args[0], args...)
	c.Env, c.Dir = s.env(), s.dir
	return c
}

// run runs the program to its end.
func (s *shop) run(t testing.TB, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	c := s.command(t.Context(), args...)
	var out, err bytes.Buffer
	c.Stdout, c.Stderr = &out, &err
	return exitOf(t, c.Run()), out.String(), err.String()
}

func exitOf(t testing.TB, err error) int {
	t.Helper()
	if err == nil {
		return 0
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return exit.ExitCode() // -1 when it was killed
}

func (s *shop) pay(t testing.TB, number string, meanType int, rubles string) assist.Order {
	t.Helper()
	sum, err := assist.ParseMoney(rubles, "RUB")
	require.NoError(t, err)
	return s.Pay(assisttest.Payment{OrderNumber: number, MeanTypeID: meanType, Amount: sum, PaidAt: s.clock().Add(-48 * time.Hour),
		Customer: assist.Customer{FirstName: "Anna", LastName: "Muster", Email: "anna@customer.example"}})
}
