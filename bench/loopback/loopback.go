// Package loopback is the server that all contenders of the benchmarks talk to:
// a plain net/http server on a loopback port that answers the documents' QIWI
// sample, in the format that is asked for, about the billnumber that is asked
// for. It decodes nothing, so that its part of the time is small and the same
// for everybody.
package loopback

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// What the sample answers about. A request has to ask for the same.
const (
	OrderNumber = "28042010_fffffffffffsd"
	Amount      = "0.11"
	Currency    = "RUB"
	Billnumber  = "5554143265883170" // replaced by that of the request
)

// Format is one way to write the sample, and where it is served.
type Format struct {
	Name        string
	Path        string
	ContentType string
	Answer      string
}

// Formats gives the formats of the sample. SOAP is the documents' own, byte for
// byte. The others carry the same texts in the shapes in which Assist answers
// JSON and forms.
func Formats(qiwiSample string) []Format {
	return []Format{
		{"soap", "/cancel/wscancel.cfm", "text/xml; charset=utf-8", qiwiSample},
		{"json", "/json/wscancel.cfm", "application/json", jsonAnswer},
		{"form-xml", "/xml/cancel.cfm", "text/xml; charset=utf-8", xmlAnswer},
		{"form-csv", "/csv/cancel.cfm", "text/plain; charset=utf-8", csvAnswer},
	}
}

const jsonAnswer = `{"wscancel":{"order":{"billnumber":"5554143265883170","ordernumber":"28042010_fffffffffffsd","testmode":"0",` +
	`"ordercomment":"тестовый платеж","orderamount":"2.00","ordercurrency":"RUB","rate":"1","orderdate":"23.01.2014 13:27:57",` +
	`"orderstate":"PartialCanceled","customer":{"firstname":"qwertyq","lastname":"qwerty","middlename":"qwertyu","email":"test@test.ru"},` +
	`"operations":[{"billnumber":"5554143265883170.4","operationtype":"300","operationstate":"Success","amount":"0.11","currency":"RUB",` +
	`"ipaddress":"10.20.10.99","meantype_id":"36","meansubtype":"","meannumber":"9213301111","cardholder":"","issuebank":"",` +
	`"bankcountry":"UNKNOWN","responsecode":"AS000","message":"","customermessage":"Завершено успешно.","recommendation":"",` +
	`"approvalcode":"","protocoltypename":"","processingname":"QIWI","operationdate":"28.01.2014 14:30:01"}]},` +
	`"checkdata":{"packetdate":"28.01.2014 14:30:02","signature":"` + signature + `","checkvalue":""}}}`

const xmlAnswer = `<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE result [
<!ELEMENT result (orders?)>
<!ATTLIST result firstcode CDATA #REQUIRED secondcode CDATA #REQUIRED count CDATA #REQUIRED>
<!ELEMENT orders (order*)>
]>
<result firstcode="0" secondcode="0" count="1"><orders><order>
<ordernumber>28042010_fffffffffffsd</ordernumber><responsecode>AS000</responsecode><recommendation></recommendation><message></message>
<ordercomment>тестовый платеж</ordercomment><orderdate>23.01.2014 13:27:57</orderdate><amount>0.11</amount><currency>RUB</currency>
<meantypename>QIWI</meantypename><meannumber>9213301111</meannumber><lastname>qwerty</lastname><firstname>qwertyq</firstname>
<middlename>qwertyu</middlename><issuebank></issuebank><email>test@test.ru</email><bankcountry>UNKNOWN</bankcountry><rate>1</rate>
<approvalcode></approvalcode><meansubtype></meansubtype><cardholder></cardholder><ipaddress>10.20.10.99</ipaddress>
<protocoltypename></protocoltypename><testmode>0</testmode><customermessage>Завершено успешно.</customermessage>
<orderstate>PartialCanceled</orderstate><processingname>QIWI</processingname><operationtype>300</operationtype>
<billnumber>5554143265883170.4</billnumber><orderamount>2.00</orderamount><ordercurrency>RUB</ordercurrency><slipno></slipno>
<packetdate>28.01.2014 14:30:02</packetdate><signature>` + signature + `</signature>
</order></orders></result>
`

