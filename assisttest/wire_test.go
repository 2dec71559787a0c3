package assisttest_test

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/stretchr/testify/require"
)

// The requests of these tests are written by hand and read by hand, so that
// they hold the server to the protocol and not to the client.

const (
	pathCancel = "/cancel/wscancel.cfm"
	pathFlat   = "/cancel/cancel.cfm"
	pathResult = "/orderresult/orderresult.cfm"
	pathState  = "/orderstate/orderstate.cfm"
	pathByDate = "/resultbydate/resultbydate.cfm"
)

// got is an answer.
type got struct {
	status int
	header http.Header
	body   string
}

func send(s *assisttest.Server, path, contentType, body string) (got, error) {
	response, err := s.HTTPClient().Post(s.URL+path, contentType, strings.NewReader(body))
	if err != nil {
		return got{}, err
	}
	text, err := io.ReadAll(response.Body)
	response.Body.Close()
	return got{response.StatusCode, response.Header, string(text)}, err
}

// credentialed are the credentials with name and value pairs after them. Of a
// name given twice the last value counts; an empty value takes the name away.
func credentialed(s *assisttest.Server, pairs []string) [][2]string {
	c := s.Credentials()
	all := append([]string{"Merchant_ID", c.MerchantID, "Login", c.Login, "Password", c.Password.Reveal()}, pairs...)
	var list [][2]string
	for i := 0; i < len(all); i += 2 {
		at := slices.IndexFunc(list, func(p [2]string) bool { return p[0] == all[i] })
		switch {
		case at < 0:
			list = append(list, [2]string{all[i], all[i+1]})
		case all[i+1] == "":
			list = slices.Delete(list, at, at+1)
		default:
			list[at][1] = all[i+1]
		}
	}
	return list
}

func postForm(s *assisttest.Server, path string, pairs ...string) (got, error) {
	values := url.Values{}
	for _, p := range credentialed(s, pairs) {
		values.Set(p[0], p[1])
	}
	return send(s, path, "application/x-www-form-urlencoded; charset=utf-8", values.Encode())
}

func postJSON(s *assisttest.Server, path string, pairs ...string) (got, error) {
	merchant, request := map[string]any{}, map[string]any{}
	for _, p := range credentialed(s, pairs) {
		switch name := strings.ToLower(p[0]); name {
		case "merchant_id", "login", "password":
			merchant[name] = p[1]
		default:
			request[name] = p[1]
		}
	}
	request["merchant"] = merchant
	body, err := json.Marshal(request)
	if err != nil {
		return got{}, err
	}
	return send(s, path, "application/json", string(body))
}

const soapOpen = `<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ws="http://www.paysecure.ru/ws/"><soapenv:Body>`
const soapEnd = `</soapenv:Body></soapenv:Envelope>`

// postSOAP writes the pairs in their order, after the first of them the
// credentials, as protocol §3 has it.
func postSOAP(s *assisttest.Server, path, wrapper string, pairs ...string) (got, error) {
	list := credentialed(s, pairs)
	if len(list) > 3 {
		list = append([][2]string{list[3]}, append(list[:3:3], list[4:]...)...)
	}
	var body strings.Builder
	body.WriteString(soapOpen + "<ws:" + wrapper + ">")
	for _, p := range list {
		name := strings.ToLower(p[0])
		body.WriteString("<" + name + ">" + p[1] + "</" + name + ">")
	}
	body.WriteString("</ws:" + wrapper + ">" + soapEnd)
	return send(s, path, "text/xml; charset=utf-8", body.String())
}

// element is any XML, for looking around in an answer.
type element struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Text     string     `xml:",chardata"`
	Children []element  `xml:",any"`
}

func parse(t *testing.T, body string) element {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(body))
	var root element
	require.NoError(t, decoder.Decode(&root), body)
	_, err := decoder.Token()
	for err == nil {
		_, err = decoder.Token()
	}
	require.ErrorIs(t, err, io.EOF)
	return root
}

// at gives the elements at a path of local names.
func (e element) at(path ...string) []element {
	list := []element{e}
	for _, name := range path {
		var next []element
		for _, parent := range list {
			for _, child := range parent.Children {
				if child.XMLName.Local == name {
					next = append(next, child)
				}
			}
		}
		list = next
	}
	return list
}

// text gives the text at a path, of the first element there.
func (e element) text(path ...string) string {
	found := e.at(path...)
	if len(found) == 0 {
		return "(none)"
	}
	return found[0].Text
}

func (e element) attr(name string) string {
	for _, a := range e.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return "(none)"
}

// codes are those of an answer in XML: "5/108", or "0/0".
func codes(t *testing.T, answer got) string {
	t.Helper()
	root := parse(t, answer.body)
	require.Equal(t, "result", root.XMLName.Local)
	return root.attr("firstcode") + "/" + root.attr("secondcode")
}

func rub(t testing.TB, text string) assist.Money {
	t.Helper()
	m, err := assist.ParseMoney(text, "RUB")
	require.NoError(t, err)
	return m
}

// cancelXML cancels by form post and gives the codes and the operations'
// billnumbers.
func cancelXML(t *testing.T, s *assisttest.Server, pairs ...string) (string, []string) {
	t.Helper()
	answer, err := postForm(s, pathCancel, append([]string{"Format", "3"}, pairs...)...)
	require.NoError(t, err)
	var made []string
	for _, op := range parse(t, answer.body).at("order", "operation") {
		made = append(made, op.text("billnumber")+" "+op.text("responsecode")+" "+op.text("amount"))
	}
	return codes(t, answer), made
}
