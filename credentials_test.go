package assist

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	htmltemplate "html/template"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	texttemplate "text/template"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func credentialsNumber(i int) Credentials {
	return Credentials{MerchantID: "515089", Login: fmt.Sprintf("login-%03d", i), Password: NewSecret(fmt.Sprintf("secret-%03d", i))}
}

func TestCredentialsAreAskedForEachRequest(t *testing.T) {
	t.Parallel()
	for _, protocol := range []Protocol{SOAP, JSON, Form(FormatCSV)} {
		t.Run(protocol.String(), func(t *testing.T) {
			t.Parallel()
			calls := 0
			var bodies []string
			client := reach(t, testBase, WithProtocol(protocol), WithCredentials(func(ctx context.Context) (Credentials, error) {
				calls++
				assert.Equal(t, "the call's", ctx.Value(contextKey{}))
				return credentialsNumber(calls), nil
			}), through(roundTripper(func(req *http.Request) (*http.Response, error) {
				bodies = append(bodies, bodyOf(t, req))
				return nil, errPlanned
			})))
			ctx := context.WithValue(t.Context(), contextKey{}, "the call's")
			_, _ = client.Cancel(ctx, webMoneyRequest(t))
			_, _ = client.OrderResult(ctx, OrderQuery{OrderNumber: "n-7"})
			_, _ = client.ResultsByDate(ctx, PeriodQuery{From: client.now().Add(-3600e9), To: client.now()})
			require.Len(t, bodies, 3)
			for i, body := range bodies {
				assert.Contains(t, body, fmt.Sprintf("login-%03d", i+1))
				assert.Contains(t, body, fmt.Sprintf("secret-%03d", i+1))
			}
		})
	}
}

type contextKey struct{}

// A rotation between the intent and the send, or during the send, changes nothing
// of the request.
func TestRequestKeepsItsCredentials(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	now := 1
	rotate := func() {
		mu.Lock()
		defer mu.Unlock()
		now++
	}
	client := reach(t, testBase, WithCredentials(func(context.Context) (Credentials, error) {
		mu.Lock()
		defer mu.Unlock()
		return credentialsNumber(now), nil
	}), through(roundTripper(func(req *http.Request) (*http.Response, error) {
		rotate()
		body := bodyOf(t, req)
		assert.Contains(t, body, "secret-001")
		// A late answer that repeats what it was sent.
		return respond(req, strings.Replace(codesFault(1, 1), "<faultstring>", "<faultstring>secret-001 login-001 secret-002", 1)), nil
	})))
	_, err := client.Cancel(t.Context(), webMoneyRequest(t), SaveIntent(func(context.Context, Intent) error {
		rotate()
		_, err := client.credentials(t.Context())
		return err
	}))
	assert.Equal(t, Unknown, OutcomeOf(err))
	assert.NotContains(t, err.Error(), "secret-00")
	assert.NotContains(t, err.Error(), "login-00")
}

func TestCredentialsThatCannotBeHad(t *testing.T) {
	t.Parallel()
	mock := answering(http.StatusOK, soapAnswer(cancelled()))
	tests := []struct {
		name  string
		give  Credentials
		err   error
		field string
	}{
		{"an error", Credentials{}, fmt.Errorf("the vault is closed to %s: %w", planted, errPlanned), ""},
		{"nothing", Credentials{}, nil, "Credentials.MerchantID"},
		{"no password", Credentials{MerchantID: "515089", Login: "shop"}, nil, "Credentials.Password"},
		{"a broken login", Credentials{MerchantID: "515089", Login: "a\nb", Password: NewSecret("x")}, nil, "Credentials.Login"},
		{"another merchant's", Credentials{MerchantID: "515090", Login: "shop", Password: NewSecret("x")}, nil, "Credentials.MerchantID"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			client := reach(t, testBase, through(mock), WithCredentials(func(context.Context) (Credentials, error) { return test.give, test.err }))
			saved := 0
			_, err := client.Cancel(t.Context(), webMoneyRequest(t), SaveIntent(func(context.Context, Intent) error { saved++; return nil }))
			assert.Equal(t, NotSent, OutcomeOf(err))
			assert.Zero(t, saved, "no intent is made")
			assertDiscreet(t, err)
			_, asked := client.OrderResult(t.Context(), OrderQuery{OrderNumber: "n-7"})
			var follow *FollowError
			require.ErrorAs(t, asked, &follow)
			assertDiscreet(t, asked)
			if test.field != "" {
				var wrong *ValidationError
				require.ErrorAs(t, err, &wrong)
				assert.Equal(t, test.field, wrong.Field)
			}
			assert.True(t, client.payments.open("5700027202722028"))
		})
	}
	assert.Zero(t, mock.GetTotalCallCount())
}

