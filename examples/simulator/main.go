// Command simulator serves a simulated Assist on an address, so that programs
// in any language can be tried against it.
//
//	go run ./examples/simulator -addr 127.0.0.1:8080
//
// It knows the two orders of Assist's documents and prints the settings that
// reach it, as lines for a shell. Its clock stands in 2013 until the first of the
// two is cancelled. With -documented=false it lives today and knows an order for
// a card and one for each wallet. With -secret the order services answer with
// check values. An interrupt ends the program.
//
// Each -fault spoils one request, in the order given; -faults lists them. While it
// runs, it can be asked what moved, and told what goes wrong next:
//
//	curl 'http://127.0.0.1:8080/moved?billnumber=5700027202722028'
//	curl -d 'in-process:1h,AS100+die-after' http://127.0.0.1:8080/faults
//	curl -d by=30m http://127.0.0.1:8080/advance
//	curl -d billnumber=5700027202722028 -d amount=0.10 -d currency=RUB http://127.0.0.1:8080/refund-by-hand
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "simulator:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("simulator", flag.ContinueOnError)
	flags.SetOutput(out)
	address := flags.String("addr", "127.0.0.1:8080", "address to listen on")
	documented := flags.Bool("documented", true, "know the orders of Assist's documents, and live in their time")
	settle := flags.Duration("settle", 30*time.Second, "time until a cancel in process settles")
	secret := flags.String("secret", "", "secret word of check values; empty: answers have none")
	list := flags.Bool("faults", false, "list the faults and end")
	var faults []assisttest.Fault
	flags.Func("fault", "spoil a request, such as die-after or in-process:1h,AS100+cut@cancel; see -faults", func(text string) error {
		fault, err := parseFault(text)
		faults = append(faults, fault)
		return err
	})
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *list {
		_, err := io.WriteString(out, faultHelp())
		return err
	}

	server := newServer(*documented, *settle, *secret)
	server.Next(faults...)
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		return err
	}
	describe(out, server, listener.Addr())
	return serve(ctx, server, listener)
}

func newServer(documented bool, settle time.Duration, secret string) *assisttest.Server {
	opts := []assisttest.Option{assisttest.WithSettleDelay(settle)}
	if secret != "" {
		opts = append(opts, assisttest.WithCheckValueSecret(assist.NewSecret(secret)))
	}
	if documented {
		return assisttest.New(append(opts, assisttest.WithDocumentedOrders())...)
	}
	turnover, err := assist.NewMoney(1_000_00, "RUB")
	if err != nil {
		panic(err) // the amount above is one
	}
	for _, wallet := range []assist.Wallet{assist.WebMoney, assist.YandexMoney, assist.QIWI} {
		opts = append(opts, assisttest.WithOpeningBalance(wallet, turnover))
	}
	server := assisttest.New(opts...)
	for _, known := range []assisttest.Payment{
		{OrderNumber: "card", MeanTypeID: 1}, {OrderNumber: "webmoney", MeanTypeID: 30},
		{OrderNumber: "yandexmoney", MeanTypeID: 32}, {OrderNumber: "qiwi", MeanTypeID: 36},
	} {
		known.PaidAt = server.Now().AddDate(0, 0, -2)
		server.Pay(known)
	}
	return server
}

func describe(out io.Writer, server *assisttest.Server, address net.Addr) {
	var text strings.Builder
	credentials := server.Credentials()
	for _, setting := range [][2]string{
		{"URL", "http://" + address.String()}, {"MERCHANT_ID", credentials.MerchantID},
		{"LOGIN", credentials.Login}, {"PASSWORD", credentials.Password.Reveal()},
	} {
		fmt.Fprintf(&text, "export ASSIST_%s=%s\n", setting[0], setting[1])
	}
	fmt.Fprintf(&text, "# its time is %s\n\n", server.Now().Format(time.RFC3339))
	fmt.Fprintf(&text, "%-16s  %-22s  %10s  %-15s  %s\n", "billnumber", "order number", "amount", "state", "paid (GMT)")
	for _, order := range server.Orders() {
		fmt.Fprintf(&text, "%-16s  %-22s  %10s  %-15s  %s\n", order.Billnumber, order.Number, order.Amount, order.State, order.Date.Format(time.DateTime))
	}
	// Who doesn't read the text misses nothing but the text.
	_, _ = io.WriteString(out, text.String())
}

func serve(ctx context.Context, server *assisttest.Server, listener net.Listener) error {
	web := &http.Server{Handler: controlled(server), ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- web.Serve(listener) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	server.Close()
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := web.Shutdown(patience)
	if err != nil {
		err = web.Close()
	}
	<-served
	return err
}
