package assisttest

import (
	"strconv"
	"strings"
	"time"
)

// cancelRequest is a cancel that has been read and whose parameters make sense
// on their own (protocol §3).
type cancelRequest struct {
	billnumber string // plain
	operation  int    // of an extended billnumber, else 0
	amount     *amount
	refundID   string
	ip         string
	legacy     bool
}

// target is a payment and how much of it goes back.
type target struct {
	payment *operation
	amount  amount
}

// readCancel checks the parameters. What is missing comes before what is
// malformed (inferred).
func readCancel(c *call) (cancelRequest, *refusal) {
	p := c.parameters
	hasAmount, hasCurrency := p["amount"] != "", p["currency"] != ""
	switch {
	case p["billnumber"] == "":
		return cancelRequest{}, refuse(codeMissing, aboutBill)
	case hasCurrency && !hasAmount:
		return cancelRequest{}, refuse(codeMissing, aboutAmount)
	case hasAmount && !hasCurrency:
		return cancelRequest{}, refuse(codeMissing, aboutCurrency)
	}
	req := cancelRequest{ip: p["clientip"], legacy: c.legacy}
	var ok bool
	if req.billnumber, req.operation, ok = splitBillnumber(p["billnumber"]); !ok {
		return cancelRequest{}, refuse(codeFormat, aboutBill)
	}
	if hasAmount {
		if !isCurrency(p["currency"]) {
			return cancelRequest{}, refuse(codeFormat, aboutCurrency)
		}
		a, ok := parseAmount(p["amount"], p["currency"])
		if !ok {
			return cancelRequest{}, refuse(codeFormat, aboutAmount)
		}
		req.amount = &a
	}
	if reason := p["cancelreason"]; reason != "" && reason != "1" && reason != "2" && reason != "3" {
		return cancelRequest{}, refuse(codeValue, 0)
	}
	if language := p["language"]; language != "" && language != "RU" && language != "EN" {
		return cancelRequest{}, refuse(codeValue, aboutLanguage)
	}
	if req.ip != "" && !isAddress(req.ip) {
		return cancelRequest{}, refuse(codeFormat, aboutClientIP)
	}
	// Form posts have no such parameter, so there it protects nobody.
	if id := p["externalrefundid"]; id != "" && c.protocol != protocolForm {
		if !isRefundID(id) {
			return cancelRequest{}, refuse(codeFormat, 0)
		}
		req.refundID = id
	}
	return req, nil
}

// cancel works a cancel: all of its operations are made, or none.
func (s *Server) cancel(m *merchant, req cancelRequest, f Fault, now time.Time) (*order, []*operation, *refusal) {
	o := m.byBillnumber[req.billnumber]
	if o == nil {
		return nil, nil, refuse(codeNone, aboutOrder)
	}
	if req.refundID != "" && o.refundIDs[req.refundID] {
		return nil, nil, refuse(codeDuplicate, aboutOperation)
	}
	targets, refused := targetsOf(o, req)
	if refused == nil {
		refused = s.refuses(m, targets, now)
	}
	if refused != nil {
		return nil, nil, refused
	}
	if req.refundID != "" {
		if o.refundIDs == nil {
			o.refundIDs = make(map[string]bool)
		}
		o.refundIDs[req.refundID] = true
	}
	o.unused += f.gap
	made := make([]*operation, 0, len(targets))
	for _, t := range targets {
		made = append(made, s.makeCancel(o, t, req, f, now))
	}
	return o, made, nil
}

// targetsOf tells which payments a cancel is for, and how much of each.
func targetsOf(o *order, req cancelRequest) ([]target, *refusal) {
	payments := o.payments()
	if req.operation != 0 {
		payments = only(payments, req.operation)
	}
	switch {
	case len(payments) == 0:
		return nil, refuse(codeNone, aboutOperation)
	case req.amount != nil && len(payments) > 1:
		// A part of an order with several payments needs the extended
		// billnumber of one of them.
		return nil, refuse(codeValue, aboutBill)
	case req.legacy && len(payments) > 1:
		// The flat answer of cancel.cfm has room for one operation.
		return nil, refuse(codeProhibited, aboutCancel)
	case req.amount != nil:
		return []target{{payments[0], *req.amount}}, nil
	}
	// Without an amount, what is left goes back (inferred).
	var targets []target
	for _, payment := range payments {
		if left := payment.left(); left > 0 {
			targets = append(targets, target{payment, amount{left, payment.amount.currency}})
		}
	}
	if len(targets) == 0 {
		return nil, refuse(codeProhibited, aboutCancel)
	}
	return targets, nil
}