const csvAnswer = "ordernumber: 28042010_fffffffffffsd;\nresponsecode: AS000;\nrecommendation: ;\nmessage: ;\n" +
	"ordercomment: тестовый платеж;\norderdate: 23.01.2014 13:27:57;\namount: 0.11;\ncurrency: RUB;\nmeantypename: QIWI;\n" +
	"meannumber: 9213301111;\nlastname: qwerty;\nfirstname: qwertyq;\nmiddlename: qwertyu;\nissuebank: ;\nemail: test@test.ru;\n" +
	"bankcountry: UNKNOWN;\nrate: 1;\napprovalcode: ;\nmeansubtype: ;\ncardholder: ;\nipaddress: 10.20.10.99;\nprotocoltypename: ;\n" +
	"testmode: 0;\ncustomermessage: Завершено успешно.;\norderstate: PartialCanceled;\nprocessingname: QIWI;\noperationtype: 300;\n" +
	"billnumber: 5554143265883170.4;\norderamount: 2.00;\nordercurrency: RUB;\nslipno: ;\npacketdate: 28.01.2014 14:30:02;\n" +
	"signature: " + signature + ";\n"

// signature stands in for one, in the length of a real one.
const signature = "kA0DAAIRzfHw5YyCWOEBy01iCF9DT05TT0xFUue+6jI4MDQyMDEwX2ZmZmZmZmZmZmZmc2QyLjAwUlVCUGFydGlhbENhbmNlbGVkMjguMDEuMjAxNCAxNDozMDowMoh" +
	"GBAARAgAGBQJS577qAAoJEM3x8OWMgljh1YAAmgLqanafbwU/LXJaxG2v6U/qPxELAKC49kRcm6Yc4+cb8ILpNCa5JK50YQ=="

// Handler answers requests to the paths of the formats.
func Handler(formats []Format) http.Handler {
	mux := http.NewServeMux()
	for _, f := range formats {
		mux.Handle("POST "+f.Path, &answerer{
			contentType: []string{f.ContentType},
			length:      []string{strconv.Itoa(len(f.Answer))},
			pieces:      strings.Split(f.Answer, Billnumber),
		})
	}
	return mux
}

var sampleDate = []string{"Tue, 28 Jan 2014 14:30:02 GMT"}

// answerer writes one answer. A billnumber of the request has as many digits as
// the sample's, so the length of the answer is always the same.
type answerer struct {
	contentType, length []string
	pieces              []string
	buffers             sync.Pool
}

func (a *answerer) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	buffer, _ := a.buffers.Get().(*bytes.Buffer)
	if buffer == nil {
		buffer = new(bytes.Buffer)
	}
	defer a.buffers.Put(buffer)
	buffer.Reset()
	if _, err := buffer.ReadFrom(req.Body); err != nil {
		http.Error(w, "unreadable", http.StatusBadRequest)
		return
	}
	number, ok := billnumberIn(buffer.Bytes())
	if !ok {
		http.Error(w, "no billnumber", http.StatusBadRequest)
		return
	}
	// The number is copied: the answer is written over the request.
	var digits [len(Billnumber)]byte
	copy(digits[:], number)
	buffer.Reset()
	for i, piece := range a.pieces {
		if i > 0 {
			buffer.Write(digits[:])
		}
		buffer.WriteString(piece)
	}
	header := w.Header()
	header["Content-Type"], header["Content-Length"] = a.contentType, a.length
	// The clock stands where the sample's does: an answer that is older than its
	// own server's clock is not believed.
	header["Date"] = sampleDate
	_, _ = w.Write(buffer.Bytes())
}

// billnumberIn finds the digits behind the first "illnumber", whatever the
// format of the request.
func billnumberIn(request []byte) ([]byte, bool) {
	_, rest, found := bytes.Cut(request, []byte("illnumber"))
	if !found {
		return nil, false
	}
	start := bytes.IndexAny(rest, "0123456789")
	if start < 0 || len(rest) < start+len(Billnumber) {
		return nil, false
	}
	number := rest[start : start+len(Billnumber)]
	for _, c := range number {
		if c < '0' || c > '9' {
			return nil, false
		}
	}
	return number, true
}
