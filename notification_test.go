package assist

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/charmap"
)

// notified is a notification of the payment that orderXML and operationXML
// show.
func notified(change func(url.Values)) url.Values {
	fields := url.Values{
		"merchant_id": {"515089"}, "ordernumber": {"n-7"}, "billnumber": {"5700027202722028.1"}, "orderamount": {"1.00"},
		"ordercurrency": {"RUB"}, "amount": {"1.00"}, "currency": {"RUB"}, "orderstate": {"Approved"}, "operationtype": {"100"},
		"responsecode": {"AS000"}, "orderdate": {"23.10.2013 12:59:44"}, "packetdate": {"24.10.2013 14:00"}, "cardholder": {"IVAN PETROV"},
		"CheckValue": {checkValueOf(NewSecret("secret"), "515089n-71.00RUBApproved")},
	}
	change(fields)
	return fields
}

func TestNotifications(t *testing.T) {
	t.Parallel()
	set := func(name, value string) func(url.Values) { return func(f url.Values) { f.Set(name, value) } }
	check := func(text string) string { return checkValueOf(NewSecret("secret"), text) }
	tests := []struct {
		name   string
		change func(url.Values)
		step   string // where it fails; empty when it is handled
		silent bool   // it may become right, so it gets no answer
	}{
		{"as it is", func(url.Values) {}, "", false},
		{"of older pages, over the operation's amount", func(f url.Values) { f.Del("orderamount"); f.Del("ordercurrency") }, "", false},
		{"plain billnumber", set("billnumber", "5700027202722028"), "", false},
		{"a new field", set("somethingnew", "x"), "", false},

		{"no check value", func(f url.Values) { f.Del("CheckValue") }, "verifying", false},
		{"wrong check value", set("CheckValue", knownCheckValue), "verifying", false},
		{"a state that was changed", set("orderstate", "Declined"), "verifying", false},
		{"another merchant", func(f url.Values) {
			f.Set("merchant_id", "515090")
		}, "comparing the merchant", false},
		{"no merchant", func(f url.Values) { f.Del("merchant_id") }, "reading", false},
		{"two merchants", func(f url.Values) { f["Merchant_ID"] = []string{"515089"} }, "reading", false},
		{"a field twice", func(f url.Values) { f["OrderNumber"] = []string{"n-7"} }, "reading", false},
		{"no code", func(f url.Values) { f.Del("responsecode") }, "reading", false},
		{"an unreadable amount", set("amount", "1,00"), "reading", false},
		{"an unreadable billnumber", set("billnumber", "57"), "reading", false},
		{"a payment that isn't listed yet", set("billnumber", "5700027202722029.1"), "asking order results", true},
		{"an operation that isn't listed yet", set("billnumber", "5700027202722028.2"), "comparing with order results", true},
		{"a cancel that isn't listed yet, with a plain number", func(f url.Values) {
			f.Set("billnumber", "5700027202722028")
			f.Set("operationtype", "300")
		}, "comparing with order results", true},
		{"another type of operation", set("operationtype", "300"), "comparing with order results", false},
		{"another amount of the operation", set("amount", "0.50"), "comparing with order results", false},
		{"another amount of the order", func(f url.Values) {
			f.Set("orderamount", "2.00")
			f.Set("CheckValue", check("515089n-72.00RUBApproved"))
		}, "comparing with order results", false},
		{"another currency", func(f url.Values) {
			f.Set("ordercurrency", "USD")
			f.Set("CheckValue", check("515089n-71.00USDApproved"))
		}, "comparing with order results", false},
		{"no order number", func(f url.Values) {
			f.Del("ordernumber")
			f.Set("CheckValue", check("5150891.00RUBApproved"))
		}, "reading", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			// The order services are asked through the same client, whose answers must
			// satisfy the verifier too.
			c := asked(t, func(url.Values) string {
				return orderXML("5700027202722028", operationXML+"<checkvalue>"+check("515089n-71.00RUBApproved")+"</checkvalue>")
			}, WithVerifier(checkValueVerifierOf(t, "secret", "515089")), WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
			var got []Order
			h, err := c.NotificationHandler(func(_ context.Context, o Order) error { got = append(got, o); return nil })
			require.NoError(t, err)
			answer := post(h, notified(test.change).Encode())
			if test.silent {
				assert.Equal(t, silence, answer)
				assert.Empty(t, got)
				assert.Contains(t, log.String(), test.step)
				return
			}
			if test.step == "" {
				assert.Contains(t, answer, `firstcode="0" secondcode="0"><order><billnumber>5700027202722028`)
				assert.Contains(t, answer, `<packetdate>24.10.2013 14:00</packetdate>`)
				require.Len(t, got, 1)
				assert.Equal(t, OrderApproved, got[0].State)
				assert.Empty(t, got[0].Operations[0].CardHolder, "the order is that of order results")
				return
			}
			assert.Contains(t, answer, `<pushpaymentresult firstcode="1" secondcode="0"></pushpaymentresult>`)
			assert.Empty(t, got)
			assert.Contains(t, log.String(), test.step)
			assert.NotContains(t, log.String(), "PETROV")
		})
	}
}

