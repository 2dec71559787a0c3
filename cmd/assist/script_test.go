package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/examples/simulator/control"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rogpeppe/go-internal/txtar"
)

// TestScripts runs the program against a simulated Assist whose clock stands. Beside
// the commands of testscript the scripts have:
//
//	exits CODE assist …    run it, which must end with the code
//	fault F …              what goes wrong with the next requests
//	pass D                 let time pass
//	moved ORDER AMOUNT     what really went back
//	by-hand ORDER AMOUNT   somebody gives money back in the personal account
//	same FILE              the last stdout is the file's, but for what is random
//	saw FILE               the same of stderr
//	holds FILE WANTED      the same of a file
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/scripts",
		Setup: func(e *testscript.Env) error {
			s := newShop(e.T().(testing.TB))
			s.dir = e.WorkDir
			s.payAll(e.T().(testing.TB))
			e.Values["shop"] = s
			e.Vars = append(e.Vars, slices.DeleteFunc(s.env(), func(v string) bool { return strings.HasPrefix(v, asProgram) || strings.HasPrefix(v, "PATH=") })...)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "fault": fault, "pass": pass, "moved": moved, "by-hand": byHand,
			"same":  func(ts *testscript.TestScript, _ bool, args []string) { same(ts, "stdout", args) },
			"saw":   func(ts *testscript.TestScript, _ bool, args []string) { same(ts, "stderr", args) },
			"holds": func(ts *testscript.TestScript, _ bool, args []string) { same(ts, args[0], args[1:]) },
		},
	})
}

// payAll books the payments that the scripts are about.
func (s *shop) payAll(t testing.TB) {
	t.Helper()
	s.pay(t, "A-20490", 2, "3299.00") // Mastercard
	s.pay(t, "A-20481", 1, "1470.00")
	s.pay(t, "A-20333", 1, "1200.00")
	sum, err := assist.ParseMoney("820.00", "RUB")
	if err != nil {
		t.Fatal(err)
	}
	s.Pay(assisttest.Payment{OrderNumber: "A-20513", MeanTypeID: 36, Amount: sum, PaidAt: s.clock().Add(-time.Hour)}) // QIWI, today
	s.Pay(assisttest.Payment{OrderNumber: "A-20514", MeanTypeID: 30, Amount: sum, PaidAt: s.clock().Add(-time.Hour)}) // WebMoney, today
}

func shopOf(ts *testscript.TestScript) *shop { return ts.Value("shop").(*shop) }

func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	ts.Setenv("ASSIST_TEST_NOW", shopOf(ts).clock().Format(time.RFC3339Nano))
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if err != nil {
		if _, scanned := fmt.Sscanf(err.Error(), "exit status %d", &got); scanned != nil {
			ts.Fatalf("%v", err)
		}
	}
	if got != want {
		ts.Fatalf("ended with %d and not with %d", got, want)
	}
}

func fault(ts *testscript.TestScript, _ bool, args []string) {
	for _, text := range args {
		f, err := control.ParseFault(text)
		ts.Check(err)
		shopOf(ts).Next(f)
	}
}

func pass(ts *testscript.TestScript, _ bool, args []string) {
	d, err := time.ParseDuration(args[0])
	ts.Check(err)
	shopOf(ts).pass(d)
}

func orderCalled(ts *testscript.TestScript, number string) assist.Order {
	for _, o := range shopOf(ts).Orders() {
		if o.Number == number {
			return o
		}
	}
	ts.Fatalf("no order %s", number)
	return assist.Order{}
}

func moved(ts *testscript.TestScript, _ bool, args []string) {
	if got := shopOf(ts).Moved(orderCalled(ts, args[0]).Billnumber).Amount(); got != args[1] {
		ts.Fatalf("%s went back of %s and not %s", got, args[0], args[1])
	}
}

func byHand(ts *testscript.TestScript, _ bool, args []string) {
	sum, err := assist.ParseMoney(args[1], "RUB")
	ts.Check(err)
	_, err = shopOf(ts).RefundByHand(orderCalled(ts, args[0]).Billnumber, sum)
	ts.Check(err)
}

// random is what differs from run to run.
var random = []struct {
	re *regexp.Regexp
	to string
}{
	{regexp.MustCompile(`(?m)^R-\d+  (being |in process at|queued \(|готовится|отправляется|в обработке у|в очереди \().*\n`), ""},
	{regexp.MustCompile(`\r`), ""},
	{regexp.MustCompile(`carrier-[A-Z2-7]{10}`), "carrier-X"},
	{regexp.MustCompile(`"intent_id":"[A-Z2-7]+"`), `"intent_id":"X"`},
	{regexp.MustCompile(`intent [A-Z2-7]{26}`), "intent X"},
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "127.0.0.1:PORT"},
	{regexp.MustCompile(`/[^ ]*/refunds\.db`), "DIR/refunds.db"},
	{regexp.MustCompile(`by itself after \d\d\.\d\d\.\d{4} 00:\d\d`), "by itself after MIDNIGHT"},
	{regexp.MustCompile(`(сам после|Goes     after|Уйдёт    после) \d\d\.\d\d\.\d{4} 00:\d\d`), "$1 MIDNIGHT"},
	{regexp.MustCompile(`asked \d+ times`), "asked N times"},
	{regexp.MustCompile(`clock [0-9.]+m?s`), "clock 0.4s"},
	{regexp.MustCompile(`на [0-9.]+m?s`), "на 0.4s"},
}

func same(ts *testscript.TestScript, stream string, args []string) {
	got := ts.ReadFile(stream)
	for _, r := range random {
		got = r.re.ReplaceAllString(got, r.to)
	}
	want := ts.ReadFile(args[0])
	if got == want {
		return
	}
	if os.Getenv("ASSIST_UPDATE") != "" {
		ts.Check(update("testdata/scripts/"+ts.Name()+".txtar", args[0], got))
		ts.Logf("UPDATED %s\n%s", args[0], got)
		return
	}
	ts.Fatalf("%s is\n%s\nand not\n%s", stream, got, want)
}

// update puts a text into a script, for who has read it.
func update(script, name, text string) error {
	archive, err := txtar.ParseFile(script)
	if err != nil {
		return err
	}
	for i, f := range archive.Files {
		if f.Name == name {
			archive.Files[i].Data = []byte(text)
		}
	}
	return os.WriteFile(script, txtar.Format(archive), 0o644)
}
