package main

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/cmd/assist/internal/exitcode"
	"github.com/assist-go/assist/cmd/assist/internal/login"
	"github.com/assist-go/assist/desk"
	"github.com/spf13/cobra"
)

// deskFlags are what assist desk is told.
type deskFlags struct {
	listen, users, public   string
	cert, key               string
	behindProxy, demo       bool
	header                  string
	from                    []string
	issuer, clientID, claim string
	groups                  map[string]string
	prefixes                []string
	posts                   int
	daySum                  string
}

func deskCommand(a *app) *cobra.Command {
	var f deskFlags
	c := &cobra.Command{
		Use:   "desk",
		Short: "serve the refund desk: a page for the people who give money back",
		Long: `Serve the refund desk until it is told to stop. It stores what persons ask for;
assist worker sends it. Without any settings:

  assist desk --demo

opens a desk on a simulated Assist, with a refund in every state and faults to try.

It listens on this machine alone. Another address needs --tls-cert and --tls-key,
or --behind-proxy where a proxy in front speaks TLS. Who may come in: assist user
add, or --oidc-issuer (its client secret in ASSIST_OIDC_SECRET), or --user-header
from the addresses of --header-from.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.demo {
				return a.demo(cmd.Context(), f)
			}
			return a.desk(cmd.Context(), f)
		},
	}
	flags := c.Flags()
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8600", "address to listen on")
	flags.BoolVar(&f.demo, "demo", false, "a simulated Assist and a store in a temporary folder: no account, no settings")
	flags.StringVar(&f.users, "users", "", "file of users (ASSIST_USERS); beside the settings when empty")
	flags.StringVar(&f.public, "public-url", "", "how browsers reach it, such as https://refunds.shop.example")
	flags.StringVar(&f.cert, "tls-cert", "", "file of the certificate")
	flags.StringVar(&f.key, "tls-key", "", "file of its key")
	flags.BoolVar(&f.behindProxy, "behind-proxy", false, "a proxy in front speaks TLS: another address than this machine's may be listened on")
	flags.StringVar(&f.header, "user-header", "", "header by which the proxy says who it is")
	flags.StringSliceVar(&f.from, "header-from", nil, "addresses that the header is believed from: 127.0.0.1/32")
	flags.StringVar(&f.issuer, "oidc-issuer", "", "OpenID Connect: the provider")
	flags.StringVar(&f.clientID, "oidc-client", "", "OpenID Connect: the desk's client id")
	flags.StringVar(&f.claim, "oidc-claim", "groups", "OpenID Connect: the claim with the groups")
	flags.StringToStringVar(&f.groups, "oidc-group", nil, "OpenID Connect: what a group may, such as refunds-senior=senior")
	flags.StringSliceVar(&f.prefixes, "order-prefix", nil, "what order numbers begin with, so that it needn't be typed")
	flags.IntVar(&f.posts, "posts-per-hour", 60, "what one person may change within an hour")
	flags.StringVar(&f.daySum, "day-sum", "", "what one person may ask for in a day, in roubles: 100000.00")
	return c
}

// asker only asks: the desk has nothing by which it could cancel.
type asker struct{ client *assist.Client }

func (k asker) MerchantID() string { return k.client.MerchantID() }
func (k asker) OrderResult(ctx context.Context, q assist.OrderQuery) ([]assist.Order, error) {
	return k.client.OrderResult(ctx, q)
}

func (a *app) desk(ctx context.Context, f deskFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	b, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer b.Close()
	client, err := a.client(ctx, b)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(a.Err, nil))
	gate, err := a.gate(ctx, f, log)
	if err != nil {
		return err
	}
	opts, err := a.deskOptions(f, log)
	if err != nil {
		return err
	}
	handler, err := desk.New(b.Book, asker{client}, gate, opts...)
	if err != nil {
		return exitcode.New(exitcode.Settings, "%v", err)
	}
	cross := http.NewCrossOriginProtection()
	if f.public != "" {
		if err := cross.AddTrustedOrigin(f.public); err != nil {
			return exitcode.New(exitcode.Usage, "--public-url: %v", err)
		}
	}
	return a.serveDesk(ctx, f, gate.Routes(handler, cross))
}

func (a *app) deskOptions(f deskFlags, log *slog.Logger) ([]desk.Option, error) {
	opts := []desk.Option{desk.Clock(a.now), desk.Logger(log), desk.OrderPrefixes(f.prefixes...), desk.PostsPerHour(f.posts)}
	if f.header == "" {
		opts = append(opts, desk.LoginPage("/login"), desk.LogoutPage("/logout"))
	}
	if f.public != "" {
		opts = append(opts, desk.TrustedOrigin(f.public))
	}
	if f.daySum != "" {
		limit, err := assist.ParseMoney(f.daySum, "RUB")
		if err != nil {
			return nil, exitcode.New(exitcode.Usage, "--day-sum: %v", err)
		}
		opts = append(opts, desk.DaySum(limit))
	}
	p, err := a.settings()
	if err != nil {
		return nil, err
	}
	rates, err := p.WalletRates()
	if err == nil && rates != nil {
		opts = append(opts, desk.WalletRates(rates))
	}
	return opts, err
}

// check refuses what would let somebody in, or a password be read, before
// anything listens.
func (f deskFlags) check() error {
	usage := func(format string, args ...any) error { return exitcode.New(exitcode.Usage, format, args...) }
	host, _, err := net.SplitHostPort(f.listen)
	if err != nil {
		return usage("--listen: %v", err)
	}
	ip, err := netip.ParseAddr(host)
	local := host == "localhost" || err == nil && ip.IsLoopback()
	switch {
	case (f.cert == "") != (f.key == ""):
		return usage("--tls-cert and --tls-key go together")
	case !local && f.cert == "" && !f.behindProxy:
		return usage("--listen %s can be reached from other machines: give --tls-cert and --tls-key, or --behind-proxy", f.listen)
	case (f.header == "") != (len(f.from) == 0):
		return usage("--user-header needs --header-from, the addresses of your proxy: from elsewhere it isn't believed")
	case f.header != "" && f.issuer != "":
		return usage("--user-header and --oidc-issuer exclude each other")
	case f.issuer != "" && (f.clientID == "" || f.public == "" || len(f.groups) == 0):
		return usage("--oidc-issuer needs --oidc-client, --public-url and --oidc-group")
	}
	return nil
}

func (a *app) gate(ctx context.Context, f deskFlags, log *slog.Logger) (*login.Gate, error) {
	people, err := login.Open(a.usersPath(f.users))
	if err != nil {
		return nil, a.explainUser(err)
	}
	all, err := people.List()
	if err != nil {
		return nil, a.explainUser(err)
	}
	if len(all) == 0 && f.issuer == "" {
		return nil, exitcode.New(exitcode.Settings, "%s", a.text("у стола ещё нет пользователей", "the desk has no users yet")).Then("assist user add anna --role senior")
	}
	g := &login.Gate{People: people, Now: a.now, Log: log}
	if f.header != "" {
		g.Header = &login.Header{Name: f.header}
		for _, text := range f.from {
			prefix, err := netip.ParsePrefix(text)
			if err != nil || prefix.Bits() == 0 {
				return nil, exitcode.New(exitcode.Usage, "--header-from: %q is no range of addresses, or it is everybody", text)
			}
			g.Header.From = append(g.Header.From, prefix)
		}
	}
	if f.issuer == "" {
		return g, nil
	}
	s := login.ProviderSettings{Issuer: f.issuer, ClientID: f.clientID, ClientSecret: a.getenv("ASSIST_OIDC_SECRET"), PublicURL: f.public, Claim: f.claim, Groups: map[string]desk.Role{}}
	for group, role := range f.groups {
		r, ok := login.Roles[role]
		if !ok {
			return nil, exitcode.New(exitcode.Usage, "--oidc-group: %v", login.ErrRole)
		}
		s.Groups[group] = r
	}
	if g.Provider, err = login.NewProvider(ctx, s); err != nil {
		return nil, exitcode.New(exitcode.Settings, "--oidc-issuer: %v", err)
	}
	return g, nil
}

// serveDesk serves until it is told to stop; requests under way are answered.
func (a *app) serveDesk(ctx context.Context, f deskFlags, handler http.Handler) error {
	listener, err := net.Listen("tcp", f.listen)
	if err != nil {
		return exitcode.New(exitcode.Settings, "--listen: %v", err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	scheme := "http"
	if f.cert != "" {
		pair, err := tls.LoadX509KeyPair(f.cert, f.key)
		if err != nil {
			return errors.Join(exitcode.New(exitcode.Settings, "--tls-cert: %v", err), listener.Close())
		}
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}})
		server.Handler, scheme = strict(handler), "https"
	}
	a.note("стол возвратов: %s://%s/", "the refund desk: %s://%s/", scheme, listener.Addr())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return exitcode.New(exitcode.Failed, "%v", err)
	case <-ctx.Done():
	}
	last, end := context.WithTimeout(context.Background(), 10*time.Second)
	defer end()
	if err := server.Shutdown(last); err != nil {
		return errors.Join(err, server.Close())
	}
	return nil
}

// strict tells browsers to come by TLS alone from now on.
func strict(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Strict-Transport-Security", "max-age=31536000")
		next.ServeHTTP(w, r)
	})
}
