package control

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
)

// New makes a server that knows the orders of Assist's documents, or one of today
// with an order for a card and one for each wallet. Its password is made up.
func New(documented bool, settle time.Duration, secret string) *assisttest.Server {
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

// Describe writes the settings that reach a server at an address, as lines for a
// shell, and the orders that it knows.
func Describe(out io.Writer, server *assisttest.Server, address net.Addr) {
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

// Serve serves until the context ends.
func Serve(ctx context.Context, server *assisttest.Server, listener net.Listener) error {
	web := &http.Server{Handler: Handler(server), ReadHeaderTimeout: 10 * time.Second}
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
