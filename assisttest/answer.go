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
}

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
func (s *Server) work(c *call, f Fault, entry *Request, now time.Time) reply {
	entry.Worked = true
	m, refused := s.authenticate(c.parameters)
	if refused == nil {
		refused = f.refuse
	}
	if refused != nil {
		return s.refusalReply(c, refused, entry)
	}
	if c.service == Cancels {
		return s.workCancel(m, c, f, entry, now)
	}
	var out reply
	if c.service == ResultsByDate {
		var found []*operation
		if found, refused = s.operationsByDate(m, c, now); refused == nil {
			out = s.byDateReply(c, found, now)
		}
	} else {
		var found []*order
		if found, refused = s.orders(m, c, now); refused == nil {
			out = s.ordersReply(c, found, now)
		}
	}
	if refused != nil {
		return s.refusalReply(c, refused, entry)
	}
	return out
}

func (s *Server) workCancel(m *merchant, c *call, f Fault, entry *Request, now time.Time) reply {
	req, refused := readCancel(c)
	if refused != nil {
		return s.refusalReply(c, refused, entry)
	}
	if s.documented != nil {
		s.documented.reach(req.billnumber, s.ahead)
		s.catchUp()
		now = s.now()
	}
	o, made, refused := s.cancel(m, req, f, now)
	if refused != nil {
		return s.refusalReply(c, refused, entry)
	}
	for _, op := range made {
		entry.Operations = append(entry.Operations, billnumberOf(op))
		entry.Amounts = append(entry.Amounts, moneyOf(op.amount))
	}
	return s.cancelReply(c, o, made, f, now)
}

func (s *Server) refusalReply(c *call, r *refusal, entry *Request) reply {
	entry.FirstCode, entry.SecondCode = r.first, r.second
	switch c.format {
	case formatSOAP:
		return reply{status: s.faultStatus, media: mediaXML, body: s.soapFault(r, c.language)}
	case formatJSON:
		status := http.StatusBadRequest
		if r.first == codeAccess {
			status = http.StatusUnauthorized
		}
		return reply{status: status, media: mediaJSON, body: s.jsonFault(r, c.language)}
	case formatCSV:
		return reply{status: http.StatusOK, media: mediaCSV, body: csvRefusal(r)}
	}
	return reply{status: http.StatusOK, media: mediaXML, body: xmlRefusal(r)}
}

const (
	mediaXML  = "text/xml; charset=utf-8"
	mediaJSON = "application/json; charset=utf-8"
	mediaCSV  = "text/plain; charset=utf-8"
)

func (s *Server) cancelReply(c *call, o *order, made []*operation, f Fault, now time.Time) reply {
	listed := made
	if s.listAll && !c.legacy {
		listed = o.cancels()
	}
	a := cancelAnswer{order: s.orderRecord(o, dateText(now))}
	for _, op := range listed {
		r := operationRecord(op, c.language)
		if f.claim != nil && op == made[len(made)-1] {
			r["responsecode"], r["operationstate"] = f.claim.code, f.claim.state
		}
		if c.legacy && s.plainBillnumbers {
			r["billnumber"] = o.billnumber
		}
		a.operations = append(a.operations, r)
	}
	s.sign(a.order, a.operations)
	out := reply{status: http.StatusOK, media: mediaXML}
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

func (s *Server) ordersReply(c *call, found []*order, now time.Time) reply {
	orders := make([]orderAnswer, 0, len(found))
	for _, o := range found {
		orders = append(orders, s.orderAnswer(o, c.language, now, c.service == OrderResults))
	}
	out := reply{status: http.StatusOK, media: mediaXML}
	results := c.service == OrderResults
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
func (s *Server) orderAnswer(o *order, language string, now time.Time, operations bool) orderAnswer {
	a := orderAnswer{order: s.orderRecord(o, now.UTC().Format(minuteLayout))}
	if operations {
		for _, op := range o.operations {
			if !op.listed.After(now) {
				a.operations = append(a.operations, operationRecord(op, language))
			}
		}
	}
	s.sign(a.order, a.operations)
	if s.checkSecret != "" {
		a.order["checkvalue"] = checkValue(s.checkSecret, o.merchant.id, a.order)
	}
	return a
}

func (s *Server) byDateReply(c *call, found []*operation, now time.Time) reply {
	rows := make([]record, 0, len(found))
	for _, op := range found {
		a := s.orderAnswer(op.order, c.language, now, false)
		rows = append(rows, merged(a.order, operationRecord(op, c.language)))
	}
	if c.format == formatCSV {
		return reply{status: http.StatusOK, media: mediaCSV, body: csvByDate(rows)}
	}
	return reply{status: http.StatusOK, media: mediaXML, body: xmlByDate(rows)}
}