// silence stands for no answer at all.
const silence = "(the connection is closed)"

func post(h http.Handler, body string) string {
	return postAs(h, "application/x-www-form-urlencoded", body)
}

func postAs(h http.Handler, contentType, body string) (answer string) {
	w := httptest.NewRecorder()
	req := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	req.Header.Set("Content-Type", contentType)
	defer func() {
		switch value := recover(); value {
		case nil:
		case http.ErrAbortHandler:
			answer = silence + w.Body.String()
		default:
			panic(value)
		}
	}()
	h.ServeHTTP(w, req)
	return w.Body.String()
}

func TestNotificationsThatAreNoForms(t *testing.T) {
	t.Parallel()
	c := asked(t, func(url.Values) string { return "" }, WithVerifier(verifierFunc(func(SignedAnswer) error { return nil })))
	h, err := c.NotificationHandler(func(context.Context, Order) error { return errors.New("not called") })
	require.NoError(t, err)
	const refused = `firstcode="1"`
	assert.Contains(t, post(h, "%zz"), refused)
	assert.Contains(t, post(h, "a="+strings.Repeat("x", maxNotification)), refused)

	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", strings.NewReader("<ws:PushPaymentResult/>")))
	assert.Contains(t, w.Body.String(), refused)
	w = httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/?merchant_id=515089", nil))
	assert.Equal(t, http.StatusMethodNotAllowed, w.Code)
	assert.Equal(t, "POST", w.Header().Get("Allow"))
}

func TestNotificationHandlerSettingsAndFailures(t *testing.T) {
	t.Parallel()
	c := mocked(t, answering(http.StatusOK, ""))
	_, err := c.NotificationHandler(func(context.Context, Order) error { return nil })
	require.ErrorContains(t, err, "WithVerifier", "anybody can post to a URL")
	any := WithVerifier(verifierFunc(func(SignedAnswer) error { return nil }))
	c = asked(t, func(url.Values) string { return orderXML("5700027202722028", operationXML) }, any)
	_, err = c.NotificationHandler(nil)
	assert.Equal(t, NotSent, OutcomeOf(err))

	_, err = c.NotificationHandler(func(context.Context, Order) error { return nil }, nil)
	assert.Equal(t, NotSent, OutcomeOf(err))

	h, err := c.NotificationHandler(func(context.Context, Order) error { return nil })
	require.NoError(t, err)
	answer := post(h, notified(func(f url.Values) { f.Set("packetdate", `<a b="&">`) }).Encode())
	assert.Contains(t, answer, "<packetdate>&lt;a b=&#34;&amp;&#34;&gt;</packetdate>")
}

func anyVerifier() Option {
	return WithVerifier(verifierFunc(func(SignedAnswer) error { return nil }))
}

const notTaken = `firstcode="1"`
const taken = `firstcode="0"`

