package assist

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/assist-go/assist/internal/wire"
)

// longAnswer is an answer with so many operations, or in CSV with so many fields.
type longAnswer struct {
	name     string
	protocol Protocol
	service  wire.Service
	write    func(b *strings.Builder, rows int)
}

func longAnswers() []longAnswer {
	const operation = `<operation><billnumber>5700027202722028.%d</billnumber><operationtype>300</operationtype><operationstate>Success</operationstate>` +
		`<amount>0.10</amount><currency>RUB</currency><responsecode>AS000</responsecode><message>a &amp; b &#1040;&</message></operation>`
	return []longAnswer{
		{"SOAP", SOAP, wire.OrderResult, func(b *strings.Builder, n int) {
			b.WriteString(`<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ws="http://www.paysecure.ru/ws/"><e:Body><ws:orderresultResponse>` +
				`<orderresult><order><billnumber>5700027202722028</billnumber><orderstate>Approved</orderstate>`)
			for i := range n {
				fmt.Fprintf(b, operation, i+1)
			}
			b.WriteString(`</order></orderresult></ws:orderresultResponse></e:Body></e:Envelope>`)
		}},
		{"XML", Form(FormatXML), wire.OrderResult, func(b *strings.Builder, n int) {
			b.WriteString(`<result><order><billnumber>5700027202722028</billnumber><orderstate>Approved</orderstate>`)
			for i := range n {
				fmt.Fprintf(b, operation, i+1)
			}
			b.WriteString(`</order></result>`)
		}},
		{"XML, results by date", Form(FormatXML), wire.ResultByDate, func(b *strings.Builder, n int) {
			b.WriteString(`<result>`)
			for i := range n {
				fmt.Fprintf(b, `<payment><billnumber>5700027202722028.%d</billnumber><orderstate>Approved</orderstate><operationtype>100</operationtype>`+
					`<amount>0.10</amount><currency>RUB</currency><responsecode>AS000</responsecode></payment>`, i+1)
			}
			b.WriteString(`</result>`)
		}},
		{"JSON", JSON, wire.OrderResult, func(b *strings.Builder, n int) {
			b.WriteString(`{"orderresult":{"order":{"billnumber":"5700027202722028","orderstate":"Approved","operations":[`)
			for i := range n {
				if i > 0 {
					b.WriteByte(',')
				}
				fmt.Fprintf(b, `{"billnumber":"5700027202722028.%d","operationtype":300,"operationstate":"Success","amount":0.10,"currency":"RUB",`+
					`"responsecode":"AS000","message":"a\u0026b"}`, i+1)
			}
			b.WriteString(`]}}}`)
		}},
		{"CSV", Form(FormatCSV), wire.Cancel, func(b *strings.Builder, n int) {
			b.WriteString("billnumber:5700027202722028.3;operationtype:300;amount:0.10;currency:RUB;responsecode:AS000;orderstate:PartialCanceled;\n")
			for i := range n {
				fmt.Fprintf(b, "new%d: а & б;\n", i)
			}
			b.WriteString("signature:")
			for range n {
				b.WriteString("AAAA\n")
			}
		}},
	}
}

// Reading, and what a verifier is shown, takes no more than its size asks for: ten
// times the rows, at most twelve times the memory, and no hundred times the time.
// Not parallel: it measures.
func TestDecodingTakesWhatItsSizeAsksFor(t *testing.T) {
	for _, l := range longAnswers() {
		for _, contentType := range []string{"text/plain; charset=utf-8", "text/plain; charset=windows-1251"} {
			text := map[int]string{}
			for _, rows := range []int{750, 7500} {
				var b strings.Builder
				l.write(&b, rows)
				text[rows] = b.String()
			}
			measured := func(rows int) (bytes uint64, took time.Duration) {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				took = cpuTime(func() {
					var a wire.Answer
					require.NoError(t, l.protocol.read(text[rows], contentType, l.service, &a), l.name)
					require.NoError(t, a.Complete(l.service))
					for i := range a.Orders {
						order, err := orderOf(&a.Orders[i])
						require.NoError(t, err)
						signed := signedAnswer(l.service.String(), &a.Orders[i], order.Operations)
						require.Len(t, signed.Operations, len(order.Operations))
					}
				})
				runtime.ReadMemStats(&after)
				return after.TotalAlloc - before.TotalAlloc, took
			}
			// The best of several times counts.
			fewTook, manyTook := time.Hour, time.Hour
			var fewBytes, manyBytes uint64
			for n := 0; n < 3 || n < 30 && manyTook > 20*fewTook; n++ {
				var few, many time.Duration
				fewBytes, few = measured(750)
				manyBytes, many = measured(7500)
				fewTook, manyTook = min(fewTook, few), min(manyTook, many)
			}
			t.Logf("%s: %d kB in %v, %d kB in %v", l.name, fewBytes>>10, fewTook, manyBytes>>10, manyTook)
			assert.LessOrEqual(t, manyBytes, 12*fewBytes, "%s: memory", l.name)
			assert.LessOrEqual(t, manyTook, 30*fewTook, "%s: time; quadratic would be a hundred times", l.name)
		}
	}
}