func TestCredentialsSeenAreRemembered(t *testing.T) {
	t.Parallel()
	var keys keyring
	for i := range 20 {
		keys.remember(credentialsNumber(i))
		keys.remember(credentialsNumber(i))
	}
	for i := range 20 {
		cred := credentialsNumber(i)
		assert.Equal(t, "[redacted] of [redacted]", keys.seen.Clean(cred.Password.Reveal()+" of "+cred.Login))
	}
}

// The credentials given to NewClient may be without login and password then, and
// only then.
func TestClientMadeWithoutAPassword(t *testing.T) {
	t.Parallel()
	merchant := Credentials{MerchantID: "515089"}
	_, err := NewClient(testBase, merchant)
	require.Error(t, err)
	source := WithCredentials(func(context.Context) (Credentials, error) { return testCredentials(), nil })
	c, err := NewClient(testBase, merchant, source)
	require.NoError(t, err)
	assert.Equal(t, "a text", c.keys.seen.Clean("a text"), "an empty password hides nothing")
	_, err = NewClient(testBase, Credentials{}, source)
	require.Error(t, err)
}

const planted = "pl4ntedPassw0rd"

func TestSecretShowsNothing(t *testing.T) {
	t.Parallel()
	secret := NewSecret(planted)
	type exported struct{ Password Secret }
	type hidden struct {
		password Secret
		pointer  *Secret
	}
	values := map[string]any{
		"value":            secret,
		"pointer":          &secret,
		"exported field":   exported{secret},
		"unexported field": hidden{secret, &secret},
		"credentials":      Credentials{MerchantID: "1", Login: "login", Password: secret},
		"slice":            []Secret{secret},
		"map":              map[string]Secret{"a": secret},
	}
	for name, value := range values {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%p", "%10.3s", "%t"} {
				shown := fmt.Sprintf(verb, value)
				assert.NotContains(t, shown, planted, verb)
				assert.NotContains(t, shown, fmt.Sprintf("%x", planted), verb)
			}
			text, err := json.Marshal(value)
			if err == nil {
				assert.NotContains(t, string(text), planted)
			}
			text, err = xml.Marshal(value)
			if err == nil {
				assert.NotContains(t, string(text), planted)
			}
			var log bytes.Buffer
			slog.New(slog.NewTextHandler(&log, nil)).Info("x", "secret", value)
			slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", value)
			assert.NotContains(t, log.String(), planted)
			var stream bytes.Buffer
			_ = gob.NewEncoder(&stream).Encode(value)
			assert.NotContains(t, stream.String(), planted)
		})
	}
	assert.Equal(t, "[redacted]", fmt.Sprint(secret))
	assert.Equal(t, "[redacted]", secret.String())
	assert.Equal(t, "[redacted]", secret.GoString())
	assert.Equal(t, planted, secret.Reveal())
	require.Empty(t, Secret{}.Reveal())
	assert.Equal(t, Secret{}, NewSecret(""), "an empty secret is the zero value")
}

// A program prints, logs and stores its configuration in many ways. None of them
// may show a login or a password.
func TestCredentialsAreSilent(t *testing.T) {
	t.Parallel()
	cred := Credentials{MerchantID: "515089", Login: "pl4ntedLogin", Password: NewSecret(planted)}
	type config struct {
		URL    string
		Assist Credentials
	}
	type deep struct {
		Configs  []config
		ByName   map[string]*Credentials
		Anything any
		Pointer  *Secret
	}
	password := cred.Password
	for name, value := range map[string]any{
		"value": cred, "pointer": &cred, "in a struct": config{"https://x", cred}, "in an interface": any(&config{"https://x", cred}),
		"deep": deep{[]config{{"a", cred}}, map[string]*Credentials{"a": &cred}, cred, &password},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var shown bytes.Buffer
			for _, verb := range "vsqxXdTtbcoOUeEfFgG" { // %w and %p of a struct call no method of it
				for _, flag := range []string{"", "+", "#", "-", " ", "0", "10.3", "+10"} {
					fmt.Fprintf(&shown, "%"+flag+string(verb)+"\n", value)
				}
			}
			fmt.Fprintln(&shown, value)
			text, err := json.Marshal(value)
			require.NoError(t, err)
			shown.Write(text)
			if text, err = xml.Marshal(value); err == nil { // it has no maps
				shown.Write(text)
			}
			for _, handler := range []slog.Handler{slog.NewTextHandler(&shown, nil), slog.NewJSONHandler(&shown, nil)} {
				log := slog.New(handler).With("with", value).WithGroup("group")
				log.Info("x", "value", value, slog.Group("nested", slog.Any("value", value)), "around", struct{ V any }{value})
			}
			_ = gob.NewEncoder(&shown).Encode(value)
			require.NoError(t, texttemplate.Must(texttemplate.New("").Parse(`{{.}} {{printf "%#v" .}} {{html .}} {{js .}}`)).Execute(&shown, value))
			require.NoError(t, htmltemplate.Must(htmltemplate.New("").Parse(`<p>{{.}}</p><script>var c = {{.}};</script>`)).Execute(&shown, value))
			for _, hidden := range []string{planted, cred.Login, fmt.Sprintf("%x", planted), fmt.Sprintf("%x", cred.Login), fmt.Sprintf("%X", cred.Login)} {
				if _, rest, found := strings.Cut(shown.String(), hidden); found {
					t.Errorf("%s shows before %.100q", hidden, rest)
				}
			}
		})
	}
	text, err := json.Marshal(config{"https://x", cred})
	require.NoError(t, err)
	assert.JSONEq(t, `{"URL":"https://x","Assist":"assist.Credentials(515089)"}`, string(text), "what isn't secret is there")
	var stream bytes.Buffer
	require.NoError(t, gob.NewEncoder(&stream).Encode(cred))
	assert.Contains(t, stream.String(), "assist.Credentials(515089)")
}

