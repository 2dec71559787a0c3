package assist

import (
	"crypto/md5"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/charmap"
)

func in1251(t testing.TB, text string) string {
	t.Helper()
	out, err := charmap.Windows1251.NewEncoder().String(text)
	require.NoError(t, err)
	return out
}

// typed answers everything with one body of a Content-Type.
func typed(t testing.TB, contentType, body string, opts ...Option) *Client {
	t.Helper()
	return mocked(t, roundTripper(func(req *http.Request) (*http.Response, error) {
		resp := answerOf(req, body)
		resp.Header.Set("Content-Type", contentType)
		return resp, nil
	}), opts...)
}

// textAnswer is the answer to the test's cancel in one format, with a state and a
// comment.
type textAnswer struct {
	name     string
	protocol Protocol
	write    func(state, comment string) string
}

func textAnswers() []textAnswer {
	return []textAnswer{
		{"SOAP", SOAP, func(state, comment string) string {
			return strings.Replace(soapAnswer(coded(state, "AS000")), "<orderdate>", "<ordercomment>"+comment+"</ordercomment><orderdate>", 1)
		}},
		{"XML", Form(FormatXML), func(state, comment string) string {
			return `<result firstcode="0" secondcode="0"><orders><order><billnumber>5700027202722028.3</billnumber><ordernumber>2013.10.23-700027-5</ordernumber>` +
				`<operationtype>300</operationtype><operationstate>` + state + `</operationstate><amount>0.10</amount><currency>RUB</currency><responsecode>AS000</responsecode>` +
				`<orderstate>PartialCanceled</orderstate><ordercomment>` + comment + `</ordercomment></order></orders></result>`
		}},
		{"CSV", Form(FormatCSV), func(state, comment string) string {
			return "billnumber:5700027202722028.3;ordernumber:2013.10.23-700027-5;operationtype:300;operationstate:" + state +
				";amount:0.10;currency:RUB;responsecode:AS000;orderstate:PartialCanceled;ordercomment:" + comment + ";\n"
		}},
		{"JSON", JSON, func(state, comment string) string {
			return `{"wscancel":{"order":{"billnumber":"5700027202722028","ordernumber":"2013.10.23-700027-5","orderstate":"PartialCanceled","ordercomment":"` + comment + `",` +
				`"operations":[{"billnumber":"5700027202722028.3","operationtype":"300","operationstate":"` + state + `","amount":"0.10","currency":"RUB","responsecode":"AS000"}]}}}`
		}},
	}
}

// The charset decides what the words of a state are; nothing else hangs on it.
func TestCharsetOfAnAnswer(t *testing.T) {
	t.Parallel()
	const state, comment = "Завершено успешно", "за чай"
	for _, answer := range textAnswers() {
		for name, test := range map[string]struct {
			contentType, declaration string
			in1251                   bool
			want                     Outcome
		}{
			"UTF-8":                       {"text/plain", "", false, Accepted},
			"utf8":                        {"text/plain; charset=utf8", "", false, Accepted},
			"a charset that nobody knows": {"text/plain; charset=klingon", "", false, Accepted},
			"windows-1251":                {"text/plain; charset=windows-1251", "", true, Accepted},
			"cp1251":                      {`text/plain; charset="cp1251"`, "", true, Accepted},
			"Win-1251":                    {"text/plain;charset=Win-1251;", "", true, Accepted},
			"x-cp1251, with a colon":      {"text/plain; charset: x-cp1251", "", true, Accepted},
			"nobody says it":              {"text/plain", "", true, Unknown},
			"the wrong one":               {"text/plain; charset=windows-1251", "", false, Unknown},
			"declared":                    {"text/xml", "cp1251", true, Accepted},
			"declared UTF8":               {"text/xml", "UTF8", false, Accepted},
			"made over on its way":        {"text/xml; charset=utf-8", "windows-1251", false, Accepted},
			"not made over":               {"text/xml; charset=utf-8", "windows-1251", true, Accepted},
			"HTTP ahead of a declaration": {"text/xml; charset=windows-1251", "utf-8", true, Accepted},
		} {
			if test.declaration != "" && !strings.Contains(answer.name, "XML") && answer.name != "SOAP" {
				continue
			}
			t.Run(answer.name+" "+name, func(t *testing.T) {
				t.Parallel()
				body := answer.write(state, comment)
				if test.declaration != "" {
					body = `<?xml version="1.0" encoding="` + test.declaration + `"?>` + body
				}
				if test.in1251 {
					body = in1251(t, body)
				}
				x, err := typed(t, test.contentType, body, WithProtocol(answer.protocol)).Cancel(t.Context(), webMoneyRequest(t))
				require.Equal(t, test.want, OutcomeOf(err), "%v", err)
				if test.want == Accepted {
					assert.Equal(t, comment, x.Order.Comment)
				}
			})
		}
	}
}

