package assisttest

import (
	"html"
	"net/http"
)

// Garbage works the request and answers with bytes that are no document, under
// status 200.
func Garbage() Fault {
	return Answer(http.StatusOK, "application/octet-stream", "\x00\xff\x1f\x8b<ord\xc3er><][{\"\\u00")
}

// HTMLError works the request, and something in between answers with a page of
// HTML and an HTTP status, such as 502.
func HTMLError(status int) Fault {
	return Answer(status, mediaHTML, htmlPage(http.StatusText(status), ""))
}

// Answer works the request and answers with a text of yours. A status that is
// none counts as 502.
func Answer(status int, contentType, body string) Fault {
	return Fault{wire: wireAnswers, status: statusOf(status), media: contentType, body: body}
}

// Redirect answers with a redirect to another address, such as 307, and does
// nothing.
func Redirect(status int, location string) Fault {
	f := Answer(status, mediaHTML, "").WithoutDoing()
	f.location = location
	return f
}

// Refuse refuses the request with a first and a second code (protocol §9), and
// does nothing else. [Fault.AfterDoing] lets it be worked all the same.
func Refuse(first, second int) Fault { return Fault{refuse: refuse(first, second)} }

// RefuseDocumented is [Refuse] in the shape of the Fault that Assist's page
// prints, for one request: faultcode and faultstring are the two codes and
// nothing else, and the detail is empty (protocol §4). XML and CSV have no such
// shape. [WithDocumentedFaults] does that for all refusals.
func RefuseDocumented(first, second int) Fault {
	r := refuse(first, second)
	r.shape = codesAsFault
	return Fault{refuse: r}
}

// AfterDoing gives the same refusal in the answer to a request that was worked:
// the money of a cancel moves, and the caller reads codes.
func (f Fault) AfterDoing() Fault {
	f.lying = true
	return f
}

// GatewayFault works the request, and a gateway in between answers with a fault
// of its own, in the protocol asked for: a SOAP Fault, the "fault" of a JSON
// gateway, or HTML where the answer would be XML or CSV. The text is prose, which
// may hold numbers as [GatewayTexts] do; such numbers are no codes (protocol §4).
// The status is often 502, 503, 504, 429 or 408.
func GatewayFault(status int, text string) Fault {
	return Fault{wire: wireGateway, status: statusOf(status), body: text}
}

// ProseFault is [GatewayFault] in the shape that Assist's own faults have, with
// the text as faultstring and as message of the detail.
func ProseFault(status int, text string) Fault {
	return Fault{wire: wireProse, status: statusOf(status), body: text}
}

// GatewayTexts are texts that gateways and servers write, all with numbers in
// which a careless reader finds codes of Assist's. None of them says whether a
// request was worked.
func GatewayTexts() []string {
	return []string{
		"Retries exhausted: 3/3",
		"attempt 3/5 timed out",
		"upstream did not answer within 10-120 seconds",
		"12/200 connections in use, try again",
		"no healthy upstream (7/7 hosts down)",
		"повторите запрос через 3-5 минут",
		"rate limit: 10 / 100 requests per minute",
		"backend 15-308 is not reachable",
		"maintenance 2/141: back at 5:108",
	}
}

// WithHeader gives the same fault with a header in its answer, such as
// Retry-After. One that the server sets itself, such as Date, is replaced.
func (f Fault) WithHeader(name, value string) Fault {
	f.headers = append(f.headers[:len(f.headers):len(f.headers)], [2]string{name, value})
	return f
}

// TextInstead puts another text into the answer, under its wire name such as
// "ordernumber" or "message", of the order and of every operation that has it.
// Signatures and check values cover it. The server itself goes on with the truth.
func TextInstead(name, text string) Fault { return Fault{texts: [][2]string{{name, text}}} }

// InCharset writes the answer in a character set of Cyrillic with one byte a
// letter, windows-1251, under the name that the charset of Content-Type then has,
// such as "cp1251". The declaration of an XML document stays as it was: something
// on the way has made the document over (protocol §4).
func InCharset(name string) Fault { return Fault{charset: name} }

// Replay works the request and repeats the latest answer of the same service,
// with a new Date header: a server that has an old copy. Where there is no
// earlier answer, it answers 502 and HTML.
func Replay() Fault { return Fault{wire: wireReplays} }

// ReplayVerbatim is [Replay] with the headers that the answer had, its Date
// among them: a cache, a recorder or a middlebox.
func ReplayVerbatim() Fault { return Fault{wire: wireReplays, verbatim: true} }

// Back gives the same replay of the answer that came n answers before the latest.
// The server keeps the last sixteen of a service; where it has none so old, it
// takes the oldest.
func (f Fault) Back(n int) Fault {
	f.back = max(n, 0)
	return f
}

// statusOf keeps net/http from a panic over a status that is none.
func statusOf(status int) int {
	if status < 200 || status > 599 {
		return http.StatusBadGateway
	}
	return status
}

func htmlPage(title, text string) string {
	title = html.EscapeString(title)
	page := "<html><head><title>" + title + "</title></head><body><h1>" + title + "</h1>"
	if text != "" {
		page += "<p>" + html.EscapeString(text) + "</p>"
	}
	return page + "</body></html>\n"
}

func pageReply(status int) *reply {
	return &reply{status: status, media: mediaHTML, body: []byte(htmlPage(http.StatusText(status), ""))}
}

// wordedReply is the fault of a gateway or of a server that has no codes to
// tell.
func wordedReply(c *call, f Fault) *reply {
	out := &reply{status: f.status, media: mediaXML}
	switch c.format {
	case formatSOAP:
		detail := ""
		if f.wire == wireProse {
			detail = "<message>" + escaped(f.body) + "</message><recomendation></recomendation>"
		}
		out.body = soapFaultOf("soapenv:Server", f.body, detail)
	case formatJSON:
		out.media = mediaJSON
		fault := object{"fault": object{"faultstring": f.body, "detail": object{"errorcode": "gateway.TargetError"}}}
		if f.wire == wireProse {
			fault = object{"faultcode": "Server", "faultstring": f.body, "detail": object{"message": f.body, "recomendation": ""}}
		}
		out.body = jsonText(fault)
	default:
		out.media, out.body = mediaHTML, []byte(htmlPage(http.StatusText(f.status), f.body))
	}
	return out
}

// keptAnswers are the latest answers of one service, for replays.
type keptAnswers []*reply

const (
	mostKept  = 16
	bytesKept = 8 << 20
)

// keep remembers an answer. Large ones push out more of the older ones.
func (k keptAnswers) keep(out *reply) keptAnswers {
	k = append(k, out)
	total, first := 0, len(k)-1
	for i := len(k) - 1; i >= 0 && len(k)-i <= mostKept; i-- {
		if total += len(k[i].body); total > bytesKept && i < len(k)-1 {
			break
		}
		first = i
	}
	return append(keptAnswers(nil), k[first:]...)
}

// replayed is an earlier answer, or 502.
func (k keptAnswers) replayed(f Fault) *reply {
	if len(k) == 0 {
		return pageReply(http.StatusBadGateway)
	}
	earlier := *k[max(len(k)-1-f.back, 0)]
	if !f.verbatim {
		earlier.date = ""
	}
	earlier.headers = append(earlier.headers[:len(earlier.headers):len(earlier.headers)], f.headers...)
	return &earlier
}
