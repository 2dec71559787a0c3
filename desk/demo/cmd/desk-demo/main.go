// Command desk-demo serves the demo in memory: go run ./demo/cmd/desk-demo
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/assist-go/assist/desk"
	"github.com/assist-go/assist/desk/demo"
	"github.com/assist-go/assist/refunds"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	w, err := demo.New(ctx, refunds.Memory(), desk.Notice("Демо: Assist ненастоящий. Роли и ошибки", "Demo: Assist is simulated. Roles and faults", "/demo"))
	if err != nil {
		return err
	}
	defer w.Close()
	if err := w.Fill(ctx); err != nil {
		return err
	}
	w.Run()
	listener, err := net.Listen("tcp", "127.0.0.1:8080")
	if err != nil {
		return err
	}
	fmt.Println("http://" + listener.Addr().String())
	server := &http.Server{Handler: w.Handler(), ReadHeaderTimeout: 10 * time.Second}
	return server.Serve(listener)
}
