package main

import (
	"context"
	"io"
	"net"
	"time"

	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/cmd/assist/internal/exitcode"
	"github.com/assist-go/assist/examples/simulator/control"
	"github.com/spf13/cobra"
)

func simulatorCommand(a *app) *cobra.Command {
	var address, secret string
	var documented, list bool
	var settle time.Duration
	var faults []string
	c := &cobra.Command{
		Use:   "simulator",
		Short: "serve a simulated Assist, with faults, to try all this on",
		Long: `Serve a simulated Assist until it is interrupted. It prints the settings that reach
it, as lines for a shell, and its orders. While it runs:

  curl 'http://127.0.0.1:8080/moved?billnumber=5100000000000001'
  curl -d 'in-process:1h,AS100+die-after' http://127.0.0.1:8080/faults
  curl -d by=30m http://127.0.0.1:8080/advance
  curl -d billnumber=5100000000000001 -d amount=0.10 -d currency=RUB http://127.0.0.1:8080/refund-by-hand`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if list {
				_, err := io.WriteString(a.Out, control.FaultHelp())
				return err
			}
			server := control.New(documented, settle, secret)
			for _, text := range faults {
				fault, err := control.ParseFault(text)
				if err != nil {
					return exitcode.New(exitcode.Usage, "--fault: %v", err)
				}
				server.Next(fault)
			}
			return a.simulate(cmd.Context(), server, address)
		},
	}
	flags := c.Flags()
	flags.StringVar(&address, "listen", "127.0.0.1:8080", "address to listen on")
	flags.BoolVar(&documented, "documented", false, "know the orders of Assist's documents, and live in their time")
	flags.DurationVar(&settle, "settle", 30*time.Second, "time until a cancel in process settles")
	flags.StringVar(&secret, "secret", "", "secret word of check values; answers have none when empty")
	flags.StringArrayVar(&faults, "fault", nil, "spoil a request, such as die-after or in-process:1h,AS100+cut@cancel; see --faults")
	flags.BoolVar(&list, "faults", false, "list the faults and end")
	return c
}

func (a *app) simulate(ctx context.Context, server *assisttest.Server, address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return exitcode.New(exitcode.Failed, "%v", err)
	}
	control.Describe(a.Out, server, listener.Addr())
	return control.Serve(ctx, server, listener)
}