func TestSecretEqual(t *testing.T) {
	t.Parallel()
	assert.True(t, NewSecret(planted).Equal(NewSecret(planted)))
	assert.True(t, Secret{}.Equal(NewSecret("")))
	for _, other := range []string{"", planted + "x", planted[1:], "x" + planted[1:]} {
		assert.False(t, NewSecret(planted).Equal(NewSecret(other)), other)
	}
}

// canaries are planted in every field that is secret or personal. None of them
// may ever be met in an error, a log line, a token or a panic.
var canaries = map[string]string{
	"password": planted, "login": "pl4ntedLogin", "check value secret": "pl4ntedWord",
	"cardholder": "PL4NTED HOLDER", "cardexpirationdate": "pl4nted-12/97", "meannumber": "pl4ntedMean4321",
	"firstname": "Pl4ntedFirst", "lastname": "Pl4ntedLast", "middlename": "Pl4ntedMiddle", "email": "pl4nted@example.com",
	"ipaddress": "203.0.113.177", "clientip": "203.0.113.178", "request's client IP": "198.51.100.179",
	"ordercomment": "pl4nted comment", "cheque item": "pl4nted tea", "an unheard-of field": "pl4nted unheard",
}

// aviary gathers every text that leaves the package.
type aviary struct {
	t     *testing.T
	texts map[string]string // each with the scenario that it was first met in
	log   bytes.Buffer
}

func (a *aviary) keep(scenario string, texts ...string) {
	for _, text := range texts {
		if _, known := a.texts[text]; !known {
			a.texts[text] = scenario
		}
	}
}

// exposes notes everything that can be printed of a value: by each verb, by
// both handlers of slog, and whatever can be reached inside, down the tree of
// an error too.
func (a *aviary) exposes(scenario string, value any) {
	if value == nil {
		return
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		a.keep(scenario, fmt.Sprintf(verb, value))
	}
	var log bytes.Buffer
	undated := &slog.HandlerOptions{ReplaceAttr: func(_ []string, at slog.Attr) slog.Attr {
		if at.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return at
	}}
	slog.New(slog.NewTextHandler(&log, undated)).Info("x", "value", value)
	slog.New(slog.NewJSONHandler(&log, undated)).Info("x", "value", value)
	// As a program's own configuration or record holds it.
	around := struct{ Value any }{value}
	slog.New(slog.NewJSONHandler(&log, undated)).WithGroup("g").Info("x", slog.Group("n", slog.Any("value", around)))
	a.keep(scenario, log.String())
	for _, marshal := range []func(any) ([]byte, error){json.Marshal, xml.Marshal} {
		if text, err := marshal(value); err == nil {
			a.keep(scenario, string(text))
		}
	}
	var encoded, filled bytes.Buffer
	// An error says that the value isn't written at all.
	_ = gob.NewEncoder(&encoded).Encode(value)
	_ = texttemplate.Must(texttemplate.New("").Parse(`{{.}} {{printf "%v" .}} {{print .}}`)).Execute(&filled, value)
	a.keep(scenario, encoded.String(), filled.String())
	if err, ok := value.(error); ok {
		a.keep(scenario, reachable(reflect.ValueOf(err), nil)...)
		switch e := err.(type) {
		case interface{ Unwrap() error }:
			if inner := e.Unwrap(); inner != nil {
				a.exposes(scenario, inner)
			}
		case interface{ Unwrap() []error }:
			for _, inner := range e.Unwrap() {
				a.exposes(scenario, inner)
			}
		}
	}
}