// What passes is met with silence, for only after that Assist comes again.
func TestNotificationsInTrouble(t *testing.T) {
	t.Parallel()
	right := func(url.Values) string { return orderXML("5700027202722028", operationXML) }
	handled := func(context.Context, Order) error { return nil }
	for name, test := range map[string]struct {
		answer func(url.Values) string
		handle func(context.Context, Order) error
	}{
		"the handler errs":            {right, func(context.Context, Order) error { return errors.New("the shop is closed") }},
		"the handler panics":          {right, func(context.Context, Order) error { panic("the shop burns") }},
		"the handler panics with nil": {right, func(context.Context, Order) error { var f func(); f(); return nil }},
		"the handler aborts":          {right, func(context.Context, Order) error { panic(http.ErrAbortHandler) }},
		"order results are down":      {func(url.Values) string { return "<html>Bad Gateway</html>" }, handled},
		"order results refuse":        {func(url.Values) string { return codesXML(7, 102) }, handled},
		"too frequent":                {func(url.Values) string { return codesXML(17, 3) }, handled},
		"the order isn't listed yet":  {func(url.Values) string { return codesXML(10, 201) }, handled},
		"the operation isn't listed":  {func(url.Values) string { return orderXML("5700027202722028", "") }, handled},
	} {
		for _, version := range []int{1, 2} {
			for _, unavailable := range []bool{false, true} {
				t.Run(fmt.Sprint(name, " over HTTP/", version, " answered ", unavailable), func(t *testing.T) {
					t.Parallel()
					var log bytes.Buffer
					c := asked(t, test.answer, anyVerifier(), WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
					var opts []NotificationOption
					if unavailable {
						opts = append(opts, UnavailableInTrouble())
					}
					h, err := c.NotificationHandler(test.handle, opts...)
					require.NoError(t, err)
					server := httptest.NewUnstartedServer(h)
					server.EnableHTTP2 = version == 2
					server.StartTLS()
					defer server.Close()
					resp, err := server.Client().PostForm(server.URL, notified(func(url.Values) {}))
					if !unavailable {
						require.Error(t, err, "there is no answer")
						return
					}
					require.NoError(t, err)
					defer resp.Body.Close()
					assert.Equal(t, version, resp.ProtoMajor)
					assert.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)
					body, err := io.ReadAll(resp.Body)
					require.NoError(t, err)
					assert.Empty(t, body)
					assert.Contains(t, log.String(), "without an answer")
					assert.NotContains(t, log.String(), "the shop", "only steps are logged")
				})
			}
		}
	}
}

// Without a logger a panic is shown by net/http, as every other.
func TestNotificationPanicsWithoutALogger(t *testing.T) {
	t.Parallel()
	c := asked(t, func(url.Values) string { return orderXML("5700027202722028", operationXML) }, anyVerifier())
	h, err := c.NotificationHandler(func(context.Context, Order) error { panic("the shop burns") })
	require.NoError(t, err)
	assert.PanicsWithValue(t, "the shop burns", func() { post(h, notified(func(url.Values) {}).Encode()) })
}

// Nor does a log handler that panics change an answer.
func TestNotificationsBesideALogThatPanics(t *testing.T) {
	t.Parallel()
	var broken slog.Handler // nil: every call panics
	c := asked(t, func(url.Values) string { return codesXML(10, 201) }, anyVerifier(), WithLogger(slog.New(panickingLog{broken})))
	h, err := c.NotificationHandler(func(context.Context, Order) error { return nil })
	require.NoError(t, err)
	assert.Equal(t, silence, post(h, notified(func(url.Values) {}).Encode()))
	assert.Contains(t, post(h, "a=b"), notTaken)
}

type panickingLog struct{ slog.Handler }

