package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
)

// What is here makes an example run without an account at Assist. A shop of yours
// has in its place the first lines of connect alone.

const (
	simulatedAt = "127.0.0.1:7027"
	asAssist    = "-simulate" // the argument of the process that plays Assist
	idle        = 10 * time.Minute
)

func run(ctx context.Context) error {
	if len(os.Args) == 3 && os.Args[1] == asAssist {
		return playAssist(os.Args[2])
	}
	client, orders, err := connect(ctx)
	if err != nil {
		return err
	}
	s, carrier, err := newShop(ctx, os.Getenv("DATABASE_URL"), client)
	if err != nil {
		return err
	}
	for _, o := range orders {
		if err := paid(ctx, s.db, o); err != nil {
			return err
		}
	}
	address := "127.0.0.1:8080"
	if given := os.Getenv("ADDRESS"); given != "" {
		address = given
	}
	log.Printf("http://%s/ is process %d: kill -9 it, and start it again", address, os.Getpid())
	for _, o := range orders[:min(len(orders), 1)] {
		log.Printf("curl -d key=return-1 -d order=%s -d amount=10.00 http://%s/refund", o.Number, address)
	}
	return s.serve(ctx, address, carrier)
}

// connect gives a client of Assist, by ASSIST_URL, ASSIST_MERCHANT_ID,
// ASSIST_LOGIN and ASSIST_PASSWORD. Without them it is the simulated Assist's,
// which is a process of its own and so outlives a kill of the shop, and whose
// orders are the shop's.
func connect(ctx context.Context, opts ...assist.Option) (*assist.Client, []assist.Order, error) {
	if url := os.Getenv("ASSIST_URL"); url != "" {
		client, err := assist.NewClient(url, assist.Credentials{MerchantID: os.Getenv("ASSIST_MERCHANT_ID"), Login: os.Getenv("ASSIST_LOGIN"),
			Password: assist.NewSecret(os.Getenv("ASSIST_PASSWORD"))}, opts...)
		return client, nil, err
	}
	orders, err := simulatedOrders(ctx)
	if err != nil {
		if err := startAssist(); err != nil {
			return nil, nil, err
		}
		for range 50 {
			if orders, err = simulatedOrders(ctx); err == nil {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
	if err != nil {
		return nil, nil, err
	}
	client, err := assist.NewClient("http://"+simulatedAt, simulatedMerchant(), opts...)
	return client, orders, err
}

func simulatedMerchant() assist.Credentials {
	return assist.Credentials{MerchantID: "700027", Login: "test_refunds", Password: assist.NewSecret("TestPassword1")}
}

func simulatedOrders(ctx context.Context) (orders []assist.Order, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+simulatedAt+"/orders", nil)
	if err != nil {
		return nil, err
	}
	response, err := (&http.Client{Timeout: 5 * time.Second}).Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return orders, json.NewDecoder(response.Body).Decode(&orders)
}

// startAssist starts this program once more, to play Assist.
func startAssist() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return exec.Command(self, asAssist, simulatedAt).Start() // and isn't waited for
}

// playAssist is the simulated Assist: five orders, of which the second cancel's
// answer is lost after the money has moved. It ends when nobody has asked it
// anything for ten minutes.
func playAssist(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	signal.Ignore(os.Interrupt) // it is meant for the shop
	server := assisttest.New(assisttest.WithMerchant(simulatedMerchant()))
	now := time.Now()
	for i := range 5 { // of other numbers than an earlier one's
		server.Pay(assisttest.Payment{OrderNumber: fmt.Sprintf("%s-%d", now.Format("0102-150405"), i+1),
			Billnumber: assist.Billnumber(fmt.Sprintf("51%010d%04d", now.Unix(), i+1)), PaidAt: now.Add(-48 * time.Hour)})
	}
	server.Next(assisttest.Fault{}, assisttest.DieAfter())
	web := &http.Server{Handler: nil, ReadHeaderTimeout: 10 * time.Second}
	end := time.AfterFunc(idle, func() { _ = web.Close() })
	web.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		end.Reset(idle)
		switch r.Method + " " + r.URL.Path {
		case "GET /orders":
			answer(w, http.StatusOK, server.Orders())
		case "GET /moved": // the truth about the money
			answer(w, http.StatusOK, server.Moved(assist.Billnumber(r.FormValue("billnumber"))))
		default:
			server.ServeHTTP(w, r)
		}
	})
	if err := web.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