// reachable walks through pointers, interfaces and unexported fields, as a
// debugger or an error tracker does.
func reachable(v reflect.Value, seen []uintptr) (texts []string) {
	switch v.Kind() {
	case reflect.String:
		return []string{v.String()}
	case reflect.Pointer:
		for _, p := range seen {
			if p == v.Pointer() {
				return nil
			}
		}
		if !v.IsNil() {
			return reachable(v.Elem(), append(seen, v.Pointer()))
		}
	case reflect.Interface:
		if !v.IsNil() {
			return reachable(v.Elem(), seen)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			texts = append(texts, reachable(v.Field(i), seen)...)
		}
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return []string{fmt.Sprintf("%s", v)}
		}
		for i := range v.Len() {
			texts = append(texts, reachable(v.Index(i), seen)...)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			texts = append(append(texts, reachable(key, seen)...), reachable(v.MapIndex(key), seen)...)
		}
	}
	return texts
}

func (a *aviary) token(scenario, token string) {
	_, packed, _ := strings.Cut(token, ".")
	text, err := base64.RawURLEncoding.DecodeString(packed)
	require.NoError(a.t, err)
	a.keep(scenario, token, string(text))
}

func (a *aviary) search() {
	a.keep("log", a.log.String())
	forms := make(map[string]string)
	for name, canary := range canaries {
		forms[fmt.Sprintf("%x", canary)] = name
		for _, spell := range spellings {
			forms[strings.ToLower(spell(canary))] = name
		}
		for _, spell := range letterByLetter {
			forms[strings.ToLower(spell(canary))] = name
		}
	}
	for text, scenario := range a.texts {
		lower := strings.ToLower(text)
		for form, name := range forms {
			if at := strings.Index(lower, form); at >= 0 {
				a.t.Errorf("%s: shows the %s: …%s…", scenario, name, lower[max(at-80, 0):min(at+len(form)+40, len(lower))])
			}
		}
	}
}

// letterByLetter writes what needs no escape with escapes all the same.
var letterByLetter = map[string]func(string) string{
	"percents": func(text string) string { return eachByte(text, "%%%02X") },
	"units":    func(text string) string { return eachByte(text, `\u%04x`) },
	"entities": func(text string) string { return eachByte(text, "&#%d;") },
}

func eachByte(text, format string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		fmt.Fprintf(&b, format, c)
	}
	return b.String()
}

func (a *aviary) client(body string, opts ...Option) *Client {
	logger := slog.New(slog.NewJSONHandler(&a.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	transport := roundTripper(func(req *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(body)), Header: http.Header{}, Request: req}, nil
	})
	c, err := NewClient(testBase, Credentials{MerchantID: "515089", Login: canaries["login"], Password: NewSecret(planted)},
		append([]Option{WithHTTPClient(&http.Client{Transport: transport}), WithLogger(logger), DangerouslyLogBodies(),
			WithObserver(func(_ context.Context, x Exchange) {
				// No two are of one duration.
				x.Start, x.Duration = time.Time{}, 0
				a.exposes("exchange", x)
			})}, opts...)...)
	require.NoError(a.t, err)
	return c
}

func canaryRequest(t testing.TB) CancelRequest {
	req := webMoneyRequest(t)
	req.ClientIP = netip.MustParseAddr(canaries["request's client IP"])
	item := validItem(t)
	item.Name, item.Product = canaries["cheque item"], canaries["cheque item"]
	req.ChequeItems = []ChequeItem{item}
	req.Order = &Order{
		Billnumber: req.Billnumber, Number: req.OrderNumber, Comment: canaries["ordercomment"],
		Customer:   Customer{FirstName: canaries["firstname"], LastName: canaries["lastname"], MiddleName: canaries["middlename"], Email: canaries["email"]},
		Operations: []Operation{{Billnumber: "5700027202722028.1", CardHolder: canaries["cardholder"], CardExpiration: canaries["cardexpirationdate"], MeanNumber: canaries["meannumber"], IPAddress: canaries["ipaddress"]}},
	}
	return req
}

// The order and the operation of an answer in which every text that a server
// chooses freely repeats a credential.
func canaryOrder() [][2]string {
	return [][2]string{
		{"ordernumber", "2013.10.23-700027-5"}, {"orderamount", "1.00"}, {"ordercurrency", "RUB"}, {"ordercomment", canaries["ordercomment"]},
		{"orderdate", "23.10.2013 12:59:44"}, {"orderstate", "PartialCanceled"}, {"packetdate", "23.10.2013 13:58:37"},
		{"firstname", canaries["firstname"]}, {"lastname", canaries["lastname"]}, {"middlename", canaries["middlename"]}, {"email", canaries["email"]},
	}
}

