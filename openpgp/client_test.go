package openpgp

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/assist-go/assist"
)

// sample reads an answer of Assist's documents.
func sample(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile("../testdata/" + name)
	require.NoError(t, err)
	return string(text)
}

// answered is a client that gets one answer to whatever it asks.
func answered(t testing.TB, body string, opts ...assist.Option) *assist.Client {
	t.Helper()
	transport := httpmock.NewMockTransport()
	transport.RegisterNoResponder(httpmock.NewStringResponder(http.StatusOK, body))
	client, err := assist.NewClient("https://assist.test", assist.Credentials{
		MerchantID: "515089", Login: "shop_login", Password: assist.NewSecret("invented"),
	}, append([]assist.Option{assist.WithHTTPClient(&http.Client{Transport: transport})}, opts...)...)
	require.NoError(t, err)
	return client
}

type spy struct{ seen *assist.SignedAnswer }

func (s spy) Verify(a assist.SignedAnswer) error {
	*s.seen = a
	return nil
}

// shown is what a verifier gets to see of a sample.
func shown(t testing.TB, name string, req assist.CancelRequest) *assist.SignedAnswer {
	t.Helper()
	var seen assist.SignedAnswer
	_, err := answered(t, sample(t, name), assist.WithVerifier(spy{&seen})).Cancel(t.Context(), req)
	require.NoError(t, err)
	return &seen
}

const codesFault = `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><e:Fault><faultcode>e:Server</faultcode><faultstring>refused</faultstring>` +
	`<detail><firstcode>7</firstcode><secondcode>102</secondcode></detail></e:Fault></e:Body></e:Envelope>`

// paymentXML is a row of results by date.
const paymentXML = `<payment><ordernumber>n-7</ordernumber><billnumber>5700027202722028.1</billnumber><orderstate>Approved</orderstate>` +
	`<orderamount>1.00</orderamount><ordercurrency>RUB</ordercurrency><amount>1.00</amount><currency>RUB</currency><meantype_id>36</meantype_id>` +
	`<responsecode>AS000</responsecode><protocolname>HTTPS</protocolname><operationtype>100</operationtype><operationdate>23.10.2013 12:30:00</operationdate></payment>`

// signedSample is the QIWI sample with another signature, and with texts
// replaced.
func signedSample(t testing.TB, message string, replace ...string) string {
	t.Helper()
	text := sample(t, "qiwi_cancel.xml")
	start, end := strings.Index(text, "<signature>"), strings.Index(text, "</signature>")
	text = text[:start] + "<signature>" + string(file(t, message)) + text[end:]
	return strings.NewReplacer(replace...).Replace(text)
}

func qiwiRequest(t testing.TB) assist.CancelRequest {
	t.Helper()
	amount, err := assist.ParseMoney("0.11", "RUB")
	require.NoError(t, err)
	return assist.CancelRequest{Billnumber: "5554143265883170", OrderNumber: "28042010_fffffffffffsd", Amount: amount}
}

func TestCancelWantsTheSignature(t *testing.T) {
	t.Parallel()
	v := verifierOf(t, "assist.gpg")
	declined := []string{"<operationstate>Success", "<operationstate>Declined", ">AS000<", ">AS102<"}
	tests := []struct {
		name, body string
		want       assist.Outcome
		reason     assist.SignatureReason
	}{
		{"short", signedSample(t, "sha1_short.b64"), assist.Accepted, ""},
		{"nine fields", signedSample(t, "sha256_nine_comma_operation.b64"), assist.Accepted, ""},
		{"no signature", signedSample(t, "sha1_short.b64", "<signature>", "<x>", "</signature>", "</x>"), assist.Unknown, assist.SignatureMissing},
		{"of another text", signedSample(t, "other_text.b64"), assist.Unknown, assist.SignatureOtherText},
		{"an order of another state", signedSample(t, "sha1_short.b64", "PartialCanceled", "Canceled"), assist.Unknown, assist.SignatureOtherText},
		{"a code that was changed", signedSample(t, "sha1_nine_comma_operation.b64", ">AS000<", ">AS300<", "Success", "In Process"), assist.Unknown, assist.SignatureOtherText},
		{"an operation that was changed", signedSample(t, "sha1_nine_comma_operation.b64", "3170.4<", "3170.5<"), assist.Unknown, assist.SignatureOtherText},
		{"a false decline", signedSample(t, "sha1_nine_comma_operation.b64", declined...), assist.Unknown, assist.SignatureOtherText},
		{"a false decline of what the short layout doesn't cover", signedSample(t, "sha1_short.b64", declined...), assist.Rejected, ""},
		{"an unsigned decline", signedSample(t, "unsigned.b64", declined...), assist.Unknown, assist.SignatureUnreadable},
		{"a refusal by codes, which Assist never signs", codesFault, assist.Rejected, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			x, err := answered(t, test.body, assist.WithVerifier(v)).Cancel(t.Context(), qiwiRequest(t))
			require.Equal(t, test.want, assist.OutcomeOf(err), "%v", err)
			if test.want == assist.Accepted {
				assert.Equal(t, assist.Succeeded, x.Status)
			}
			if test.reason != "" {
				requireReason(t, err, test.reason)
				var unknown *assist.UnknownOutcomeError
				require.ErrorAs(t, err, &unknown)
				assert.NotEmpty(t, unknown.Intent.ID)
			}
		})
	}
}

