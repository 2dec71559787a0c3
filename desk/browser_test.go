package desk_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assist-go/assist/desk"
	"github.com/assist-go/assist/desk/demo"
	"github.com/assist-go/assist/refunds"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// newWorld makes a world without refunds, whose carrier doesn't run yet.
func newWorld(t testing.TB, opts ...desk.Option) *demo.World {
	t.Helper()
	w, err := demo.New(t.Context(), refunds.Memory(), opts...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.Close()) })
	return w
}

// filled makes a world with a refund in every state.
func filled(t testing.TB, opts ...desk.Option) *demo.World {
	t.Helper()
	w := newWorld(t, opts...)
	require.NoError(t, w.Fill(t.Context()))
	return w
}

// The browser is shared: a tab in a context of its own costs a tenth of a second.
var browser struct {
	once sync.Once
	ctx  context.Context
	end  func()
	err  error
}

func TestMain(m *testing.M) {
	if os.Getenv("DESK_TEST_STORE") != "" {
		if err := deskProcess(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	code := m.Run()
	if browser.end != nil {
		browser.end()
	}
	os.Exit(code)
}

func chromium(t testing.TB) context.Context {
	t.Helper()
	if _, err := exec.LookPath("chromium"); err != nil {
		if os.Getenv("ASSIST_NEED_CHROMIUM") == "1" {
			t.Fatal("Chromium isn't installed, and ASSIST_NEED_CHROMIUM=1")
		}
		t.Skip("Chromium isn't installed")
	}
	browser.once.Do(func() {
		flags := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU, chromedp.ExecPath("chromium"),
			chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true))
		allocator, endAllocator := chromedp.NewExecAllocator(context.Background(), flags...)
		ctx, endBrowser := chromedp.NewContext(allocator)
		browser.ctx, browser.end = ctx, func() { endBrowser(); endAllocator() }
		browser.err = chromedp.Do(ctx, chromedp.Navigate("about:blank"))
	})
	require.NoError(t, browser.err)
	return browser.ctx
}

// tab is a person at the desk.
type tab struct {
	t    *testing.T
	ctx  context.Context
	base string
	w    *demo.World

	mu      sync.Mutex
	wrong   []string
	actions int
}

// at opens a tab of a world for a person.
func at(t *testing.T, w *demo.World, person string) *tab {
	t.Helper()
	server := httptest.NewServer(w.Handler())
	t.Cleanup(server.Close)
	return tabOn(t, w, server.URL, person)
}

func tabOn(t *testing.T, w *demo.World, base, person string) *tab {
	t.Helper()
	ctx, end := chromedp.NewContext(chromium(t), chromedp.WithNewBrowserContext())
	ctx, endTime := context.WithTimeout(ctx, 12*time.Minute)
	b := &tab{t: t, ctx: ctx, base: base, w: w}
	t.Cleanup(func() {
		b.mu.Lock()
		wrong := b.wrong
		b.mu.Unlock()
		endTime()
		end()
		require.Empty(t, wrong, "the browser reports no violation of the content security policy and no error of the script")
	})
	b.do(chromedp.Navigate("about:blank"))
	require.NoError(t, chromedp.Listen(ctx, b.listen))
	_, err := chromedp.Call(ctx, cdplog.Enable, cdp.Empty{})
	require.NoError(t, err)
	_, err = chromedp.Call(ctx, runtime.Enable, cdp.Empty{})
	require.NoError(t, err)
	_, err = chromedp.Call(ctx, network.SetCookie, network.SetCookieParams{Name: "demo-user", Value: person, URL: base})
	require.NoError(t, err)
	b.language("ru")
	return b
}

func (b *tab) listen(ev any) {
	text := ""
	switch e := ev.(type) {
	case *cdplog.EventEntryAdded:
		if e.Entry != nil && (strings.Contains(e.Entry.Text, "Content Security Policy") || strings.Contains(e.Entry.Text, "Content-Security-Policy")) {
			text = e.Entry.Text
		}
	case *runtime.EventExceptionThrown:
		text = fmt.Sprint(e.ExceptionDetails.Text, e.ExceptionDetails.Exception)
	case *page.EventJavascriptDialogOpening:
		text = "a dialog: " + e.Message
	}
	if text != "" {
		b.mu.Lock()
		b.wrong = append(b.wrong, text)
		b.mu.Unlock()
	}
}

// do does steps, or ends the test.
func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatalf("%v\n%s", err, b.shown())
	}
}

func (b *tab) language(name string) {
	_, err := chromedp.Call(b.ctx, network.SetCookie, network.SetCookieParams{Name: "assist-desk-language", Value: name, URL: b.base})
	require.NoError(b.t, err)
}

func (b *tab) scripts(on bool) {
	_, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on})
	require.NoError(b.t, err)
}