func canaryOperation(state, code string) [][2]string {
	return [][2]string{
		{"operationtype", "300"}, {"operationstate", state}, {"amount", "0.10"}, {"currency", "RUB"}, {"responsecode", code},
		{"operationdate", "23.10.2013 13:58:21"}, {"ipaddress", canaries["ipaddress"]}, {"clientip", canaries["clientip"]},
		{"meannumber", canaries["meannumber"]}, {"cardholder", canaries["cardholder"]}, {"cardexpirationdate", canaries["cardexpirationdate"]},
		{"message", "wrong password " + planted}, {"customermessage", "login " + canaries["login"]}, {"recommendation", "not " + planted},
		{"unheardof", canaries["an unheard-of field"]},
	}
}

func xmlOf(fields [][2]string) string {
	var b strings.Builder
	for _, f := range fields {
		fmt.Fprintf(&b, "<%s>%s</%s>", f[0], f[1], f[0])
	}
	return b.String()
}

func jsonOf(fields [][2]string) string {
	var parts []string
	for _, f := range fields {
		parts = append(parts, fmt.Sprintf("%q:%q", f[0], f[1]))
	}
	return strings.Join(parts, ",")
}

// canaryAnswers are answers of all formats, good, bad and broken.
func canaryAnswers(t testing.TB) map[string]string {
	const plain, extended = "5700027202722028", "5700027202722028.3"
	answers := make(map[string]string)
	for name, op := range map[string][][2]string{
		"done": canaryOperation("Success", "AS000"), "in process": canaryOperation("In Process", "AS300"),
		"declined": canaryOperation("Declined", "AS102"), "contradicted": canaryOperation("Declined", "AS000"),
		"with a foreign code":  canaryOperation("Success", planted),
		"with a foreign state": canaryOperation(canaries["login"], "AS000"),
	} {
		order, operation := canaryOrder(), append([][2]string{{"billnumber", extended}}, op...)
		answers["soap "+name] = `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ws="http://www.paysecure.ru/ws/"><e:Body><ws:WSCancelResponseParams>` +
			`<order><billnumber>` + plain + `</billnumber>` + xmlOf(order[:6]) + `<customer>` + xmlOf(order[7:]) + `</customer><operation>` + xmlOf(operation) + `</operation></order>` +
			xmlOf(order[6:7]) + `</ws:WSCancelResponseParams></e:Body></e:Envelope>`
		answers["xml "+name] = `<result firstcode="0" secondcode="0" count="1"><orders><order>` + xmlOf(append(order, operation...)) + `</order></orders></result>`
		answers["order result "+name] = `<result firstcode="0" secondcode="0" count="1"><order><billnumber>` + plain + `</billnumber>` + xmlOf(order) + `<operation>` + xmlOf(operation) + `</operation></order></result>`
		answers["json "+name] = `{"wscancel":{"order":{"billnumber":"` + plain + `",` + jsonOf(order) + `,"operations":[{` + jsonOf(operation) + `}]}}}`
		var csv strings.Builder
		for _, f := range append(order, operation...) {
			fmt.Fprintf(&csv, "%s: %s;", f[0], f[1])
		}
		answers["csv "+name] = csv.String()
	}
	everything := planted
	for _, canary := range canaries {
		everything += " " + canary
	}
	good := answers["soap done"]
	for name, body := range map[string]string{
		"refusal":                      soapFault("<firstcode>7</firstcode><secondcode>102</secondcode><message>" + planted + " of " + canaries["login"] + "</message>"),
		"doubtful refusal":             soapFault("<firstcode>2</firstcode><secondcode>0</secondcode><message>" + planted + " of " + canaries["login"] + "</message>"),
		"fault without codes":          soapFault("<message>" + planted + " of " + canaries["login"] + "</message>"),
		"json refusal":                 `{"fault":{"faultcode":"7-102","faultstring":"` + planted + " of " + canaries["login"] + `","detail":{"message":"` + planted + `"}}}`,
		"HTML":                         "<html><body>" + everything + "</body></html>",
		"attributes":                   `<result firstcode="` + planted + `" secondcode="0" holder="` + everything + `"></result>`,
		"text":                         everything,
		"json broken":                  `{"wscancel":{"order":"` + everything + `"`,
		"json of another kind":         `{"` + canaries["login"] + `":"` + everything + `"}`,
		"json array":                   `["` + everything + `"]`,
		"cut":                          good[:len(good)-150],
		"wrong billnumber":             strings.ReplaceAll(good, plain, planted),
		"wrong amount":                 strings.ReplaceAll(good, "0.10", planted),
		"wrong currency":               strings.ReplaceAll(good, "RUB", planted),
		"wrong order amount":           strings.ReplaceAll(good, "1.00", planted),
		"another order number":         strings.ReplaceAll(good, "700027-5", planted),
		"an element twice":             strings.ReplaceAll(good, "<message>", "<cardholder>"+planted+"</cardholder><message>"),
		"an element of a strange name": strings.ReplaceAll(good, "<message>", "<"+planted+"></"+planted+"><message>"),
		"an open element":              strings.ReplaceAll(good, "<message>", "<"+planted+"><message>"),
		"a broken byte":                strings.ReplaceAll(good, "<ipaddress>", "\xff<ipaddress>"),
		"an unknown entity":            strings.ReplaceAll(good, planted, "&"+planted+";"),
		"a foreign namespace":          strings.ReplaceAll(good, "http://www.paysecure.ru/ws/", "http://"+planted+"/"),
	} {
		answers[name] = body
	}
	for name, spell := range letterByLetter {
		repeated := "Login=" + spell(canaries["login"]) + "&amp;Password=" + spell(planted)
		answers["refusal in "+name] = soapFault("<firstcode>7</firstcode><secondcode>102</secondcode><message>" + repeated + "</message>")
		answers["fault in "+name] = soapFault("<message>" + repeated + "</message>")
		answers["json refusal in "+name] = `{"fault":{"faultcode":"7-102","faultstring":"` + repeated + `","detail":{"message":"` + repeated + `"}}}`
		answers["text in "+name] = repeated
		answers["done, "+name] = strings.ReplaceAll(strings.ReplaceAll(good, planted, spell(planted)), canaries["login"], spell(canaries["login"]))
	}
	return answers
}

