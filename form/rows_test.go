package form

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/assist-go/assist/internal/charset"
	"github.com/assist-go/assist/internal/wire"
)

// rowsOf reads a document row by row into the shape of a whole answer.
func rowsOf(doc, contentType string) (*wire.Answer, error) {
	var orders []wire.Order
	a, err := DecodeRows(strings.NewReader(doc), contentType, 1<<20, func(o *wire.Order) error {
		orders = append(orders, *o)
		return nil
	})
	if a != nil {
		a.Orders = orders
	}
	return a, err
}

func paymentRow(number, comment string) string {
	return `<payment><billnumber>` + number + `</billnumber><ordercomment>` + comment + `</ordercomment><orderstate>Approved</orderstate>` +
		`<operationtype>100</operationtype><amount>1.00</amount><currency>RUB</currency><responsecode>AS000</responsecode></payment>`
}

func TestDecodeRowsSample(t *testing.T) {
	t.Parallel()
	doc := sample(t, "resultbydate.xml")
	var whole wire.Answer
	require.NoError(t, DecodeXML(doc, wire.ResultByDate, &whole))
	rows, err := rowsOf(doc, "")
	require.NoError(t, err)
	require.NotEmpty(t, whole.Orders)
	require.Equal(t, whole.Orders, rows.Orders)
	require.Equal(t, whole.Codes, rows.Codes)
	require.Equal(t, whole.Count, rows.Count)
}

// Whatever the whole decoder says of a document, the rows say too.
func TestDecodeRowsAsTheWhole(t *testing.T) {
	t.Parallel()
	one, two := paymentRow("1.1", "a"), paymentRow("1.2", "b")
	for name, doc := range map[string]string{
		"rows":                         `<result firstcode="0" secondcode="0" count="2">` + one + two + `</result>`,
		"rows in orders":               `<result><orders>` + one + "\n " + two + `</orders></result>`,
		"rows amid spaces":             "<result>\r\n\t" + one + "\n\n" + two + "\n</result>\n",
		"no rows":                      `<result firstcode='0' secondcode='0' count='0'/>`,
		"a refusal":                    `<result firstcode='10' secondcode='100' count='0'></result>`,
		"rows beside a refusal":        `<result firstcode='10' secondcode='100'>` + one + `</result>`,
		"codes in elements":            `<result><firstcode>0</firstcode>` + one + `<secondcode>0</secondcode></result>`,
		"a DTD":                        `<?xml version="1.0"?><!DOCTYPE result [<!ELEMENT result (payment*)><!-- ' > ] --><?x ]> ?><!ENTITY y "]>">]>` + "\n<result>" + one + `</result>`,
		"comments and CDATA":           `<!-- <payment> --><result><!-- </result> -->` + paymentRow("1.1", "<![CDATA[</payment>]]>") + `<?x </result> ?></result>`,
		"a row's name in a comment":    `<result>` + paymentRow("1.1", "<!-- </payment> -->x") + two + `</result>`,
		"signs in attributes":          `<result a="</result>" b='>'>` + strings.Replace(one, "<payment>", `<payment c="/>" d='"'>`, 1) + `</result>`,
		"unknown elements":             `<result><new><payment/></new>` + one + `</result>`,
		"rows that an unknown one has": `<result><new>` + one + `</new></result>`,
		"a row inside a row":           `<result>` + strings.Replace(one, "</payment>", one+"</payment>", 1) + `</result>`,
		"a byte order mark":            "\ufeff<result>" + one + `</result>`,

		"nothing":                  "",
		"plain text":               "not an answer",
		"JSON":                     `{"resultbydate":[]}`,
		"HTML":                     `<html><body>504</body></html>`,
		"another root":             `<results>` + one + `</results>`,
		"a row alone":              one,
		"rows of another service":  `<result><order><billnumber>1</billnumber></order></result>`,
		"an empty row":             `<result><payment/></result>`,
		"a row cut":                `<result>` + one[:40],
		"a row not ended":          `<result>` + strings.TrimSuffix(one, "</payment>") + `</result>`,
		"the result cut":           `<result>` + one,
		"the result not ended":     `<result>` + one + `</resul`,
		"another end":              `<result>` + one + `</orders>`,
		"something behind":         `<result>` + one + `</result><result/>`,
		"text behind":              `<result>` + one + `</result>x`,
		"text beside rows":         `<result>` + one + `x` + two + `</result>`,
		"text between row and end": `<result>` + one + `x</result>`,
		"a field twice":            `<result>` + strings.Replace(one, "<amount>", "<amount>1</amount><amount>", 1) + `</result>`,
		"a code twice":             `<result firstcode="0"><firstcode>0</firstcode>` + one + `</result>`,
		"a container twice":        `<result><orders>` + one + `</orders><orders>` + two + `</orders></result>`,
		"a count of none":          `<result count="0">` + one + `</result>`,
		"a count without rows":     `<result firstcode="0" count="3"></result>`,
		"a DTD not ended":          `<!DOCTYPE result [<result>` + one + `</result>`,
		"a quote not ended":        `<result a="` + one + `</result>`,
		"a comment not ended":      `<result>` + one + `<!-- </result>`,
		"an end too many":          `</result></result>` + one,
		"a broken row":             `<result>` + strings.Replace(one, "</amount>", "</amont>", 1) + `</result>`,
		"a DTD in a row":           `<result>` + strings.Replace(one, "<amount>", "<!DOCTYPE a><amount>", 1) + `</result>`,
		"a declaration in a row":   `<result>` + strings.Replace(one, "<amount>", `<?xml version="1.0"?><amount>`, 1) + `</result>`,
		"two rows that are broken so that together they aren't": `<result><payment><billnumber>1.1</payment><payment></billnumber></payment></result>`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var whole wire.Answer
			wholeErr := DecodeXML(doc, wire.ResultByDate, &whole)
			if wholeErr == nil {
				wholeErr = whole.Complete(wire.ResultByDate)
			}
			rows, err := rowsOf(doc, "")
			if wholeErr != nil {
				require.Error(t, err, "the whole gives %v", wholeErr)
				require.Nil(t, rows)
				return
			}
			require.NoError(t, err)
			require.Equal(t, whole.Orders, rows.Orders)
			require.Equal(t, whole.Codes, rows.Codes)
		})
	}
}