// A comment may hold anything.
func TestRubbishInAComment(t *testing.T) {
	t.Parallel()
	for _, answer := range textAnswers() {
		for name, test := range map[string]struct{ comment, want string }{
			"a vertical tab":           {"tea\x0bgreen", "tea\ufffdgreen"},
			"a NUL":                    {"tea\x00green", "tea\ufffdgreen"},
			"an escape":                {"tea\x1b[0mgreen", "tea\ufffd[0mgreen"},
			"a tab":                    {"tea\tgreen", "tea\tgreen"},
			"bytes of another charset": {in1251(t, "за чай"), "\ufffd\ufffd \ufffd\ufffd\ufffd"},
			"half a character":         {"tea \xd0", "tea \ufffd"},
			"a bare ampersand":         {"tea & cake", "tea & cake"},
			"an emoji":                 {"tea 😀", "tea 😀"},
		} {
			t.Run(answer.name+" "+name, func(t *testing.T) {
				t.Parallel()
				x, err := typed(t, "text/plain; charset=utf-8", answer.write("Success", test.comment), WithProtocol(answer.protocol)).Cancel(t.Context(), webMoneyRequest(t))
				require.NoError(t, err)
				assert.Equal(t, test.want, x.Order.Comment)
			})
		}
	}
	for comment, want := range map[string]string{
		"tea&#11;green": "tea\ufffdgreen", "tea&nbsp;green": "tea&nbsp;green", "&#55357;&#56832;": "\ufffd\ufffd", "<![CDATA[a & <b>]]>": "a & <b>", "a ]]> b": "a ]]> b",
	} {
		x, err := typed(t, "text/xml", textAnswers()[0].write("Success", comment)).Cancel(t.Context(), webMoneyRequest(t))
		require.NoError(t, err)
		assert.Equal(t, want, x.Order.Comment)
	}
	for comment, want := range map[string]string{`tea\ud83d`: "tea\ufffd", "tea\r\ngreen": "tea\r\ngreen", `tea\u0000`: "tea\x00"} {
		x, err := typed(t, "application/json", textAnswers()[3].write("Success", comment), WithProtocol(JSON)).Cancel(t.Context(), webMoneyRequest(t))
		require.NoError(t, err)
		assert.Equal(t, want, x.Order.Comment)
	}
}

// The same in a text that decides makes the answer unreadable: what it says may be
// anything, and what it hides too.
func TestRubbishInATextThatDecides(t *testing.T) {
	t.Parallel()
	decides := []string{"5700027202722028.3", ">300<", ":300;", `"300"`, "0.10", "RUB", "AS000", "Success", "PartialCanceled"}
	for _, answer := range textAnswers() {
		whole := answer.write("Success", "tea")
		for _, text := range decides {
			if !strings.Contains(whole, text) {
				continue
			}
			for _, rubbish := range []string{"\x0b", "\x00", "\xff", "\xc0", "&", "&nbsp;", "&#11;", "\ufffd", "\u0085", "\u2028", "\\u0000", "\\ud83d"} {
				if strings.HasPrefix(rubbish, "\\") && answer.name != "JSON" || strings.HasPrefix(rubbish, "&#") && answer.name == "JSON" || strings.HasSuffix(rubbish, ";") && answer.name == "CSV" {
					continue
				}
				body := strings.ReplaceAll(whole, text, text[:2]+rubbish+text[2:])
				_, err := typed(t, "text/plain", body, WithProtocol(answer.protocol)).Cancel(t.Context(), webMoneyRequest(t))
				require.Equal(t, Unknown, OutcomeOf(err), "%s: %q: %v", answer.name, body, err)
			}
		}
	}
}