func TestCanaries(t *testing.T) {
	t.Parallel()
	a := &aviary{t: t, texts: make(map[string]string)}
	a.exchanges()
	a.questions()
	a.settings()
	a.requests()
	a.notifications()
	a.panics()
	a.search()

	// The log must have had something to say, or the search proves nothing.
	assert.Contains(t, a.log.String(), "assist exchange")
	assert.Contains(t, a.log.String(), "assist answer body")
	assert.Contains(t, a.log.String(), `<responsecode>AS102</responsecode>`)
	assert.Contains(t, a.log.String(), redacted)
}

func (a *aviary) exchanges() {
	v, err := NewCheckValueVerifier(NewSecret(canaries["check value secret"]), "515089")
	require.NoError(a.t, err)
	save := SaveIntent(func(_ context.Context, in Intent) error {
		a.exposes("intent", in)
		a.token("intent", in.Token())
		return nil
	})
	outcomes := make(map[Outcome]int)
	for name, body := range canaryAnswers(a.t) {
		for _, protocol := range []Protocol{SOAP, JSON, Form(FormatCSV), Form(FormatXML)} {
			req := canaryRequest(a.t)
			scenario := protocol.String() + " client, " + name
			c := a.client(body, WithProtocol(protocol), WithVerifier(v))
			x, err := c.Cancel(a.t.Context(), req, save)
			outcomes[OutcomeOf(err)]++
			a.exposes(scenario, err)
			if x != nil {
				a.token(scenario, x.Token())
				a.exposes(scenario, x.Intent)
				x.Status = InProcess
				_, err = c.Refresh(a.t.Context(), x)
				a.exposes(scenario, err)
			}
			_, err = c.Cancel(a.t.Context(), req)
			a.exposes(scenario+", again", err)
		}
		_, err := a.client(body, WithVerifier(comparing)).Cancel(a.t.Context(), canaryRequest(a.t))
		a.exposes("unsigned "+name, err)
		a.exposes("body of "+name, a.client("").redactedBody(body))
	}
	for _, o := range []Outcome{Unknown, Rejected, Accepted} {
		assert.NotZero(a.t, outcomes[o], "no answer was %s", o)
	}
}

func (a *aviary) questions() {
	v, err := NewCheckValueVerifier(NewSecret(canaries["check value secret"]), "515089")
	require.NoError(a.t, err)
	from := time.Date(2013, 10, 23, 0, 0, 0, 0, time.UTC)
	number := canaryRequest(a.t).OrderNumber
	accepted, err := a.client(canaryAnswers(a.t)["soap in process"]).Cancel(a.t.Context(), canaryRequest(a.t))
	require.NoError(a.t, err)
	for name, body := range canaryAnswers(a.t) {
		for _, opts := range [][]Option{nil, {WithVerifier(v)}, {WithProtocol(Form(FormatXML))}} {
			c := a.client(body, opts...)
			_, err := c.OrderResult(a.t.Context(), OrderQuery{OrderNumber: number})
			a.exposes("order result "+name, err)
			_, err = c.OrderState(a.t.Context(), OrderQuery{OrderNumber: number})
			a.exposes("order state "+name, err)
			_, err = c.ResultsByDate(a.t.Context(), PeriodQuery{From: from, To: from.Add(time.Hour)})
			a.exposes("result by date "+name, err)
			followed, err := c.Refresh(a.t.Context(), accepted)
			a.exposes("refresh "+name, err)
			if followed != nil {
				a.token("refresh "+name, followed.Token())
			}
			resolved, err := c.Resolve(a.t.Context(), accepted.Intent)
			a.exposes("resolve "+name, err)
			if resolved != nil {
				a.exposes("resolve "+name, resolved.Err)
			}
			_, err = c.Cancel(a.t.Context(), canaryRequest(a.t), LookFirst())
			a.exposes("look first "+name, err)
		}
	}
}

