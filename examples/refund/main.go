// Command refund gives back part of a payment and says what became of the
// money.
//
//	go run ./examples/refund
//
// Without a server it starts a simulated one inside itself and makes the two
// cancels of Assist's documents: 0.10 RUB of a WebMoney payment, which is in
// process first, and 0.11 RUB of a QIWI payment.
//
// A real server is named by the environment: ASSIST_URL, ASSIST_MERCHANT_ID,
// ASSIST_LOGIN and ASSIST_PASSWORD. The refund is named by flags:
//
//	refund -billnumber 5700027202722028 -order 2013.10.23-700027-5 -amount 0.10
//
// Before anything is sent it prints a token. Whatever happens then, even a
// crash, the same program tells later what became of that refund, and sends
// nothing:
//
//	refund -token assist-intent-1.…
//
// The exit code is 0 when the money has gone back, 1 when it has not and will
// not, 2 when something is wrong with what was given, so that nothing was sent,
// and 3 when it is not known, or not yet. With 3, never refund again before
// -token has told more. (go run itself turns 2 and 3 into 1.)
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/assist-go/assist"
)

// Exit codes.
const (
	exitDone     = 0
	exitNotMoved = 1
	exitUsage    = 2
	exitUnknown  = 3
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the program. What it prints on out is for people; what counts is the
// exit code.
func run(ctx context.Context, args []string, getenv func(string) string, out, errOut io.Writer) int {
	s, err := readSettings(args, getenv, errOut)
	if errors.Is(err, flag.ErrHelp) {
		return exitDone
	}
	if err == nil {
		switch {
		case s.url == "":
			err = documentedCancels(ctx, s.protocol, out)
		case s.token != "":
			err = goOn(ctx, s, out)
		default:
			err = refundOne(ctx, s, out)
		}
	}
	code := exitCode(err)
	if err != nil {
		fmt.Fprintln(errOut, "refund:", err)
	}
	if code == exitUnknown {
		fmt.Fprintln(errOut, "refund: don't refund again; run this program with -token and the last token above to ask what became of it")
	}
	return code
}

// exitCode goes by the outcome. What is wrong with the settings is told apart:
// mending them helps.
func exitCode(err error) int {
	switch assist.OutcomeOf(err) {
	case assist.Accepted:
		if err != nil {
			// Taken, but still in process: the wait was too short.
			return exitUnknown
		}
		return exitDone
	case assist.Rejected:
		return exitNotMoved
	case assist.NotSent:
		if errors.As(err, new(*assist.ValidationError)) {
			return exitUsage
		}
		return exitNotMoved
	}
	if errors.As(err, new(usageError)) || errors.Is(err, assist.ErrToken) {
		return exitUsage
	}
	return exitUnknown
}

// settings are what flags and environment say.
type settings struct {
	url         string
	credentials assist.Credentials
	protocol    assist.Protocol
	billnumber  assist.Billnumber
	order       string
	amount      assist.Money
	from        time.Time // the order was not made before
	wait        time.Duration
	token       string
}

// usageError is a wrong use of the program. Nothing was sent.
type usageError string

func (e usageError) Error() string { return string(e) + " (see -help)" }

func readSettings(args []string, getenv func(string) string, errOut io.Writer) (settings, error) {
	s := settings{
		url: getenv("ASSIST_URL"),
		// A password in a flag would stand in every list of processes.
		credentials: assist.Credentials{
			MerchantID: getenv("ASSIST_MERCHANT_ID"),
			Login:      getenv("ASSIST_LOGIN"),
			Password:   assist.NewSecret(getenv("ASSIST_PASSWORD")),
		},
	}
	flags := flag.NewFlagSet("refund", flag.ContinueOnError)
	flags.SetOutput(errOut)
	protocol := flags.String("protocol", "soap", "soap, json, form-xml, form-csv, form-json or form-soap")
	billnumber := flags.String("billnumber", "", "Assist's number of the payment; with .N behind it, of one of several payments of the order")
	order := flags.String("order", "", "the shop's number of the order")
	amount := flags.String("amount", "", "how much goes back, such as 0.10")
	currency := flags.String("currency", "RUB", "currency of the payment")
	date := flags.String("date", "", "day on which the order was made, such as 2013-10-23; needed when that is over a year ago")
	flags.DurationVar(&s.wait, "wait", 10*time.Minute, "how long to follow a refund that is in process")
	flags.StringVar(&s.token, "token", "", "tell what became of an earlier refund, by the token that was printed then")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return s, err
		}
		return s, usageError("the flags can't be read")
	}
	var err error
	if s.protocol, err = assist.ParseProtocol(*protocol); err != nil {
		return s, usageError("-protocol is not one of " + flags.Lookup("protocol").Usage)
	}
	switch {
	case flags.NArg() > 0:
		return s, usageError("there is something behind the flags")
	case s.url == "" && (*billnumber != "" || *order != "" || *amount != "" || *date != "" || s.token != ""):
		return s, usageError("a refund of yours needs a server: set ASSIST_URL, ASSIST_MERCHANT_ID, ASSIST_LOGIN and ASSIST_PASSWORD")
	case s.url == "" || s.token != "":
		return s, nil
	case *billnumber == "" || *order == "" || *amount == "":
		return s, usageError("-billnumber, -order and -amount are needed: ASSIST_URL names a real server")
	}
	if s.billnumber, err = assist.ParseBillnumber(*billnumber); err != nil {
		return s, usageError(fmt.Sprintf("-billnumber: %v", err))
	}
	if s.amount, err = assist.ParseMoney(*amount, *currency); err != nil {
		return s, usageError(fmt.Sprintf("-amount: %v", err))
	}
	s.order = *order
	if *date != "" {
		day, err := time.ParseInLocation(time.DateOnly, *date, time.UTC)
		if err != nil {
			return s, usageError("-date is no day such as 2013-10-23")
		}
		// The day may be meant by another zone than Assist's.
		s.from = day.Add(-24 * time.Hour)
	}
	return s, nil
}