// How a form may arrive.
func TestNotificationForms(t *testing.T) {
	t.Parallel()
	const plain = "application/x-www-form-urlencoded"
	const number = "Заказ №7"
	check := checkValueOf(NewSecret("secret"), "515089"+number+"1.00RUBApproved")
	form := notified(func(f url.Values) {
		f.Set("ordernumber", number)
		f.Set("CheckValue", check)
	})
	legacy := url.Values{}
	for name, values := range form {
		text, err := charmap.Windows1251.NewEncoder().String(values[0])
		require.NoError(t, err)
		legacy.Set(name, text)
	}
	raw := strings.ReplaceAll(legacy.Encode(), url.QueryEscape(legacy.Get("ordernumber")), legacy.Get("ordernumber"))
	checkSent := checkValueOf(NewSecret("secret"), "515089"+legacy.Get("ordernumber")+"1.00RUBApproved")
	for name, test := range map[string]struct {
		contentType, body string
		refused           bool
	}{
		"plain":                         {plain, form.Encode(), false},
		"capitals":                      {"Application/X-WWW-Form-Urlencoded", form.Encode(), false},
		"charset":                       {plain + "; charset=UTF-8", form.Encode(), false},
		"charset in quotes":             {plain + `;charset="utf-8"`, form.Encode(), false},
		"charset with a colon":          {plain + "; charset: utf-8", form.Encode(), false},
		"charset twice":                 {plain + "; charset=UTF-8; charset=UTF-8", form.Encode(), false},
		"charset without a value":       {plain + "; charset=", form.Encode(), false},
		"charset alone":                 {plain + "; charset", form.Encode(), false},
		"a semicolon behind":            {plain + ";", form.Encode(), false},
		"a parameter of no sense":       {plain + "; ;=; a b c", form.Encode(), false},
		"windows-1251":                  {plain + "; charset=windows-1251", legacy.Encode(), false},
		"windows-1251 by another name":  {plain + "; charset: CP1251", legacy.Encode(), false},
		"windows-1251, undeclared":      {plain, legacy.Encode(), false},
		"windows-1251 called UTF-8":     {plain + "; charset=utf-8", legacy.Encode(), false},
		"windows-1251, not escaped":     {plain, raw, false},
		"windows-1251, signed as sent":  {plain, strings.ReplaceAll(legacy.Encode(), check, checkSent), false},
		"no content type":               {"", form.Encode(), true},
		"another":                       {"text/plain", form.Encode(), true},
		"a name that only begins so":    {plain + "2", form.Encode(), true},
		"a bare percent sign":           {plain, form.Encode() + "&ordercomment=10%", true},
		"a bare semicolon":              {plain, form.Encode() + "&customermessage=Ok;+paid", true},
		"larger than any notification":  {plain, form.Encode() + "&x=" + strings.Repeat("x", maxNotification), true},
		"nothing":                       {plain, "", true},
		"by SOAP":                       {"text/xml", "<ws:PushPaymentResult/>", true},
		"a check value of another text": {plain, strings.ReplaceAll(form.Encode(), "CheckValue="+check, "CheckValue="+checkSent), true},
	} {
		for _, parsed := range []bool{false, true} {
			t.Run(fmt.Sprint(name, " parsed ", parsed), func(t *testing.T) {
				t.Parallel()
				if parsed && strings.HasPrefix(name, "a bare") {
					t.Skip("ParseForm leaves what it can't read out")
				}
				c := asked(t, func(f url.Values) string {
					if f.Get("Ordernumber") != number {
						return codesXML(10, 201)
					}
					return strings.ReplaceAll(orderXML("5700027202722028", operationXML+"<checkvalue>"+check+"</checkvalue>"), "n-7", number)
				}, WithVerifier(checkValueVerifierOf(t, "secret", "515089")))
				calls := 0
				inner, err := c.NotificationHandler(func(_ context.Context, o Order) error {
					calls++
					assert.Equal(t, number, o.Number)
					return nil
				})
				require.NoError(t, err)
				h := inner
				if parsed {
					h = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
						_ = req.ParseForm()
						inner.ServeHTTP(w, req)
					})
				}
				answer := postAs(h, test.contentType, test.body)
				if test.refused {
					assert.Contains(t, answer, notTaken)
					assert.Zero(t, calls)
					return
				}
				assert.Contains(t, answer, taken)
				assert.Equal(t, 1, calls)
			})
		}
	}
}

// flood is an order service that takes a second for an answer.
type flood struct {
	mu                  sync.Mutex
	asking, most, asked int
	begun               []time.Time
}

func (f *flood) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	f.asking++
	f.asked++
	f.most = max(f.most, f.asking)
	f.begun = append(f.begun, time.Now())
	f.mu.Unlock()
	time.Sleep(time.Second)
	f.mu.Lock()
	f.asking--
	f.mu.Unlock()
	number := form.Get("Ordernumber")
	text := strings.ReplaceAll(orderXML("5700027202722028", operationXML), "5700027202722028", "57"+fmt.Sprintf("%014s", strings.TrimPrefix(number, "n-")))
	return answerOf(req, strings.ReplaceAll(text, "n-7", number)), nil
}