func (a *aviary) settings() {
	cred := Credentials{MerchantID: "515089", Login: canaries["login"], Password: NewSecret(planted)}
	a.exposes("credentials", cred)
	a.exposes("pointer to credentials", &cred)
	a.exposes("secret", cred.Password)
	c := a.client("")
	a.exposes("client", c)
	text, err := json.Marshal(struct{ Password Secret }{cred.Password})
	require.NoError(a.t, err)
	a.exposes("json of a secret", string(text))
	v, err := NewCheckValueVerifier(NewSecret(canaries["check value secret"]), "515089")
	require.NoError(a.t, err)
	a.exposes("check value verifier", v)
	a.keep("inside the check value verifier", reachable(reflect.ValueOf(v), nil)...)

	for _, base := range []string{"https://u:" + planted + "@host:port", "https://u:" + planted + "@host", planted, "ftp://" + planted, "https://host?" + planted, "https://host/%zz" + planted} {
		_, err := NewClient(base, cred)
		a.exposes("base URL", err)
	}
	for _, wrong := range []Credentials{
		{MerchantID: planted, Login: canaries["login"], Password: cred.Password},
		{MerchantID: "1", Login: canaries["login"] + "\n", Password: cred.Password},
		{MerchantID: "1", Login: canaries["login"], Password: NewSecret(planted + "\n")},
	} {
		_, err := NewClient(testBase, wrong)
		a.exposes("credentials", err)
	}
	_, err = NewCheckValueVerifier(NewSecret(canaries["check value secret"]), planted)
	a.exposes("check value", err)
	for _, read := range []func() error{
		func() error { _, err := ParseMoney(planted, "RUB"); return err },
		func() error { _, err := ParseMoney("1", planted); return err },
		func() error { _, err := ParseBillnumber(planted); return err },
		func() error { _, err := ParseBillnumber("5700027202722028." + planted); return err },
		func() error { _, err := ParseProtocol(planted); return err },
		func() error { _, err := ParseIntent(planted); return err },
		func() error { _, err := ParseIntent(intentTokenKind + "." + planted); return err },
		func() error { _, err := c.Resume(cancellationTokenKind + "." + planted); return err },
		func() error { return new(Money).UnmarshalText([]byte(planted)) },
		func() error { _, err := NewClient(testBase, cred, WithCancelPath(planted)); return err },
	} {
		err := read()
		require.Error(a.t, err)
		a.exposes("parsing", err)
	}
}

func (a *aviary) requests() {
	c := a.client("")
	for name, change := range map[string]func(*CancelRequest){
		"billnumber":    func(r *CancelRequest) { r.Billnumber = planted },
		"order number":  func(r *CancelRequest) { r.OrderNumber = planted + "\n" },
		"refund id":     func(r *CancelRequest) { r.ExternalRefundID = planted + " " },
		"client IP":     func(r *CancelRequest) { r.ClientIP = netip.MustParseAddr("fe80::1%" + planted) },
		"cheque":        func(r *CancelRequest) { r.ChequeItems[0].Measure = strings.Repeat(planted, 30) },
		"cheque number": func(r *CancelRequest) { r.ChequeItems[0].Quantity = planted },
		"order":         func(r *CancelRequest) { r.Order.Number = planted },
	} {
		req := canaryRequest(a.t)
		change(&req)
		_, err := c.Cancel(a.t.Context(), req)
		require.Equal(a.t, NotSent, OutcomeOf(err), name)
		a.exposes("request's "+name, err)
	}
	_, err := c.Cancel(a.t.Context(), canaryRequest(a.t), SaveIntent(func(context.Context, Intent) error { return errors.New("disk full") }))
	a.exposes("intent that can't be saved", err)
	gone, cancel := context.WithCancel(a.t.Context())
	cancel()
	_, err = c.Cancel(gone, canaryRequest(a.t))
	a.exposes("context over", err)
	c.http.Transport = roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("no route") })
	_, err = c.Cancel(a.t.Context(), canaryRequest(a.t))
	a.exposes("transport", err)
	for name, spell := range letterByLetter {
		c.http.Transport = roundTripper(func(*http.Request) (*http.Response, error) {
			return nil, fmt.Errorf("malformed HTTP: %w", errors.New(spell(planted)+" of "+spell(canaries["login"])))
		})
		_, err = c.OrderResult(a.t.Context(), OrderQuery{OrderNumber: "n-7"})
		a.exposes("transport, "+name, err)
	}
}

