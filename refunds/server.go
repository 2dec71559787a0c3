package refunds

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http/httptrace"
	"net/netip"
	"strings"
	"sync"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds/internal/storage"
)

// ServerError says that a carrier's client talks to another server than the one
// that the merchant's refunds were sent to: a test host beside the real one, most
// likely. That carrier sends nothing for the merchant, and what it was answered
// changes nothing; others go on. Give it a client of the right base URL, or
// say by [Book.SetServer] that the merchant has moved.
//
// Servers are known by their host names, and by their ports where these aren't
// the usual ones. Login and password don't count, so that they can be changed:
// who may cancel for the merchant sees the same payments.
type ServerError struct {
	MerchantID string
	Server     string // of the merchant
	Client     string // that the client talks to
}

func (e *ServerError) Error() string {
	return fmt.Sprintf("refunds: the client of merchant %s talks to %s, and its refunds were sent to %s: see Book.SetServer", e.MerchantID, e.Client, e.Server)
}

// SetServer says that a merchant has moved to another host of Assist's, given as
// "host" or "host:port". From now on carriers whose clients talk to another one
// send nothing for it ([ServerError]). Without it the first cancel that is sent
// decides. What is unknown or in process is asked about at the new host, so make
// sure that it knows the payments of the old one; end these first where it doesn't.
func (b *Book) SetServer(ctx context.Context, merchantID, server string, person Person) error {
	if err := person.check(); err != nil {
		return err
	}
	named := serverName(server)
	if named == "" || strings.ContainsAny(named, "/@ ?#") {
		return &InvalidError{Field: "server", Reason: `must be "host" or "host:port"`}
	}
	return b.merchant(ctx, merchantID, func(tx storage.Tx, m *storage.Merchant) error {
		if m.Server == named {
			return errNothing
		}
		e := by(storage.Event{Merchant: m.Merchant, Kind: string(ServerSet), Data: strings.TrimSpace(m.Server + " " + named)}, person)
		m.Server = named
		if err := tx.Save(ctx, m); err != nil {
			return err
		}
		return b.note(ctx, tx, e)
	})
}

// nameServer says where the merchant's refunds are sent, before the first is.
func (b *Book) nameServer(ctx context.Context, v *view, by sender) error {
	if v.merchant.Server != "" || by.server == "" {
		return nil
	}
	// Others have mostly said it since: then nobody's lock of the merchant is waited for.
	m := storage.Merchant{Merchant: v.r.Merchant}
	err := b.store.View(ctx, func(tx storage.Tx) error {
		_, err := tx.Get(ctx, &m, storage.NoLock)
		return err
	})
	if err != nil || m.Server != "" {
		return err
	}
	return b.merchant(ctx, v.r.Merchant, func(tx storage.Tx, m *storage.Merchant) error {
		if m.Server != "" {
			return errNothing
		}
		m.Server = by.server
		return tx.Save(ctx, m)
	})
}

// serverName is by what servers are compared.
func serverName(host string) string {
	host = strings.ToLower(strings.TrimSpace(host))
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = strings.Trim(host, "[]"), ""
	}
	ip, err := netip.ParseAddr(name)
	switch {
	case name == "localhost", err == nil && ip.IsLoopback():
		return name // a simulation of Assist has another port each time
	case port == "", port == "443", port == "80":
		return name
	}
	return net.JoinHostPort(name, port)
}

func otherServer(err error) bool { return errors.As(err, new(*ServerError)) }

// account is a client of one merchant, of which the answers count only where it
// talks to the merchant's server.
type account struct {
	*assist.Client
	carrier *Carrier

	mu   sync.Mutex
	host string // that its requests go to; empty until the first was seen
	same bool   // as the merchant's
	told bool   // that it is another
}

func (a *account) server() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.host
}

// refused tells whether the client is known to talk to another server.
func (a *account) refused() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.told && !a.same
}

// watched makes a context in which the first request tells where it goes. A
// transport that isn't net/http's doesn't tell, and isn't compared.
func (a *account) watched(ctx context.Context) context.Context {
	if a.server() != "" {
		return ctx
	}
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaderField: func(key string, values []string) {
		if !strings.EqualFold(key, "Host") && key != ":authority" || len(values) != 1 {
			return
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.host == "" { // a redirect goes elsewhere
			a.host = serverName(values[0])
		}
	}})
}

// compare holds the client's server against the merchant's.
func (a *account) compare(m storage.Merchant) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.host == "" || m.Server == "" {
		return nil
	}
	if a.same = a.host == m.Server; !a.same {
		return &ServerError{MerchantID: m.Merchant, Server: m.Server, Client: a.host}
	}
	a.told = false
	return nil
}

// answered looks, after a question, whether its answer is of the merchant's
// server. Once it was, that is compared with each claim and each begin alone.
func (a *account) answered(ctx context.Context) error {
	a.mu.Lock()
	known := a.same || a.host == ""
	a.mu.Unlock()
	if known {
		return nil
	}
	m := storage.Merchant{Merchant: a.MerchantID()}
	err := a.carrier.book.store.View(ctx, func(tx storage.Tx) error {
		_, err := tx.Get(ctx, &m, storage.NoLock)
		return err
	})
	if err != nil {
		return err
	}
	return a.tell(ctx, a.compare(m))
}

// tell notes once that the client talks to another server. It gives the error.
func (a *account) tell(ctx context.Context, err error) error {
	var other *ServerError
	if !errors.As(err, &other) {
		return err
	}
	a.mu.Lock()
	first := !a.told
	a.told = true
	a.mu.Unlock()
	if !first {
		return err
	}
	b := a.carrier.book
	b.log.ErrorContext(ctx, "refunds: another server", "merchant", other.MerchantID, "server", other.Server, "client", other.Client)
	return errors.Join(err, b.update(ctx, func(tx storage.Tx) error {
		return b.note(ctx, tx, storage.Event{Merchant: other.MerchantID, Kind: string(OtherServer), Actor: a.carrier.name, Reason: other.Error(), Data: other.Server + " " + other.Client})
	}))
}

// OrderResult, Resolve, Refresh and ResultsByDate are the client's. An answer of
// another server is an error of the question.
func (a *account) OrderResult(ctx context.Context, q assist.OrderQuery) ([]assist.Order, error) {
	orders, err := a.Client.OrderResult(a.watched(ctx), q)
	return asked(ctx, a, "orderresult", orders, err)
}

func (a *account) Resolve(ctx context.Context, in assist.Intent) (*assist.Resolution, error) {
	found, err := a.Client.Resolve(a.watched(ctx), in)
	return asked(ctx, a, "orderresult", found, err)
}

func (a *account) Refresh(ctx context.Context, x *assist.Cancellation) (*assist.Cancellation, error) {
	y, err := a.Client.Refresh(a.watched(ctx), x)
	return asked(ctx, a, "orderresult", y, err)
}

func (a *account) ResultsByDate(ctx context.Context, q assist.PeriodQuery) ([]assist.Payment, error) {
	rows, err := a.Client.ResultsByDate(a.watched(ctx), q)
	return asked(ctx, a, "resultbydate", rows, err)
}

func asked[T any](ctx context.Context, a *account, service string, answer T, err error) (T, error) {
	if other := a.answered(ctx); other != nil {
		var none T
		return none, &assist.FollowError{Service: service, Err: other}
	}
	return answer, err
}