// A listed operation whose type can't be read is not passed over as something
// else's: the listing is no answer.
func TestRubbishHidesNoOperation(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"30\x0b0", "30\xff0", "300&", "ЗОО", "３００"} {
		body := orderXML("5700027202722028", strings.Replace(operationXML, "<operationtype>100<", "<operationtype>"+kind+"<", 1))
		require.Contains(t, body, kind)
		_, err := typed(t, "text/xml; charset=utf-8", body, WithProtocol(Form(FormatXML))).OrderResult(t.Context(), OrderQuery{OrderNumber: "n-7"})
		require.ErrorIs(t, err, ErrUnreadable, kind)
	}
}

// An operation's number that came as a JSON number may have lost its zeros.
func TestBillnumberOfAJSONNumber(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]Billnumber{
		`"5700027202722028.10"`: "5700027202722028.10",
		`5700027202722028.10`:   "5700027202722028",
		`5700027202722028.1`:    "5700027202722028",
		`5700027202722028.3`:    "5700027202722028",
		`5700027202722028`:      "5700027202722028",
	} {
		body := strings.Replace(textAnswers()[3].write("Success", "tea"), `"5700027202722028.3"`, number, 1)
		x, err := typed(t, "application/json", body, WithProtocol(JSON)).Cancel(t.Context(), webMoneyRequest(t))
		require.NoError(t, err, number)
		assert.Equal(t, want, x.Operation.Billnumber, number)
	}
	for _, number := range []string{"5.700027202722028E15", "57000272027220280", "-5700027202722028", "true"} {
		body := strings.Replace(textAnswers()[3].write("Success", "tea"), `"5700027202722028.3"`, number, 1)
		_, err := typed(t, "application/json", body, WithProtocol(JSON)).Cancel(t.Context(), webMoneyRequest(t))
		require.ErrorIs(t, err, ErrUnreadable, number)
	}
}

func TestFieldsByTwoNames(t *testing.T) {
	t.Parallel()
	body := strings.Replace(orderXML("5700027202722028", operationXML), "</operation>",
		"<protocolname>POS</protocolname><recomendation>call</recomendation></operation>", 1)
	orders, err := typed(t, "text/xml", body, WithProtocol(Form(FormatXML))).OrderResult(t.Context(), OrderQuery{OrderNumber: "n-7"})
	require.NoError(t, err)
	operation := orders[0].Operations[0]
	assert.Equal(t, "POS", operation.ProtocolTypeName)
	assert.Equal(t, "call", operation.Recommendation)
}

// A merchant's verifier is asked about the texts and about the bytes; either may
// be what was signed.
func TestVerifiersGetTheBytesAsSent(t *testing.T) {
	t.Parallel()
	const number = "Заказ-7"
	sign := func(number string) string {
		sum := func(text string) string {
			s := md5.Sum([]byte(text))
			return strings.ToUpper(hex.EncodeToString(s[:]))
		}
		lower := func(text string) string { s := md5.Sum([]byte(text)); return hex.EncodeToString(s[:]) }
		return sum(strings.ToUpper(lower("secret") + lower("515089"+number+"1.00RUBApproved")))
	}
	v, err := NewCheckValueVerifier(NewSecret("secret"), "515089")
	require.NoError(t, err)
	for name, test := range map[string]struct {
		contentType, signed string
		in1251, believed    bool
	}{
		"UTF-8, signed so":                  {"text/xml", number, false, true},
		"windows-1251, signed so":           {"text/xml; charset=cp1251", in1251(t, number), true, true},
		"windows-1251, its text signed":     {"text/xml; charset=cp1251", number, true, true},
		"UTF-8, the other bytes signed":     {"text/xml", in1251(t, number), false, false},
		"windows-1251, another text signed": {"text/xml; charset=cp1251", number + "0", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := strings.Replace(orderXML("5700027202722028", ""), "n-7", number, 1)
			body = strings.Replace(body, "</order>", "<checkvalue>"+sign(test.signed)+"</checkvalue></order>", 1)
			if test.in1251 {
				body = in1251(t, body)
			}
			orders, err := typed(t, test.contentType, body, WithProtocol(Form(FormatXML)), WithVerifier(v)).OrderState(t.Context(), OrderQuery{OrderNumber: number})
			if !test.believed {
				var refused *SignatureError
				require.ErrorAs(t, err, &refused)
				return
			}
			require.NoError(t, err)
			require.Equal(t, number, orders[0].Number)
		})
	}
}
