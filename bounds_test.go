package assist

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/assist-go/assist/internal/stopwatch"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What an answer under the size limit may cost. The time is that of a machine
// with nothing else to do, so the test allows for one several times slower.
const (
	mostTime   = 50 * time.Millisecond
	mostMemory = 64 << 20
	slowest    = 4
)

// filled repeats a pattern to just under the size limit. A %d in it is counted
// up.
func filled(before, pattern, after string) string {
	var b strings.Builder
	b.Grow(defaultMaxResponseSize)
	b.WriteString(before)
	for i := 0; ; i++ {
		next := pattern
		if strings.Contains(pattern, "%d") {
			next = strings.ReplaceAll(pattern, "%d", fmt.Sprint(i))
		}
		if b.Len()+len(next)+len(after) >= defaultMaxResponseSize {
			b.WriteString(after)
			return b.String()
		}
		b.WriteString(next)
	}
}

// dearAnswers are those that cost a careless reader most.
func dearAnswers() map[string]string {
	const (
		soapHead = `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ws="http://www.paysecure.ru/ws/"><e:Body><ws:WSCancelResponseParams>`
		soapTail = `</ws:WSCancelResponseParams></e:Body></e:Envelope>`
		order    = `<order><billnumber>5700027202722028</billnumber><ordernumber>2013.10.23-700027-5</ordernumber><orderstate>Approved</orderstate>`
		whole    = `<operation><billnumber>5700027202722028.%d</billnumber><operationtype>300</operationtype><operationstate>Success</operationstate>` +
			`<amount>0.10</amount><currency>RUB</currency><responsecode>AS000</responsecode></operation>`
		result = `<result firstcode="0" secondcode="0">`
		fault  = `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><e:Fault><faultcode>x</faultcode><faultstring>`
	)
	return map[string]string{
		"depth":                         filled("", "<a>", ""),
		"depth inside an answer":        filled(soapHead+order, "<a>", ""),
		"depth with namespaces":         filled(soapHead, `<a xmlns:n%d="u">`, ""),
		"depth of default namespaces":   filled(soapHead, `<a xmlns="u%d">`, ""),
		"attributes":                    filled("<a ", `a%d="" `, "></a>"),
		"the same attribute":            filled("<a ", `a="" `, "></a>"),
		"namespaces of one element":     filled("<a ", `xmlns:n%d="u" `, "></a>"),
		"attributes inside an answer":   filled(soapHead+"<x ", `a%d="" `, "></x>"+soapTail),
		"a long attribute":              filled(`<a b="`, "&amp;", `"></a>`),
		"a long name":                   filled("<", "a", "></a>"),
		"an unfinished name":            filled("<", "a", ""),
		"entities":                      filled(soapHead+order+"<ordercomment>", "&lt;", "</ordercomment></order>"+soapTail),
		"character references":          filled(soapHead+order+"<ordercomment>", "&#1078;", "</ordercomment></order>"+soapTail),
		"an unfinished entity":          filled(soapHead+order+"<ordercomment>&", "a", ""),
		"ampersands":                    filled(soapHead+order+"<ordercomment>", "&", ""),
		"line ends":                     filled(soapHead+order+"<ordercomment>", "\r\n", "</ordercomment></order>"+soapTail),
		"one CDATA section":             filled(soapHead+order+"<ordercomment><![CDATA[", "]]", "]]></ordercomment></order>"+soapTail),
		"CDATA sections":                filled(soapHead+order+"<ordercomment>", "<![CDATA[]]>", "</ordercomment></order>"+soapTail),
		"an unfinished CDATA section":   filled(soapHead+order+"<ordercomment><![CDATA[", "]]", ""),
		"comments":                      filled(soapHead, "<!---->", soapTail),
		"comments inside a text":        filled(soapHead+order+"<ordercomment>", "a<!---->", "</ordercomment></order>"+soapTail),
		"an unfinished comment":         filled(soapHead+"<!--", " -", ""),
		"processing instructions":       filled(soapHead, "<?a?>", soapTail),
		"a document type":               filled("<!DOCTYPE result [", "<!ELEMENT a (b)>", "]>"+result+"</result>"),
		"brackets in a document type":   filled("<!DOCTYPE result [", "[", ""),
		"quotes in a document type":     filled("<!DOCTYPE result [", `"`, ""),
		"entities in a document type":   filled("<!DOCTYPE result [", `<!ENTITY a "&b;&b;">`, "]>"+result+"</result>"),
		"windows-1251":                  filled("<?xml version=\"1.0\" encoding=\"windows-1251\"?>"+result+"<orders><order><ordercomment>", "\xe6", "</ordercomment></order></orders></result>"),
		"broken UTF-8":                  filled(soapHead, "\xff", soapTail),
		"elements that mean nothing":    filled(soapHead, "<x/>", soapTail),
		"elements in an order":          filled(soapHead+order, "<x/>", "</order>"+soapTail),
		"operations":                    filled(soapHead+order, "<operation><billnumber>1</billnumber></operation>", "</order>"+soapTail),
		"empty operations":              filled(soapHead+order, "<operation/>", "</order>"+soapTail),
		"whole operations":              filled(soapHead+order, whole, "</order>"+soapTail),
		"whole operations in XML":       filled(result+order, whole, "</order></result>"),
		"orders":                        filled(soapHead, "<order><billnumber>1</billnumber></order>", soapTail),
		"orders in XML":                 filled(result+"<orders>", "<order><billnumber>1</billnumber></order>", "</orders></result>"),
		"empty orders in XML":           filled(result+"<orders>", "<order/>", "</orders></result>"),
		"spaces":                        filled("", " ", ""),
		"HTML":                          filled("<html><body>", "<p>x<br>", "</body></html>"),
		"codes in a fault":              filled(fault, "1-2 ", "</faultstring></e:Fault></e:Body></e:Envelope>"),
		"digits in a fault":             filled(fault, "1", "</faultstring></e:Fault></e:Body></e:Envelope>"),
		"digits and spaces in a fault":  filled(fault, "1 ", "</faultstring></e:Fault></e:Body></e:Envelope>"),
		"a number far from its sign":    filled(fault+"1", " ", "-2</faultstring></e:Fault></e:Body></e:Envelope>"),
		"codes far apart in a fault":    filled(fault, "7 - ", "</faultstring></e:Fault></e:Body></e:Envelope>"),
		"capitals in a fault":           filled(fault, "İ", "</faultstring></e:Fault></e:Body></e:Envelope>"),
		"JSON depth":                    filled("", "[", ""),
		"JSON objects in depth":         filled("", `{"a":`, ""),
		"JSON depth inside":             filled(`{"wscancel":{"x":`, "[", ""),
		"JSON names":                    filled("{", `"a%d":1,`, `"a":1}`),
		"JSON names inside":             filled(`{"wscancel":{"order":{`, `"a%d":1,`, `"a":1}}}`),
		"JSON numbers":                  filled(`{"wscancel":[`, "1,", "1]}"),
		"JSON arrays that mean nothing": filled(`{"wscancel":{"x":[`, "[],", "1]}}"),
		"JSON objects of no meaning":    filled(`{"wscancel":{"x":[`, "{},", "1]}}"),
		"JSON names in many objects":    filled(`{"wscancel":{"x":[`, `{"a":1,"b":1},`, "1]}}"),
		"a long JSON number":            filled(`{"wscancel":{"order":{"amount":`, "1", "}}}"),
		"JSON escapes":                  filled(`{"wscancel":{"order":{"billnumber":"`, `\u0416`, `"}}}`),
		"JSON surrogates":               filled(`{"wscancel":{"order":{"billnumber":"`, `\ud83d\ude00`, `"}}}`),
		"JSON short escapes":            filled(`{"wscancel":{"order":{"billnumber":"`, `\n`, `"}}}`),
		"JSON operations":               filled(`{"wscancel":{"order":{"billnumber":"5700027202722028","orderstate":"x","operations":[`, `{"billnumber":""},`, `{"billnumber":""}]}}}`),
		"empty JSON operations":         filled(`{"wscancel":{"order":{"billnumber":"5700027202722028","orderstate":"x","operations":[`, `{},`, `{}]}}}`),
		"whole JSON operations": filled(`{"wscancel":{"order":{"billnumber":"5700027202722028","orderstate":"x","operations":[`,
			`{"billnumber":"5700027202722028.%d","operationtype":300,"operationstate":"Success","amount":0.1,"currency":"RUB","responsecode":"AS000"},`, `{"billnumber":"5700027202722028.999999"}]}}}`),
		"orders with operations in XML": filled(result+"<orders>",
			"<order><billnumber>1</billnumber>"+strings.Repeat("<operation><billnumber>1</billnumber></operation>", 17)+strings.Repeat(" ", 900)+"</order>", "</orders></result>"),
		"JSON orders": filled(`{"orderresult":{"orders":[`, `{"billnumber":""},`, `{"billnumber":""}]}}`),
		"CSV pairs":   filled("", "a%d:1;", ""),
		"CSV commas":  filled("", ";", ""),
		"CSV colons":  filled("billnumber", ":", ";"),
		"CSV lines":   filled("", "a\n", ""),
		"CSV columns": filled("", "a%d;", "\n1;"),
		"CSV rows":    filled("billnumber;amount;\n", "1;2;\n", ""),
		"CSV error":   filled("error;", "5;", ""),
		"a signature": filled(soapHead+order+"</order><signature>", "kA0DAAIRzfHw5YyCWOE ", "</signature>"+soapTail),
	}
}

