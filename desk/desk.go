package desk

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed assets/style.css assets/desk.js assets/icon.svg
var assets embed.FS

type desk struct {
	book       *refunds.Book
	orders     Orders
	auth       Auth
	base       string
	login      string
	logout     string
	notice     words
	noticeLink string
	rates      map[assist.Wallet]int
	prefixes   []string
	daySum     assist.Money
	log        *slog.Logger
	now        func() time.Time
	cross      *http.CrossOriginProtection
	limits     limits
	seen       seenOrders
	asked      oneAtATime
	pages      map[string]*template.Template
	style      asset
	script     asset
	icon       asset
}

// New makes the desk of one merchant: that of orders. It is safe for concurrent
// use, and several processes may serve it on one store.
func New(book *refunds.Book, orders Orders, auth Auth, opts ...Option) (http.Handler, error) {
	if book == nil || orders == nil || auth == nil {
		return nil, errors.New("desk: a book, orders and auth are needed")
	}
	d := &desk{book: book, orders: orders, auth: auth, base: "/", log: slog.New(slog.DiscardHandler), now: time.Now, cross: http.NewCrossOriginProtection(), limits: limits{perHour: 60}}
	for _, o := range opts {
		if o == nil {
			return nil, errors.New("desk: a nil option")
		}
		if err := o(d); err != nil {
			return nil, err
		}
	}
	if orders.MerchantID() == "" {
		return nil, errors.New("desk: orders have no merchant")
	}
	if err := d.load(); err != nil {
		return nil, err
	}
	d.cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.log.WarnContext(r.Context(), "desk: a form of another site was refused")
		d.plainError(w, r, http.StatusForbidden, words{"Форма отправлена с другого сайта. Ничего не сделано.", "The form came from another site. Nothing was done."})
	}))
	return secured(d.cross.Handler(d.routes())), nil
}

// routes are relative to where the desk is mounted.
func (d *desk) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", d.seeing(d.list))
	mux.HandleFunc("GET /refund/{id}", d.seeing(d.refund))
	mux.HandleFunc("GET /new", d.doing(Operator, d.newRefund))
	mux.HandleFunc("GET /new/check", d.doing(Operator, d.checkRefund))
	mux.HandleFunc("GET /decisions", d.seeing(d.decisions))
	mux.HandleFunc("GET /sending", d.seeing(d.sending))
	mux.HandleFunc("GET /audit", d.doing(Senior, d.audit))
	mux.HandleFunc("GET /style.css", d.style.serve)
	mux.HandleFunc("GET /desk.js", d.script.serve)
	mux.HandleFunc("GET /icon.svg", d.icon.serve)

	mux.HandleFunc("POST /search", d.seeing(d.search))
	mux.HandleFunc("POST /language", d.seeing(d.language))
	mux.HandleFunc("POST /new", d.changing(Operator, d.storeRefund))
	mux.HandleFunc("POST /refund/{id}/approve", d.changing(Senior, d.approve))
	mux.HandleFunc("POST /refund/{id}/deny", d.changing(Operator, d.deny))
	mux.HandleFunc("POST /refund/{id}/withdraw", d.changing(Operator, d.withdraw))
	mux.HandleFunc("POST /refund/{id}/take", d.changing(Senior, d.take))
	mux.HandleFunc("POST /refund/{id}/decide", d.changing(Senior, d.decide))
	mux.HandleFunc("POST /refund/{id}/confirm", d.changing(Senior, d.confirm))
	mux.HandleFunc("POST /refund/{id}/late", d.changing(Senior, d.sawLate))
	mux.HandleFunc("POST /hold", d.changing(Admin, d.hold))
	mux.HandleFunc("POST /release", d.changing(Admin, d.release))
	mux.HandleFunc("POST /export", d.changing(Viewer, d.export))
	mux.HandleFunc("/", d.seeing(func(w http.ResponseWriter, r *http.Request, p *page) error { return refunds.ErrNotFound }))
	if d.base == "/" {
		return mux
	}
	return http.StripPrefix(strings.TrimSuffix(d.base, "/"), mux)
}

// action answers a request of a person who may make it. Its error becomes a page.
type action func(w http.ResponseWriter, r *http.Request, p *page) error

const formBytes = 64 << 10

// doing asks who it is, and whether they may.
func (d *desk) doing(least Role, f action) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, formBytes)
		user, err := d.auth.User(r)
		p := d.page(r, user)
		switch {
		case errors.Is(err, ErrNotSignedIn):
			d.notSignedIn(w, r, p)
			return
		case err != nil:
			d.failed(w, r, p, fmt.Errorf("%w: %w", errAuth, err))
			return
		case user.ID == "" || user.Name == "" || user.Role < least:
			d.failed(w, r, p, errRole)
			return
		}
		if r.Method == http.MethodPost {
			if err := r.ParseForm(); err != nil {
				d.failed(w, r, p, errForm)
				return
			}
		}
		ctx, end := context.WithTimeout(r.Context(), 30*time.Second)
		defer end()
		if err := f(w, r.WithContext(ctx), p); err != nil {
			d.failed(w, r, p, err)
		}
	}
}

func (d *desk) seeing(f action) http.HandlerFunc { return d.doing(Viewer, f) }

// changing is doing for what is stored: it counts, and leaves a line in the log.
func (d *desk) changing(least Role, f action) http.HandlerFunc {
	return d.doing(least, func(w http.ResponseWriter, r *http.Request, p *page) error {
		if !d.limits.take(p.User.ID, d.now()) {
			return errTooMany
		}
		err := f(w, r, p)
		d.log.InfoContext(r.Context(), "desk: change", "what", r.Pattern, "refund", r.PathValue("id"), "by", p.User.ID, "done", err == nil)
		return err
	})
}

func (d *desk) merchant() string { return d.orders.MerchantID() }

// to redirects to a page of the desk, which may be reloaded.
func (d *desk) to(w http.ResponseWriter, r *http.Request, path string) error {
	http.Redirect(w, r, d.base+path, http.StatusSeeOther)
	return nil
}
