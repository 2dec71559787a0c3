// Package control makes a simulated Assist that other programs can use and steer
// over HTTP: what moved, what goes wrong next, what time it is.
package control

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
)

// Handler is the server with the paths by which a test in another language asks
// what moved, and says what goes wrong next.
func Handler(server *assisttest.Server) http.Handler {
	c := control{server}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method + " " + r.URL.Path {
		case "GET /moved":
			c.moved(w, r)
		case "POST /faults":
			c.faults(w, r)
		case "POST /advance":
			c.advance(w, r)
		case "POST /refund-by-hand":
			c.refundByHand(w, r)
		default:
			server.ServeHTTP(w, r)
		}
	})
}

type control struct{ server *assisttest.Server }

// moved tells how much of a payment went back and how much may still move: in
// JSON where that is asked for, else as a line.
func (c control) moved(w http.ResponseWriter, r *http.Request) {
	b := assist.Billnumber(r.FormValue("billnumber"))
	moved := c.server.Moved(b)
	if moved == (assist.Money{}) {
		http.Error(w, fmt.Sprintf("no payment or operation %q", b), http.StatusNotFound)
		return
	}
	pending := c.server.Pending(b)
	if !strings.Contains(r.Header.Get("Accept"), "json") && r.FormValue("format") != "json" {
		answer(w, "text/plain; charset=utf-8", fmt.Sprintf("moved %s, may still move %s\n", moved, pending))
		return
	}
	text, err := json.Marshal(map[string]string{
		"billnumber": string(b), "moved": moved.Amount(), "pending": pending.Amount(), "currency": moved.Currency(),
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer(w, "application/json", string(text)+"\n")
}

// faults takes one fault a line, written as for -fault.
func (c control) faults(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var faults []assisttest.Fault
	for line := range strings.Lines(string(body)) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		fault, err := ParseFault(line)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		faults = append(faults, fault)
	}
	c.server.Next(faults...)
	answer(w, "text/plain; charset=utf-8", fmt.Sprintf("%d more\n", len(faults)))
}

func (c control) advance(w http.ResponseWriter, r *http.Request) {
	by, err := time.ParseDuration(r.FormValue("by"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.server.Advance(by)
	answer(w, "text/plain; charset=utf-8", c.server.Now().Format(time.RFC3339)+"\n")
}

// refundByHand gives money back as somebody does in the personal account: all
// that is left where no amount is given.
func (c control) refundByHand(w http.ResponseWriter, r *http.Request) {
	var amount assist.Money
	if text := r.FormValue("amount"); text != "" {
		var err error
		if amount, err = assist.ParseMoney(text, r.FormValue("currency")); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	operations, err := c.server.RefundByHand(assist.Billnumber(r.FormValue("billnumber")), amount)
	if err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	for _, operation := range operations {
		answer(w, "text/plain; charset=utf-8", string(operation)+"\n")
	}
}

// answer writes a text. Who doesn't read it misses nothing but the text.
func answer(w http.ResponseWriter, contentType, text string) {
	w.Header().Set("Content-Type", contentType)
	_, _ = io.WriteString(w, text)
}
