package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
)

// documentedCancels makes the two cancels of Assist's documents against a
// simulated server, at the time of the documents.
func documentedCancels(ctx context.Context, protocol assist.Protocol, out io.Writer) error {
	server := assisttest.New(assisttest.WithDocumentedOrders())
	address, stop, err := serve(server)
	if err != nil {
		return err
	}
	defer stop()

	credentials := server.Credentials()
	// The client lives in the server's time.
	client, err := assist.NewClient("http://"+address, credentials,
		assist.WithProtocol(protocol), assist.WithClock(server.Now))
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	fmt.Fprintf(out, "No ASSIST_URL is set, so this is a simulated Assist, and merchant %s, by %s.\n", credentials.MerchantID, protocol)

	for _, documented := range []struct {
		title      string
		billnumber assist.Billnumber
		kopecks    int64
		at         time.Time
	}{
		{"WebMoney", assisttest.DocumentedWebMoney, 10, time.Date(2013, time.October, 24, 13, 58, 21, 0, time.UTC)},
		{"QIWI", assisttest.DocumentedQIWI, 11, time.Date(2014, time.January, 28, 14, 30, 1, 0, time.UTC)},
	} {
		// Months lie between the two, and the second payment has to be made before
		// it can be looked at.
		server.Advance(documented.at.Sub(server.Now()))
		order, _ := server.Order(documented.billnumber)
		amount, err := assist.NewMoney(documented.kopecks, "RUB")
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "\n%s, paid %s, now %s\n", documented.title, order.Date.Format(time.RFC3339), server.Now().Format(time.RFC3339))
		x, err := cancel(ctx, client, order.CancelRequest(amount), out)
		if err != nil {
			return err
		}
		if x.Status == assist.InProcess {
			server.Advance(5 * time.Minute)
			fmt.Fprintln(out, "             … five minutes pass on the simulated server's clock …")
		}
		if err := follow(ctx, client, x, time.Minute, out); err != nil {
			return err
		}
		fmt.Fprintf(out, "server       moved %s\n", server.Moved(x.Operation.Billnumber))
	}
	return nil
}

// serve lets the simulated Assist be reached over loopback, until it is stopped.
func serve(server *assisttest.Server) (address string, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	web := &http.Server{Handler: server, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan struct{})
	go func() {
		defer close(served)
		// Serve ends with an error always, which Close asked for.
		_ = web.Serve(listener)
	}()
	return listener.Addr().String(), func() {
		server.Close()
		// What is left of a server without clients is closed as well as can be.
		_ = web.Close()
		<-served
	}, nil
}
