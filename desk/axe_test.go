package desk_test

import (
	_ "embed"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// axe-core 4.14.1, as npm has it; its licence stands beside it.
//
//go:embed testdata/axe/axe.min.js
var axe string

// violations are what axe finds on the page as it is shown now: WCAG 2.0 to 2.2,
// A and AA, and its best practices.
func (b *tab) violations() string {
	b.t.Helper()
	if b.eval("typeof axe") != "object" {
		_, err := chromedp.Run(b.ctx, chromedp.Evaluate[any](axe+"; true"))
		require.NoError(b.t, err)
	}
	const script = `axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.map(v => v.id + ": " + v.nodes.map(n => n.html.slice(0, 120)).join(" | ")).join("\n"))`
	found, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
	require.NoError(b.t, err)
	return found
}

// S9: for everyone. Every page in both languages and both themes is without a
// finding of axe's, isn't wider than the smallest phone, and has targets that a
// thumb hits.
func TestS9Everyone(t *testing.T) {
	t.Parallel()
	w := everyState(t)
	b := at(t, w, "glafira")
	late := time.Now()
	for _, path := range []string{"/", "/?state=done&from=2020-01-01", "/?q=none", "/refund/1", "/refund/2", "/refund/3", "/refund/4", "/refund/5", "/refund/8", "/refund/9", "/refund/12", "/decisions", "/sending",
		"/audit?verify=1", "/new", "/new?order=20600", "/new?order=20481", checkPath(w, "A-20600", "20"), checkPath(w, "A-20601", "490"), "/nothing"} {
		// What the theme changes are colours alone, and the language words: together
		// every page is seen in both.
		for language, theme := range map[string]string{"ru": "light", "en": "dark"} {
			b.language(language)
			b.theme(theme)
			b.do(chromedp.EmulateViewport(320, 700))
			b.open(path)
			assert.Equal(t, "true", b.eval("document.documentElement.scrollWidth <= 320"), "%s %s: no sideways scroll", path, language)
			assert.Empty(t, b.eval(small), "%s %s: targets of 44 pixels", path, language)
			assert.Empty(t, b.violations(), "%s %s %s", path, language, theme)
			t.Logf("%s %s: %s", path, language, time.Since(late).Round(time.Second))
		}
	}
	t.Logf("looked at in %s", time.Since(late))
}

// small names buttons and fields that are lower than 44 pixels. Links within text
// and boxes with a label around them are targets of their own kind.
const small = `[...document.querySelectorAll("button, .button, nav a, input:not([type=hidden]):not([type=radio]):not([type=checkbox]), select, summary, label.choice")]
	.filter(e => e.offsetParent && e.getBoundingClientRect().height < 43.9).map(e => e.outerHTML.slice(0, 100)).join("\n")`
