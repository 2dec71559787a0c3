package main

import (
	"context"
	"database/sql"
	_ "embed"
	"encoding/json"
	"errors"
	"html/template"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

func (s *shop) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /refund", s.postRefund)
	mux.HandleFunc("GET /orders/{number}", s.showOrder)
	mux.HandleFunc("GET /{$}", s.showOrders)
	return mux
}

// serve answers and carries until the context ends. Then it lets what is under
// way end, which can take minutes.
func (s *shop) serve(ctx context.Context, address string, carrier *refunds.Carrier) (err error) {
	ctx, stop := context.WithCancel(ctx)
	carried, served := make(chan error, 1), make(chan error, 1)
	server := &http.Server{Addr: address, Handler: s.routes(), ReadHeaderTimeout: 10 * time.Second}
	go func() { carried <- carrier.Run(ctx) }()
	go func() { served <- server.ListenAndServe() }()
	select {
	case err = <-served:
	case <-ctx.Done():
		err = server.Shutdown(context.WithoutCancel(ctx))
	}
	stop()
	<-carried
	return err
}

// postRefund answers 202: the refund is stored, and is carried to its end. A
// caller without an answer asks again with the same key.
func (s *shop) postRefund(w http.ResponseWriter, r *http.Request) {
	given, err := s.giveBack(r.Context(), r.PostFormValue("key"), r.PostFormValue("order"), r.PostFormValue("amount"))
	if err != nil {
		fail(w, err)
		return
	}
	if html(r) {
		http.Redirect(w, r, "/orders/"+given.Order, http.StatusSeeOther)
		return
	}
	w.Header().Set("Location", "/orders/"+given.Order)
	answer(w, http.StatusAccepted, given)
}

func (s *shop) showOrder(w http.ResponseWriter, r *http.Request) {
	o, err := readOrder(r.Context(), s.db, r.PathValue("number"))
	if err != nil {
		fail(w, err)
		return
	}
	if html(r) {
		show(w, []*order{o})
		return
	}
	answer(w, http.StatusOK, o)
}

func (s *shop) showOrders(w http.ResponseWriter, r *http.Request) {
	orders, err := readOrders(r.Context(), s.db)
	if err != nil {
		fail(w, err)
		return
	}
	show(w, orders)
}

func html(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }

func show(w http.ResponseWriter, orders []*order) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := page.Execute(w, orders); err != nil {
		log.Print(err)
	}
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // who doesn't read it asks again
}

// fail says what was wrong with a request. Of what is wrong here it says nothing
// but that: it isn't known whether the refund was stored, so the same is asked
// again.
func fail(w http.ResponseWriter, err error) {
	var invalid *refunds.InvalidError
	switch {
	case errors.Is(err, sql.ErrNoRows):
		http.Error(w, "there is no such order", http.StatusNotFound)
	case errors.Is(err, errTooMuch), errors.Is(err, refunds.ErrKeyTaken):
		http.Error(w, err.Error(), http.StatusConflict)
	case errors.As(err, &invalid), errors.Is(err, assist.ErrMoney):
		http.Error(w, err.Error(), http.StatusBadRequest)
	default:
		log.Print(err)
		http.Error(w, "ask again, with the same key", http.StatusInternalServerError)
	}
}