func only(payments []*operation, number int) []*operation {
	for _, payment := range payments {
		// An extended billnumber names the authorisation (protocol §3), or what
		// confirmed it.
		if payment.number == number || payment.payment().number == number {
			return []*operation{payment}
		}
	}
	return nil
}

// refuses applies the rules about money to all targets, before anything is made.
func (s *Server) refuses(m *merchant, targets []target, now time.Time) *refusal {
	asked := make(map[ledgerKey]int64)
	for _, t := range targets {
		switch {
		case t.amount.currency != t.payment.amount.currency:
			return refuse(codeValue, aboutCurrency)
		case t.amount.minor == 0:
			return refuse(codeValue, aboutAmount)
		}
		if refused := walletRefuses(t.payment, t.amount, now); refused != nil {
			return refused
		}
		if t.amount.minor > t.payment.left() {
			return refuse(codeValue, aboutAmount)
		}
		// A hold has brought no money into the day, and takes none out of it.
		w := walletOf(t.payment)
		if w == noWallet || t.payment.isHold() {
			continue
		}
		key := ledgerKey{w, moscowDayOf(now), t.amount.currency}
		asked[key] += t.amount.minor
		if balance := s.balance(m, w, now, t.amount.currency); asked[key] > balance {
			return refuseTurnover(w, amount{max(balance, 0), t.amount.currency}, amount{asked[key], t.amount.currency})
		}
	}
	return nil
}

// makeCancel makes one cancel operation. From here on it exists, whatever
// becomes of the answer.
func (s *Server) makeCancel(o *order, t target, req cancelRequest, f Fault, now time.Time) *operation {
	payment := t.payment
	op := o.addLike(&operation{
		kind: kindCancel, amount: t.amount, date: now.Add(f.offsets.Operation), at: now, settled: now,
		listed: now.Add(max(s.listingDelay, f.listAfter)), reverses: payment,
	}, payment)
	if req.ip != "" {
		op.ip = req.ip
	}
	w := walletOf(payment)
	switch {
	case f.decline != "":
		op.state, op.code = stateDeclined, f.decline
	case f.settle != nil || w == webMoney || w == qiwi && s.qiwiInProcess:
		op.state, op.code, op.settled = stateInProcess, codeInProcess, time.Time{}
		payment.pending += t.amount.minor
		o.merchant.bookCancel(op, -1)
		after, code := s.settleDelay, codeDone
		if f.settle != nil {
			after, code = f.settle.after, f.settle.code
		}
		s.schedule.add(now.Add(after), func(at time.Time) { op.settle(code, at) })
	default:
		op.state, op.code = stateSuccess, codeDone
		payment.refunded += t.amount.minor
		o.merchant.bookCancel(op, -1)
	}
	return op
}

// settle ends a cancel in process. Its money counts for the Moscow day on which
// it was asked for.
func (o *operation) settle(code string, at time.Time) {
	payment := o.reverses
	payment.pending -= o.amount.minor
	o.code, o.settled = code, at
	if code == codeDone {
		o.state = stateSuccess
		payment.refunded += o.amount.minor
		return
	}
	o.state = stateDeclined
	o.order.merchant.bookCancel(o, 1)
}

// splitBillnumber takes 15 or 16 digits and an operation number behind a point.
func splitBillnumber(text string) (billnumber string, operation int, ok bool) {
	billnumber, number, extended := strings.Cut(text, ".")
	if len(billnumber) != 15 && len(billnumber) != 16 || !isDigits(billnumber) {
		return "", 0, false
	}
	if !extended {
		return billnumber, 0, true
	}
	if len(number) > 4 || !isDigits(number) || number[0] == '0' {
		return "", 0, false
	}
	operation, err := strconv.Atoi(number)
	return billnumber, operation, err == nil
}

func isDigits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

func isRefundID(text string) bool {
	if len(text) < 10 || len(text) > 100 {
		return false
	}
	return strings.IndexFunc(text, func(char rune) bool {
		letter := char >= 'a' && char <= 'z' || char >= 'A' && char <= 'Z'
		return !letter && !(char >= '0' && char <= '9') && char != '_' && char != '-'
	}) < 0
}
