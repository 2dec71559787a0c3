package assist

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/assist-go/assist/internal/stopwatch"
	"github.com/assist-go/assist/internal/wire"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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
				took = stopwatch.CPUTime(func() {
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

func TestWireMoney(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ amount, currency, want string }{
		{"0.10", "RUB", "0.10 RUB"},
		{"100", "RUB", "100.00 RUB"},
		{"0.1", "RUB", "0.10 RUB"},
		{"0.1000", "RUB", "0.10 RUB"},
		{"10.000", "RUB", "10.00 RUB"},
		{"0", "RUB", "0.00 RUB"},
		{"100.00", "JPY", "100 JPY"},
		{"1.500", "KWD", "1.500 KWD"},
		{"1.5", "KWD", "1.500 KWD"},

		{"1,000.00", "RUB", "1000.00 RUB"},
		{"12,345,678.9", "RUB", "12345678.90 RUB"},
		{"1,000.00", "JPY", "1000 JPY"},

		{"1E+2", "RUB", "100.00 RUB"},
		{"1e2", "RUB", "100.00 RUB"},
		{"1.5E1", "RUB", "15.00 RUB"},
		{"12.34E+01", "RUB", "123.40 RUB"},
		{"1E-1", "RUB", "0.10 RUB"},
		{"0.1E+1", "RUB", "1.00 RUB"},
		{"100E-2", "RUB", "1.00 RUB"},
		{"0E+0", "RUB", "0.00 RUB"},
		{"9.99999E+5", "RUB", "999999.00 RUB"},

		{"1.00", "rub", "1.00 RUB"},
		{"1.00", "Usd", "1.00 USD"},
		{"1.00", "RUR", "1.00 RUB"},
		{"1.00", "rur", "1.00 RUB"},
		{"1.00", "643", "1.00 RUB"},
		{"1.00", "810", "1.00 RUB"},
		{"1.00", "933", "1.00 BYN"},
		{"1.00", "BYN", "1.00 BYN"},
		{"1.00", "XYZ", "1.00 XYZ"},
		{"100.00", "392", "100 JPY"},
	} {
		m, err := wireMoney(test.amount, test.currency)
		require.NoError(t, err, "%s %s", test.amount, test.currency)
		assert.Equal(t, test.want, m.String(), "%s %s", test.amount, test.currency)
	}
	byn, err := wireMoney("1.00", "BYN")
	require.NoError(t, err)
	for _, old := range []string{"BYR", "974"} {
		byr, err := wireMoney("1.00", old)
		require.NoError(t, err)
		require.NotEqual(t, byn, byr, "ten thousand times less")
		require.Equal(t, "BYR", byr.Currency())
	}
}

// What could be two amounts is none.
func TestWireMoneyRefusesDoubt(t *testing.T) {
	t.Parallel()
	for _, amount := range []string{
		"", " ", "-1.00", "+1.00", "1 000.00", "1'000.00", "1_000", "0x10", "NaN", "Infinity", "١٠٠", "1.00 RUB", "RUB 1.00", "$1.00", "1/2",
		"01.00", "00.10", "000000000010", ".50", "100.", "1.005", "0.123", "1..00", "1.0.0",
		"0,10", "1,5", "100,00", "1.000,00", "12.345.678,9", "1,000,000", "1.000.000", "1,000", "0,100", "12,345", "1,0000", "1,", ",50", "1,00.00", "1,0000.00", "1234,567.00", ",000.00", "0,000.00", "01,000.00", "1,,000.00",
		"1.000,", "1.000,000", "1.00,00", "1000.000,00", "1.000,00,00", "1,000.000,00", "1,00,000", "1.00.000", "0.000.000", "1,000,0000", "1,000.",
		"e2", "1e", "1e+", "1e2.5", "1E+2E+2", "1,5E2", "1.E2", ".5E2", "-1E2", "+1E2", "1e99", "1e-99", "1E+6", "1.0E7", "1.23457e+06", "1E-3", "1 E2", "0b1e2", "1.2345E+1",
		"9999999999999999", "99999999999999.99",
	} {
		m, err := wireMoney(amount, "RUB")
		require.ErrorIs(t, err, ErrMoney, "%q was read as %s", amount, m)
	}
	for _, currency := range []string{"", "RU", "RUBL", "R B", "руб", "руб.", "РУБ", "₽", "$", "€", "64", "0643", "999", "R0B", "uſd"} {
		m, err := wireMoney("1.00", currency)
		require.ErrorIs(t, err, ErrMoney, "%q was read as %s", currency, m)
	}
}