// A document cut anywhere is no answer.
func TestDecodeRowsNeedsTheWholeDocument(t *testing.T) {
	t.Parallel()
	doc := strings.TrimSpace(sample(t, "resultbydate.xml"))
	for n := range len(doc) {
		_, err := rowsOf(doc[:n], "")
		require.Error(t, err, "cut at byte %d", n)
	}
	for _, r := range []io.Reader{iotest.OneByteReader(strings.NewReader(doc)), iotest.DataErrReader(strings.NewReader(doc))} {
		n := 0
		_, err := DecodeRows(r, "", int64(len(doc)), func(*wire.Order) error { n++; return nil })
		require.NoError(t, err)
		require.NotZero(t, n)
	}
	gone := errors.New("gone")
	_, err := DecodeRows(io.MultiReader(strings.NewReader(doc[:len(doc)-20]), iotest.ErrReader(gone)), "", 1<<20, func(*wire.Order) error { return nil })
	require.ErrorIs(t, err, gone)
}

func TestDecodeRowsCharset(t *testing.T) {
	t.Parallel()
	const comment = "за чай"
	for name, test := range map[string]struct {
		declaration, contentType, comment, want string
		charset                                 charset.Charset
	}{
		"UTF-8":          {"", "text/xml", comment, comment, charset.UTF8},
		"HTTP":           {"", "text/xml; charset=cp1251", "\xe7\xe0 \xf7\xe0\xe9", comment, charset.Windows1251},
		"a declaration":  {`<?xml version="1.0" encoding="windows-1251"?>`, "text/xml", "\xe7\xe0 \xf7\xe0\xe9", comment, charset.Windows1251},
		"not made over":  {`<?xml version="1.0" encoding="windows-1251"?>`, "text/xml; charset=utf-8", "\xe7\xe0 \xf7\xe0\xe9", comment, charset.Windows1251},
		"rubbish":        {"", "", "tea\x0b\xff&cake", "tea\ufffd\ufffd&cake", charset.UTF8},
		"a mark of UTF8": {"\ufeff", "text/xml; charset=cp1251", comment, comment, charset.UTF8},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, err := rowsOf(test.declaration+`<result>`+paymentRow("1.1", test.comment)+`</result>`, test.contentType)
			require.NoError(t, err)
			require.Equal(t, test.want, a.Orders[0].Text(wire.OrderComment))
			require.Equal(t, test.charset, a.Orders[0].Charset)
		})
	}
	_, err := rowsOf(`<result>`+strings.Replace(paymentRow("1.1", ""), "AS000", "AS\xff00", 1)+`</result>`, "")
	require.ErrorIs(t, err, wire.ErrDamaged)
}

