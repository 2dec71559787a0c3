package redact

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"golang.org/x/text/encoding/charmap"
)

func knowing(secrets ...string) *Scrubber {
	var s Scrubber
	s.Learn(secrets...)
	return &s
}

// spellings are the ways in which servers, libraries and scripts write a text.
var spellings = map[string]func(string) string{
	"as it is": func(s string) string { return s },
	"Go's JSON": func(s string) string {
		text, _ := json.Marshal(s)
		return strings.Trim(string(text), `"`)
	},
	"JSON in ASCII, with slashes escaped": func(s string) string {
		return strings.ReplaceAll(strings.Trim(strconv.QuoteToASCII(s), `"`), "/", `\/`)
	},
	"JSON, all escaped": func(s string) string { return unitsOf(s, `\u%04x`) },
	"JSON, capitals":    func(s string) string { return unitsOf(s, `\u%04X`) },
	"XML": func(s string) string {
		var b bytes.Buffer
		_ = xml.EscapeText(&b, []byte(s))
		return b.String()
	},
	"HTML":                      html.EscapeString,
	"HTML by name":              strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;").Replace,
	"entities, decimal":         func(s string) string { return runesOf(s, "&#%d;") },
	"entities, hexadecimal":     func(s string) string { return runesOf(s, "&#x%X;") },
	"a form":                    url.QueryEscape,
	"a path":                    url.PathEscape,
	"a form, small letters":     func(s string) string { return bytesOf(s, "%%%02x") },
	"a form, capitals":          func(s string) string { return bytesOf(s, "%%%02X") },
	"escape() of a script":      func(s string) string { return unitsOf(s, "%%u%04x") },
	"Go's %q":                   func(s string) string { return strings.Trim(strconv.Quote(s), `"`) },
	"bytes of Python":           func(s string) string { return bytesOf(s, `\x%02x`) },
	"some characters of a form": func(s string) string { return strings.NewReplacer("&", "%26", "<", "%3c", "+", "%2B").Replace(s) },
	"a form in windows-1251":    oldForm,
	"a form in JSON":            func(s string) string { return unitsOf(url.QueryEscape(s), `\u%04x`) },
	"a form in a form":          func(s string) string { return url.QueryEscape(url.QueryEscape(s)) },
	"a form in XML":             func(s string) string { return runesOf(url.QueryEscape(s), "&#%d;") },
	"XML in JSON in a form":     func(s string) string { return url.QueryEscape(unitsOf(html.EscapeString(s), `\u%04x`)) },
	"JSON in JSON":              func(s string) string { return strings.Trim(strconv.Quote(strings.Trim(strconv.Quote(s), `"`)), `"`) },
}

func unitsOf(s, format string) string {
	var b strings.Builder
	for _, r := range s {
		if r > 0xffff {
			r -= 0x10000
			fmt.Fprintf(&b, format+format, 0xd800+r>>10, 0xdc00+r&0x3ff)
			continue
		}
		fmt.Fprintf(&b, format, r)
	}
	return b.String()
}

func runesOf(s, format string) string {
	var b strings.Builder
	for _, r := range s {
		fmt.Fprintf(&b, format, r)
	}
	return b.String()
}

func bytesOf(s, format string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		fmt.Fprintf(&b, format, c)
	}
	return b.String()
}

func oldForm(s string) string {
	old, err := charmap.Windows1251.NewEncoder().String(s)
	if err != nil {
		return url.QueryEscape(s)
	}
	return url.QueryEscape(old)
}

var passwords = []string{
	"plainPassw0rd", "P&ss<w0rd>", `qu"ote'back\slash/`, "with space+plus", "50%25off%41", "пароль№5", "ключ & замок", "😀smile&",
	"&amp;real", "a&b=c;d", `\u0041real`, "{}[]()", "tab&percent%", "%", "1234", "==&==", "%2B%2b",
}

func TestPasswordsAreFoundInEverySpelling(t *testing.T) {
	t.Parallel()
	for _, password := range passwords {
		for name, spell := range spellings {
			spelled := spell(password)
			for _, frame := range []string{"%s", "password: %s", `{"Password":"%s"}`, "Login=shop&Password=%s&Amount=1.00", "<password>%s</password>", "пароль «%s» неверен", "%s, then %[1]s"} {
				text := fmt.Sprintf(frame, spelled)
				got := knowing(password).Clean(text)
				want := fmt.Sprintf(frame, Redacted)
				if !assert.Equal(t, want, got, "%s in %s", password, name) {
					return
				}
			}
		}
	}
}