func (b *tab) theme(name string) {
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}}})
	require.NoError(b.t, err)
}

// Actions of a person. Each counts.

func (b *tab) open(path string) {
	b.t.Helper()
	b.actions++
	b.do(chromedp.Navigate(b.base + path))
}

// write puts text into a field, in place of what is there.
func (b *tab) write(field, text string) {
	b.t.Helper()
	b.do(chromedp.WaitVisible(chromedp.CSS(field)), chromedp.Focus(chromedp.CSS(field)))
	b.eval(fmt.Sprintf("document.querySelector(%q).select()", field)) // what is typed takes its place
	b.do(chromedp.SendKeys(chromedp.CSS(field), text))
}

// click clicks on what is seen, and waits for the page that follows where the
// click leads to one.
func (b *tab) click(sel string) {
	b.t.Helper()
	b.actions++
	b.do(chromedp.WaitVisible(chromedp.CSS(sel)), chromedp.ScrollIntoView(chromedp.CSS(sel)), chromedp.Click(chromedp.CSS(sel)))
}

// press clicks on the button or link with that text.
func (b *tab) press(label string) {
	b.t.Helper()
	b.actions++
	b.see(label)
	sel := fmt.Sprintf(`//*[self::button or self::a or self::summary][contains(normalize-space(translate(., "\u{a0}", " ")), "%s") and not(@hidden)]`, label)
	sel = strings.ReplaceAll(sel, `\u{a0}`, "\u00a0")
	b.do(chromedp.Click(sel))
}

// search types into the search box and presses Enter.
func (b *tab) search(text string) {
	b.t.Helper()
	b.actions++
	b.write("#q", text)
	b.do(chromedp.SendKeys(chromedp.CSS("#q"), "\r"))
}

// shown is the text that the person sees.
func (b *tab) shown() string {
	text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.body ? document.body.innerText : ""`))
	if err != nil {
		return "(" + err.Error() + ")"
	}
	return strings.ReplaceAll(text, "\u00a0", " ")
}

// patience is for machines that have much else to do.
const patience = 40 * time.Second

// see waits for a text.
func (b *tab) see(text string) {
	b.t.Helper()
	b.seeWithin(patience, text)
}

// seeHeading waits for the answer.
func (b *tab) seeHeading(text string) {
	b.t.Helper()
	end := time.Now().Add(patience)
	for b.heading() != text {
		if time.Now().After(end) {
			b.t.Fatalf("the heading isn't %q:\n%s", text, b.shown())
		}
		time.Sleep(25 * time.Millisecond)
	}
}

func (b *tab) seesWithin(d time.Duration, text string) bool {
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(25 * time.Millisecond) {
		if strings.Contains(b.shown(), text) {
			return true
		}
	}
	return false
}

func (b *tab) seeWithin(d time.Duration, text string) {
	b.t.Helper()
	end := time.Now().Add(d)
	for !strings.Contains(b.shown(), text) {
		if time.Now().After(end) {
			b.t.Fatalf("%q isn't seen:\n%s", text, b.shown())
		}
		time.Sleep(25 * time.Millisecond)
	}
}

func (b *tab) dontSee(text string) {
	b.t.Helper()
	require.NotContains(b.t, b.shown(), text)
}

// heading is the first of the page, which answers the question.
func (b *tab) heading() string {
	b.t.Helper()
	return b.eval(`(document.querySelector("h1") || {}).textContent || ""`)
}

func (b *tab) eval(expression string) string {
	b.t.Helper()
	text, err := chromedp.Run(b.ctx, chromedp.Evaluate[any](expression))
	require.NoError(b.t, err)
	return strings.ReplaceAll(fmt.Sprint(text), "\u00a0", " ")
}

func (b *tab) address() string {
	b.t.Helper()
	return strings.TrimPrefix(b.eval("location.href"), b.base)
}

// seeAddress waits until the address holds a text.
func (b *tab) seeAddress(part string) {
	b.t.Helper()
	end := time.Now().Add(patience)
	for !strings.Contains(b.address(), part) {
		if time.Now().After(end) {
			b.t.Fatalf("the address is %s and not with %s:\n%s", b.address(), part, b.shown())
		}
		time.Sleep(25 * time.Millisecond)
	}
}

// post sends a form by hand, as a person, and gives the status.
func post(t testing.TB, w *demo.World, person, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.AddCookie(&http.Cookie{Name: "demo-user", Value: person})
	answer := httptest.NewRecorder()
	w.Handler().ServeHTTP(answer, r)
	return answer
}

func get(t testing.TB, w *demo.World, person, path string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.AddCookie(&http.Cookie{Name: "demo-user", Value: person})
	answer := httptest.NewRecorder()
	w.Handler().ServeHTTP(answer, r)
	return answer
}