// A notification that is replayed three hundred times makes a few questions, and
// each is believed only after one that began when it had come.
func TestReplayedNotificationsShareTheirQuestions(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		apart     time.Duration // between two notifications
		questions int
	}{"together": {0, 1}, "one after the other, faster than answers": {10 * time.Millisecond, 4}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &flood{}
				h, err := mocked(t, f, WithProtocol(Form(FormatXML)), anyVerifier()).NotificationHandler(func(_ context.Context, o Order) error {
					// Each may edit what it was given.
					o.Operations[0].CardHolder = ""
					return nil
				})
				require.NoError(t, err)
				body := notified(func(v url.Values) {
					v.Set("ordernumber", "n-7")
					v.Set("billnumber", "5700000000000007.1")
				}).Encode()
				var all sync.WaitGroup
				for range 300 {
					all.Go(func() {
						arrived := time.Now()
						answer := post(h, body)
						assert.Contains(t, answer, taken)
						f.mu.Lock()
						defer f.mu.Unlock()
						after := 0
						for _, begun := range f.begun {
							if !begun.Before(arrived) && time.Since(begun) >= time.Second {
								after++
							}
						}
						assert.Positive(t, after, "an answer to a question that began after it had come")
					})
					if test.apart > 0 {
						time.Sleep(test.apart)
					} else {
						synctest.Wait()
					}
				}
				all.Wait()
				assert.LessOrEqual(t, f.asked, test.questions+1)
			})
		})
	}
}

// Notifications of many orders ask a few at a time, and don't keep a wait from
// asking.
func TestManyNotificationsAskFewAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &flood{}
		c := mocked(t, f, WithProtocol(Form(FormatXML)), anyVerifier())
		h, err := c.NotificationHandler(func(context.Context, Order) error { return nil })
		require.NoError(t, err)
		var all sync.WaitGroup
		for i := range 300 {
			all.Go(func() {
				body := notified(func(v url.Values) {
					v.Set("ordernumber", fmt.Sprintf("n-%d", i))
					v.Set("billnumber", fmt.Sprintf("57%014d.1", i))
				}).Encode()
				assert.Contains(t, post(h, body), taken)
			})
		}
		time.Sleep(time.Millisecond)
		began := time.Now()
		x := inProcess(t)
		x.Intent.Request.Billnumber, x.Intent.Request.OrderNumber = "5700000000000999", "n-999"
		_, err = c.Wait(t.Context(), x, 0)
		require.ErrorAs(t, err, new(*WaitTimeoutError))
		assert.Equal(t, time.Second, time.Since(began), "its question was asked at once")
		all.Wait()
		assert.Equal(t, notificationsAtOnce+1, f.most)
		assert.Equal(t, 301, f.asked)
	})
}

// Order results that never answer are a trouble, in bounded time.
func TestNotificationsEndInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := mocked(t, roundTripper(func(req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, req.Context().Err()
		}), WithProtocol(Form(FormatXML)), anyVerifier())
		h, err := c.NotificationHandler(func(context.Context, Order) error { return nil })
		require.NoError(t, err)
		began := time.Now()
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() { assert.Equal(t, silence, post(h, notified(func(url.Values) {}).Encode())) })
		}
		all.Wait()
		assert.Equal(t, notificationTime, time.Since(began))
		assert.Zero(t, c.watches.Len())
		assert.Empty(t, c.questions)
	})
}

// deadlines is a ResponseWriter that keeps what was set.
type deadlines struct {
	*httptest.ResponseRecorder
	set []time.Time
}

func (d *deadlines) SetReadDeadline(at time.Time) error { d.set = append(d.set, at); return nil }

func TestNotificationBodyThatBreaksOff(t *testing.T) {
	t.Parallel()
	c := asked(t, func(url.Values) string { return "" }, anyVerifier())
	h, err := c.NotificationHandler(func(context.Context, Order) error { return nil })
	require.NoError(t, err)
	w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	req := httptest.NewRequest(http.MethodPost, "/", io.MultiReader(strings.NewReader("a=b"), brokenReader{}))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	assert.PanicsWithValue(t, http.ErrAbortHandler, func() { h.ServeHTTP(w, req) }, "it comes again")
	require.Len(t, w.set, 2)
	assert.InDelta(t, notificationTime.Seconds(), time.Until(w.set[0]).Seconds(), 5)
	assert.Zero(t, w.set[1], "and is taken back")
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