func TestDecodeRowsHoldsItsBounds(t *testing.T) {
	t.Parallel()
	give := func(*wire.Order) error { return nil }
	doc := `<result>` + paymentRow("1.1", "") + `</result>`
	_, err := DecodeRows(strings.NewReader(doc), "", int64(len(doc)), give)
	require.NoError(t, err)
	_, err = DecodeRows(strings.NewReader(doc), "", int64(len(doc))-1, give)
	require.ErrorIs(t, err, ErrTooLarge)
	for name, endless := range map[string]string{
		"a row":       `<result><payment>` + strings.Repeat("<a>b</a>", MaxRow/8),
		"the rest":    `<result>` + strings.Repeat("<a>b</a>", MaxRow/8),
		"a text":      `<result>` + strings.Repeat("a", MaxRow+1),
		"a tag":       `<result ` + strings.Repeat("a", MaxRow),
		"a quote":     `<result a="` + strings.Repeat(">", MaxRow),
		"a comment":   `<!--` + strings.Repeat("-", MaxRow),
		"a DTD":       `<!DOCTYPE ` + strings.Repeat("<!-->", MaxRow/5),
		"JSON":        `{"a":"` + strings.Repeat("a", MaxRow),
		"only spaces": strings.Repeat(" ", MaxRow+1),
	} {
		_, err := DecodeRows(strings.NewReader(endless), "", 1<<30, give)
		require.ErrorIs(t, err, ErrTooLarge, name)
	}
	enough := errors.New("enough")
	n := 0
	_, err = DecodeRows(strings.NewReader(`<result>`+strings.Repeat(paymentRow("1.1", ""), 5)), "", 1<<20, func(*wire.Order) error {
		if n++; n == 3 {
			return enough
		}
		return nil
	})
	require.ErrorIs(t, err, enough)
	require.Equal(t, 3, n)
}

// manyRows writes rows as they are read.
type manyRows struct {
	left int
	bytes.Buffer
}

func (m *manyRows) Read(p []byte) (int, error) {
	for m.left > 0 && m.Len() < len(p) {
		m.left--
		fmt.Fprint(&m.Buffer, "\n  ", paymentRow(fmt.Sprint("5700027202722028.", m.left), strings.Repeat("x", 1200)))
		if m.left == 0 {
			m.WriteString("</result>")
		}
	}
	return m.Buffer.Read(p)
}

// A day of 40,000 operations takes the memory of a row.
func TestDecodeRowsHoldsOneRow(t *testing.T) {
	const rows = 40_000
	source := &manyRows{left: rows}
	source.WriteString("<result>")
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	n, most := 0, uint64(0)
	_, err := DecodeRows(source, "", 64<<20, func(o *wire.Order) error {
		if n++; n%4000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapAlloc)
		}
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, rows, n)
	assert.Less(t, int64(most)-int64(before.HeapAlloc), int64(1<<20))
}