func (a *aviary) notifications() {
	v := verifierFunc(func(SignedAnswer) error { return nil })
	for name, body := range canaryAnswers(a.t) {
		h, err := a.client(body, WithVerifier(v)).NotificationHandler(func(context.Context, Order) error { return errors.New("no") })
		require.NoError(a.t, err)
		fields := notified(func(f url.Values) {
			for name, canary := range canaries {
				f.Set(strings.ReplaceAll(name, " ", ""), canary)
			}
		})
		a.keep("notification "+name, post(h, fields.Encode()), post(h, body))
	}
}

// A transport of the caller's that panics shows what it was given; what the SDK
// gives it to print must be harmless.
func (a *aviary) panics() {
	c := a.client("")
	c.http.Transport = roundTripper(func(*http.Request) (*http.Response, error) { panic(fmt.Sprintf("%+v %#v", c, c)) })
	caught := func(call func()) {
		defer func() { a.exposes("panic", recover()) }()
		call()
	}
	caught(func() { _, _ = c.Cancel(a.t.Context(), canaryRequest(a.t)) })
	caught(func() {
		_, _ = c.Cancel(a.t.Context(), canaryRequest(a.t), DespiteUnknown(Intent{}),
			SaveIntent(func(_ context.Context, in Intent) error { panic(fmt.Sprintf("%+v %#v", in, in)) }))
	})
	_, err := c.Cancel(a.t.Context(), canaryRequest(a.t))
	require.ErrorIs(a.t, err, ErrUnresolved, "a transport that panicked leaves the payment closed")
	a.exposes("after the panic", err)
}

// spellings are some of the ways in which servers and libraries write a text.
// All of them are tried in internal/redact.
var spellings = map[string]func(string) string{
	"as it is": func(s string) string { return s },
	"JSON": func(s string) string {
		text, _ := json.Marshal(s)
		return string(text[1 : len(text)-1])
	},
	"XML":            html.EscapeString,
	"a form":         url.QueryEscape,
	"a path":         url.PathEscape,
	"a form in JSON": func(s string) string { return strconv.QuoteToASCII(url.QueryEscape(s)) },
}

func withPassword(password string) Credentials {
	return Credentials{MerchantID: "515089", Login: testLogin, Password: NewSecret(password)}
}

// What net/http puts into its errors about a broken answer is a server's text.
func TestErrorsOfNetHTTPAreScrubbed(t *testing.T) {
	t.Parallel()
	const password = "P&ss <w0rd>"
	for name, spell := range spellings {
		broken := roundTripper(func(*http.Request) (*http.Response, error) {
			return nil, fmt.Errorf("malformed MIME header: %w", errors.New("Location: https://x/?Password="+spell(password)))
		})
		c, err := NewClient(testBase, withPassword(password), WithHTTPClient(&http.Client{Transport: broken}))
		require.NoError(t, err)
		_, err = c.Cancel(t.Context(), webMoneyRequest(t))
		require.Error(t, err)
		assert.NotContains(t, err.Error(), spell(password), name)
		assert.Contains(t, err.Error(), redacted, name)
		for inner := err; inner != nil; inner = errors.Unwrap(inner) {
			assert.NotContains(t, fmt.Sprintf("%+v", inner), spell(password), name)
		}
	}
}

func TestServerTextsAreScrubbedInEverySpelling(t *testing.T) {
	t.Parallel()
	const password = `P&ss<w0rd>`
	for name, spell := range spellings {
		quoted, err := json.Marshal("bad password " + spell(password))
		require.NoError(t, err)
		var log bytes.Buffer
		c, err := NewClient(testBase, withPassword(password), WithProtocol(JSON), DangerouslyLogBodies(),
			WithHTTPClient(&http.Client{Transport: answering(http.StatusBadRequest, `{"faultcode":"x","faultstring":`+string(quoted)+`}`)}),
			WithLogger(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
		require.NoError(t, err)
		_, err = c.Cancel(t.Context(), webMoneyRequest(t))
		require.Error(t, err)
		for where, text := range map[string]string{"error": err.Error(), "log": log.String()} {
			assert.NotContains(t, text, spell(password), "%s, %s", name, where)
			assert.Contains(t, text, redacted, "%s, %s", name, where)
		}
	}
}