func TestShortPasswordsGarbleNothing(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ password, text, want string }{
		{"a", "Cancel of a part was refused at the bank", "Cancel of [redacted] part was refused at the bank"},
		{"e", "the refund is declined: %65xpired", "the refund is declined: %65xpired"},
		{"e", "Password=e&Login=shop", "Password=[redacted]&Login=shop"},
		{"e", `{"Password":"e","message":"else"}`, `{"Password":"[redacted]","message":"else"}`},
		{"&", "Password=%26&Login=shop", "Password=[redacted]&Login=shop"},
		{"о", "оборот за день: слово о деле", "оборот за день: слово [redacted] деле"},
		{"12", "order 1234-12 of 2012, 12_3", "order 1234-[redacted] of 2012, 12_3"},
		{"abc", "abcd abc, ABC", "abcd [redacted], ABC"},
		{" ", "a b", "a b"},
		{"redacted", "redacted [redacted]", "[redacted] [[redacted]]"},
		{"abcd", "abcde", "[redacted]e"},
	} {
		assert.Equal(t, test.want, knowing(test.password, "unmet_login").Clean(test.text), "%q", test.password)
	}
}

func TestTextsWithoutCredentialsStay(t *testing.T) {
	t.Parallel()
	s := knowing("P&ss<w0rd>")
	for _, text := range []string{"", "a", "%", "%2", "%zz", "&", "&;", "&#;", "&#xZZ;", "&unheard;", `\`, `\u`, `\u12`, `\ud83d`, `\ud83d\u0041`, "%u", "+", "100% of 1+1 &lt; 3", strings.Repeat("%25", 50), "P&ss", "P%26ss%3Cw0rd", "\xff\xfe%ff"} {
		assert.Equal(t, text, s.Clean(text))
		assert.False(t, s.Finds(text))
	}
	assert.Equal(t, "as it is", new(Scrubber).Clean("as it is"), "nothing is known yet")
}

// A merchant that changes its password is answered about the old one for a
// while.
func TestScrubberKnowsSeveralSecrets(t *testing.T) {
	t.Parallel()
	var s Scrubber
	var wg sync.WaitGroup
	for i := range 3 * keptSecrets {
		wg.Go(func() {
			s.Learn(fmt.Sprintf("rotated&%03d", i%(keptSecrets-1)), "shop_login", "")
			s.Clean("Password=rotated%26000")
		})
	}
	wg.Wait()
	for i := range keptSecrets - 1 {
		assert.Equal(t, "[redacted]: it was [redacted]", s.Clean(fmt.Sprintf("shop%%5flogin: it was rotated%%26%03d", i)))
	}
	s.Learn("the newest")
	assert.Equal(t, "[redacted]", s.Clean("the+newest"))
	assert.Len(t, s.secrets(), keptSecrets)
	for i := range keptSecrets - 1 {
		s.Learn(fmt.Sprintf("later-%03d", i))
		s.Learn("the newest")
	}
	assert.Equal(t, "[redacted], rotated&000", s.Clean("the newest, rotated&000"), "learnt again it is kept, others are forgotten in the end")
	for _, verb := range []string{"%v", "%+v", "%#v"} {
		assert.NotContains(t, fmt.Sprintf(verb, &s), "newest")
	}
}

func TestScrubbingALongTextIsCheap(t *testing.T) {
	t.Parallel()
	s := knowing("P&ss<w0rd>")
	for name, text := range map[string]string{
		"percents": strings.Repeat("%25", 300_000), "entities": strings.Repeat("&amp;", 200_000), "backslashes": strings.Repeat(`\`, 1<<20),
		"plain": strings.Repeat("P", 1<<20), "open entities": strings.Repeat("&", 1<<20), "the password": strings.Repeat("P%26ss<w0rd>", 80_000),
	} {
		start := time.Now()
		s.Clean(text)
		assert.Less(t, time.Since(start), 10*time.Second, name)
	}
}

// Whatever a text holds, the part that shows a password goes and nothing else.
func FuzzScrubber(f *testing.F) {
	for _, password := range passwords {
		for _, spell := range spellings {
			f.Add(password, "before "+spell(password)+" after")
		}
	}
	f.Add("😀", "😀0") // one character, of four bytes
	f.Fuzz(func(t *testing.T, password, text string) {
		s := knowing(password, "login of nobody")
		got := s.Clean(text)
		if utf8.RuneCountInString(password) >= shortSecret && strings.TrimSpace(password) != "" && !strings.Contains(Redacted, password) && strings.Contains(strings.ReplaceAll(got, Redacted, "\x00"), password) {
			t.Fatalf("%q still shows %q: %q", text, password, got)
		}
		if got != text && !s.Finds(text) {
			t.Fatalf("%q became %q", text, got)
		}
	})
}