// No answer under the size limit may cost much, whoever sends it. The test
// stands alone (it isn't parallel), because it counts what the whole process
// allocates.
func TestCostOfAnAnswer(t *testing.T) {
	if stopwatch.Slowdown > 1 {
		t.Skip("the race detector costs more than what is measured")
	}
	for name, body := range dearAnswers() {
		require.Less(t, len(body), defaultMaxResponseSize, name)
		for _, protocol := range []Protocol{SOAP, Form(FormatCSV)} {
			t.Run(protocol.String()+", "+name, func(t *testing.T) {
				cost(t, func(c *Client) { _, _ = c.Cancel(t.Context(), webMoneyRequest(t), DespiteUnknown(lastIntent(c))) }, answering(http.StatusOK, body), WithProtocol(protocol), WithVerifier(comparing))
			})
		}
	}
}

// A full cancel of thousands of payments is believed, and all of its operations
// are remembered. Neither that nor the next cancel may cost much.
func TestCostOfAFullCancel(t *testing.T) {
	if stopwatch.Slowdown > 1 {
		t.Skip("the race detector costs more than what is measured")
	}
	for protocol, name := range map[Protocol]string{SOAP: "whole operations", JSON: "whole JSON operations"} {
		// Whole means every row.
		answer := answering(http.StatusOK, strings.NewReplacer(
			"2028.0<", "2028.888888<", `2028.0"`, `2028.888888"`, `,{"billnumber":"5700027202722028.999999"}`, "",
		).Replace(dearAnswers()[name]))
		req := webMoneyRequest(t)
		req.Amount = Money{}
		t.Run(protocol.String(), func(t *testing.T) {
			cost(t, func(c *Client) {
				x, err := c.CancelFull(t.Context(), req)
				require.NoError(t, err)
				require.Greater(t, len(x.Operations), 4000)
			}, answer, WithProtocol(protocol))
			var next *Client
			first := func(c *Client) {
				next = c
				_, _ = c.CancelFull(t.Context(), req)
			}
			first(mocked(t, answer, WithProtocol(protocol)))
			cost(t, func(*Client) {
				_, err := next.CancelFull(t.Context(), req, DespiteUnknown(lastIntent(next)))
				require.ErrorIs(t, err, ErrOtherAnswer)
			}, answer)
		})
	}
}

// lastIntent is the one that stands in the way of the next cancel.
func lastIntent(c *Client) Intent {
	in, _ := c.payments.unresolvedBut("5700027202722028", nil)
	if in.ID == "" {
		in.Request.Billnumber = "5700027202722028"
	}
	return in
}

// cost runs a call a few times and holds the cheapest run against the limits:
// what a run costs more than another is the machine's.
func cost(t *testing.T, call func(*Client), transport http.RoundTripper, opts ...Option) {
	t.Helper()
	took, allocated := time.Hour, uint64(1<<62)
	for range 3 {
		c := mocked(t, transport, opts...)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		took = min(took, stopwatch.CPUTime(func() { call(c) }))
		runtime.ReadMemStats(&after)
		allocated = min(allocated, after.TotalAlloc-before.TotalAlloc)
		if took < mostTime && allocated < mostMemory {
			break
		}
	}
	assert.Less(t, took, mostTime*slowest)
	assert.Less(t, allocated, uint64(mostMemory), "%d MiB", allocated>>20)
	t.Logf("%s, %.1f MiB", took.Round(time.Microsecond), float64(allocated)/(1<<20))
}
