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
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/examples/simulator/control"
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
		fault, err := control.ParseFault(text)
		faults = append(faults, fault)
		return err
	})
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *list {
		_, err := io.WriteString(out, control.FaultHelp())
		return err
	}

	server := control.New(*documented, *settle, *secret)
	server.Next(faults...)
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		return err
	}
	control.Describe(out, server, listener.Addr())
	return control.Serve(ctx, server, listener)
}