// A signature of another operation in the answer says nothing about ours.
func TestSignatureIsAboutOurOperation(t *testing.T) {
	t.Parallel()
	other := `<operation><billnumber>5554143265883170.5</billnumber><operationtype>300</operationtype><operationstate>Success</operationstate>` +
		`<amount>0.11</amount><currency>RUB</currency><responsecode>AS000</responsecode><operationdate>28.01.2014 14:30:01</operationdate></operation>`
	body := signedSample(t, "sha1_nine_comma_operation.b64", "</order>", other+"</order>")
	req := qiwiRequest(t)
	req.Order = &assist.Order{Billnumber: req.Billnumber.Payment(), Number: req.OrderNumber, Operations: []assist.Operation{{Billnumber: "5554143265883170.4"}}}
	_, err := answered(t, body, assist.WithVerifier(verifierOf(t, "assist.gpg"))).Cancel(t.Context(), req)
	requireReason(t, err, assist.SignatureOtherText)
}

func TestOrderServicesWantTheSignature(t *testing.T) {
	t.Parallel()
	v := verifierOf(t, "assist.gpg")
	answer := func(state, signature string) string {
		return `<result firstcode="0" secondcode="0" count="1"><order><ordernumber>28042010_fffffffffffsd</ordernumber><billnumber>5554143265883170</billnumber>` +
			`<orderamount>2.00</orderamount><ordercurrency>RUB</ordercurrency><orderstate>` + state + `</orderstate><packetdate>28.01.2014 14:30:02</packetdate>` +
			`<signature>` + signature + `</signature></order></result>`
	}
	good := string(file(t, "sha1_short.b64"))
	query := assist.OrderQuery{OrderNumber: "28042010_fffffffffffsd"}
	orders, err := answered(t, answer("PartialCanceled", good), assist.WithVerifier(v)).OrderState(t.Context(), query)
	require.NoError(t, err)
	assert.Equal(t, assist.OrderPartialCanceled, orders[0].State)
	for name, body := range map[string]string{
		"a state that was changed": answer("Canceled", good),
		"no signature":             answer("PartialCanceled", ""),
	} {
		c := answered(t, body, assist.WithVerifier(v))
		_, err := c.OrderResult(t.Context(), query)
		var failed *assist.FollowError
		require.ErrorAs(t, err, &failed, name)
		assert.Equal(t, "orderresult", failed.Service)
		var refused *assist.SignatureError
		require.ErrorAs(t, err, &refused, name)
		assert.Equal(t, assist.Unknown, assist.OutcomeOf(err))
	}
}

func TestResultsByDateCarryNoSignature(t *testing.T) {
	t.Parallel()
	from := time.Date(2013, 10, 23, 12, 0, 0, 0, time.UTC)
	ask := func(rows string) error {
		c := answered(t, `<result firstcode="0" secondcode="0">`+rows+`</result>`, assist.WithVerifier(verifierOf(t, "assist.gpg")))
		_, err := c.ResultsByDate(t.Context(), assist.PeriodQuery{From: from, To: from.Add(time.Hour)})
		return err
	}
	require.NoError(t, ask(paymentXML))
	wrong := strings.Replace(paymentXML, "</payment>", "<signature>"+string(file(t, "sha1_short.b64"))+"</signature></payment>", 1)
	requireReason(t, ask(wrong), assist.SignatureOtherText)
}

// An answer of a megabyte that is nothing but signature or operations must cost
// no more than an ordinary one.
func TestCostOfASignature(t *testing.T) {
	t.Parallel()
	v := verifierOf(t, "assist.gpg", "rsa.gpg")
	a := qiwiAnswer(t)
	for name, signature := range map[string]string{
		"too long":     strings.Repeat("kA0DAAIRzfHw5YyCWOE ", 50_000),
		"spaces":       strings.Repeat(" ", 1<<20),
		"many packets": strings.Repeat("kA0DAAIRzfHw5YyCWOE", 400),
	} {
		a.Signature = signature
		start := time.Now()
		require.Error(t, v.Verify(a), name)
		assert.Less(t, time.Since(start), time.Second, name)
	}
}
