package assisttest

import (
	"net/http"
	"time"
)

// reply is an answer as bytes.
type reply struct {
	status   int
	media    string
	body     []byte
	location string
	headers  [][2]string
	date     string // as it was sent; empty before
}

const (
	mediaXML  = "text/xml; charset=utf-8"
	mediaJSON = "application/json; charset=utf-8"
	mediaCSV  = "text/plain; charset=utf-8"
	mediaHTML = "text/html; charset=utf-8"
)

// cancelAnswer is an order with the cancels that the answer lists.
type cancelAnswer struct {
	order      record
	operations []record
}

// orderAnswer is one order of an order service.
type orderAnswer struct {
	order      record
	operations []record
}

// work acts on a request and writes its answer.
func (s *Server) work(c *call, f Fault, entry *Request, now time.Time) *reply {
	entry.Worked = true
	m, refused := s.authenticate(c.parameters)
	if refused == nil && !f.lying {
		refused = f.refuse
	}
	if refused != nil {
		return s.refusalReply(c, refused, entry)
	}
	var out *reply
	switch c.service {
	case Cancels:
		out, refused = s.workCancel(m, c, f, entry, now)
	case ResultsByDate:
		var found []row
		if found, refused = s.operationsByDate(m, c, viewOf(f, now)); refused == nil {
			out = s.byDateReply(c, found, viewOf(f, now))
		}
	default:
		var found []*order
		if found, refused = s.orders(m, c, now); refused == nil {
			out = s.ordersReply(c, found, viewOf(f, now))
		}
	}
	if refused == nil && f.lying {
		refused = f.refuse
	}
	if refused != nil {
		return s.refusalReply(c, refused, entry)
	}
	return out
}

func (s *Server) workCancel(m *merchant, c *call, f Fault, entry *Request, now time.Time) (*reply, *refusal) {
	req, refused := readCancel(c)
	if refused != nil {
		return nil, refused
	}
	if s.documented != nil {
		s.documented.reach(req.billnumber, s.ahead)
		s.catchUp()
		now = s.now()
	}
	o, made, refused := s.cancel(m, req, f, now)
	f.afterwards()
	if refused != nil {
		return nil, refused
	}
	for _, op := range made {
		entry.Operations = append(entry.Operations, billnumberOf(op))
		entry.Amounts = append(entry.Amounts, moneyOf(op.amount))
	}
	return s.cancelReply(c, o, made, viewOf(f, now)), nil
}

func (s *Server) refusalReply(c *call, r *refusal, entry *Request) *reply {
	entry.FirstCode, entry.SecondCode = r.first, r.second
	s.tellHint(r)
	switch c.format {
	case formatSOAP:
		return &reply{status: s.faultStatus, media: mediaXML, body: s.soapFault(r, c.language)}
	case formatJSON:
		status := http.StatusBadRequest
		if r.first == codeAccess {
			status = http.StatusUnauthorized
		}
		return &reply{status: status, media: mediaJSON, body: s.jsonFault(r, c.language)}
	case formatCSV:
		return &reply{status: http.StatusOK, media: mediaCSV, body: csvRefusal(r)}
	}
	return &reply{status: http.StatusOK, media: mediaXML, body: xmlRefusal(r)}
}

func (s *Server) cancelReply(c *call, o *order, made []*operation, v view) *reply {
	listed := made
	if (s.listAll || v.fault.listAll) && !c.legacy {
		listed = o.cancels()
	}
	a := cancelAnswer{order: v.retold(s.orderRecord(o, v, dateText(v.packet)))}
	rows := make([]row, 0, len(listed))
	for _, op := range listed {
		shown := v.row(op)
		if claim := v.fault.claim; claim != nil && op == made[len(made)-1] {
			shown.code, shown.state = claim.code, claim.state
		}
		rows = append(rows, shown)
	}
	for _, shown := range v.arranged(rows) {
		r := v.retold(operationRecord(shown, c.language))
		if c.legacy && s.plainBillnumbers {
			r["billnumber"] = o.billnumber
		}
		a.operations = append(a.operations, r)
	}
	s.sign(a.order, a.operations)
	out := &reply{status: http.StatusOK, media: mediaXML}
	switch {
	case c.format == formatCSV:
		out.media, out.body = mediaCSV, csvCancel(a)
	case c.format == formatJSON:
		out.media, out.body = mediaJSON, s.jsonCancel(a)
	case c.format == formatSOAP:
		out.body = soapCancel(a)
	case c.legacy:
		out.body = xmlFlatCancel(a)
	default:
		out.body = xmlCancel(a)
	}
	return out
}

func (s *Server) ordersReply(c *call, found []*order, v view) *reply {
	results := c.service == OrderResults
	orders := make([]orderAnswer, 0, len(found))
	for _, o := range found {
		if twice := v.fault.orderTwice; twice != nil {
			extra := s.orderAnswer(o, c.language, v, results)
			if *twice != "" {
				extra.order["orderstate"] = *twice
				s.seal(o.merchant, extra)
			}
			orders = append(orders, extra)
		}
		orders = append(orders, s.orderAnswer(o, c.language, v, results))
	}
	out := &reply{status: http.StatusOK, media: mediaXML}
	switch {
	case c.format == formatJSON && results:
		out.media, out.body = mediaJSON, s.jsonOrderResult(orders)
	case c.format == formatJSON:
		out.media, out.body = mediaJSON, s.jsonOrderState(orders)
	case c.format == formatSOAP && results:
		out.body = soapOrderResult(orders)
	case c.format == formatSOAP:
		out.body = soapOrderState(orders)
	case results:
		out.body = xmlOrderResult(orders)
	default:
		out.body = xmlOrderState(orders)
	}
	return out
}

// orderAnswer is an order as the order services tell it: the packet date to the
// minute, and of the operations those that are listed by now.
func (s *Server) orderAnswer(o *order, language string, v view, operations bool) orderAnswer {
	a := orderAnswer{order: v.retold(s.orderRecord(o, v, v.packet.UTC().Format(minuteLayout)))}
	if operations {
		for _, r := range v.rows(o.operations) {
			a.operations = append(a.operations, v.retold(operationRecord(r, language)))
		}
	}
	s.seal(o.merchant, a)
	return a
}

// seal signs an order of an order service and gives it its check value.
func (s *Server) seal(m *merchant, a orderAnswer) {
	s.sign(a.order, a.operations)
	if s.checkSecret != "" {
		a.order["checkvalue"] = checkValue(s.checkSecret, m.id, a.order)
	}
}

func (s *Server) byDateReply(c *call, found []row, v view) *reply {
	out := &reply{status: http.StatusOK, media: mediaXML}
	// One row at a time: a day can have tens of thousands.
	rows := func(yield func(record) bool) {
		for _, r := range found {
			a := s.orderAnswer(r.op.order, c.language, v, false)
			if !yield(merged(a.order, v.retold(operationRecord(r, c.language)))) {
				return
			}
		}
	}
	switch c.format {
	case formatCSV:
		out.media, out.body = mediaCSV, csvByDate(rows, s.checkSecret != "")
	case formatJSON:
		out.media, out.body = mediaJSON, s.jsonByDate(rows)
	default:
		out.body = xmlByDate(rows, len(found))
	}
	return out
}
