package charset

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/charmap"
)

const russian = "Завершено успешно. № Ђ"

func in1251(t testing.TB, text string) string {
	t.Helper()
	out, err := charmap.Windows1251.NewEncoder().String(text)
	require.NoError(t, err)
	return out
}

func TestTextByWhoNamesTheCharset(t *testing.T) {
	t.Parallel()
	old := in1251(t, russian)
	for name, test := range map[string]struct {
		contentType, body, want string
		charset                 Charset
	}{
		"nobody":                            {"", russian, russian, UTF8},
		"a type alone":                      {"text/xml", russian, russian, UTF8},
		"HTTP":                              {"text/xml; charset=windows-1251", old, russian, Windows1251},
		"HTTP, in quotes":                   {`text/xml; charset="windows-1251"`, old, russian, Windows1251},
		"HTTP, in single quotes":            {`text/xml;charset='windows-1251'`, old, russian, Windows1251},
		"HTTP, with a colon":                {"text/xml; charset: windows-1251", old, russian, Windows1251},
		"HTTP, in capitals":                 {"TEXT/XML; CHARSET=WINDOWS-1251", old, russian, Windows1251},
		"HTTP, after another parameter":     {"text/xml; version=1; charset = windows-1251 ;", old, russian, Windows1251},
		"HTTP, empty and then said":         {"text/xml; charset=; charset=windows-1251", old, russian, Windows1251},
		"HTTP, two types":                   {"text/xml, text/xml; charset=cp1251", old, russian, Windows1251},
		"the declaration":                   {"text/xml", `<?xml version="1.0" encoding="windows-1251"?>` + old, `<?xml version="1.0" encoding="windows-1251"?>` + russian, Windows1251},
		"the declaration in single quotes":  {"", "\r\n <?xml version='1.0' encoding = 'cp1251' ?>" + old, "\r\n <?xml version='1.0' encoding = 'cp1251' ?>" + russian, Windows1251},
		"HTTP ahead of the declaration":     {"text/xml; charset=cp1251", `<?xml encoding="utf-8"?>` + old, `<?xml encoding="utf-8"?>` + russian, Windows1251},
		"made over on its way":              {"text/xml; charset=utf-8", `<?xml encoding="windows-1251"?>` + russian, `<?xml encoding="windows-1251"?>` + russian, UTF8},
		"not made over, HTTP is wrong":      {"text/xml; charset=utf-8", `<?xml encoding="windows-1251"?>` + old, `<?xml encoding="windows-1251"?>` + russian, Windows1251},
		"a charset that nobody knows":       {"text/xml; charset=klingon", russian, russian, UTF8},
		"that, ahead of a declaration":      {"text/xml; charset=klingon", `<?xml encoding="cp1251"?>` + old, `<?xml encoding="cp1251"?>` + russian, Windows1251},
		"a mark ahead of all":               {"text/xml; charset=windows-1251", "\ufeff" + russian, "\ufeff" + russian, UTF8},
		"a declaration that isn't one":      {"", `<a encoding="windows-1251">` + russian, `<a encoding="windows-1251">` + russian, UTF8},
		"a declaration without an encoding": {"", `<?xml version="1.0"?>` + russian, `<?xml version="1.0"?>` + russian, UTF8},
		"a declaration that is cut":         {"", `<?xml encoding=`, `<?xml encoding=`, UTF8},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, c := Text(test.body, test.contentType)
			assert.Equal(t, test.want, text)
			assert.Equal(t, test.charset, c)
			assert.Equal(t, test.body, c.Bytes(text), "as it was sent")
		})
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"utf-8", "UTF-8", "utf8", "UTF8", "Utf_8", "unicode-1-1-utf-8", "unicode-2-0-utf-8", "x-unicode20utf8", "us-ascii", "cp65001"} {
		c, known := named(name)
		require.True(t, known, name)
		require.Equal(t, UTF8, c, name)
	}
	for _, name := range []string{"windows-1251", "Windows-1251", "WINDOWS1251", "cp1251", "cp-1251", "CP_1251", "win-1251", "win1251", "x-cp1251", "x-windows-1251", "ms-1251", "1251"} {
		c, known := named(name)
		require.True(t, known, name)
		require.Equal(t, Windows1251, c, name)
	}
	for _, name := range []string{"", "utf-16", "utf", "koi8-r", "windows-1252", "cp1250", "iso-8859-5", "cp866", "11251"} {
		_, known := named(name)
		require.False(t, known, name)
	}
}

func TestTextReplacesWhatIsNone(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		contentType, body, want string
	}{
		"control characters":           {"", "tea\x00green\x0bcup\x1f", "tea\ufffdgreen\ufffdcup\ufffd"},
		"line ends and tabs stay":      {"", "a\tb\r\nc", "a\tb\r\nc"},
		"bytes that are no UTF-8":      {"", "a\xffb\xd2\xe5c", "a\ufffdb\ufffd\ufffdc"},
		"a surrogate":                  {"", "\xed\xa0\x80a", "\ufffd\ufffd\ufffda"},
		"no characters":                {"", "a\uffffb\ufffec", "a\ufffdb\ufffdc"},
		"cut in a character":           {"", "a\xd0", "a\ufffd"},
		"a replacement character":      {"", "a\ufffdb", "a\ufffdb"},
		"the byte without a meaning":   {"a; charset=cp1251", "a\x98b", "a\ufffdb"},
		"a control character in 1251":  {"a; charset=cp1251", "a\x0b\xc0", "a\ufffdА"},
		"another charset":              {"a; charset=koi8-r", "a\xf4\xc5\xd3b", "a\ufffd\ufffd\ufffdb"},
		"a C1 control character stays": {"", "a\u0085b", "a\u0085b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, _ := Text(test.body, test.contentType)
			assert.Equal(t, test.want, text)
		})
	}
}

func TestBytes(t *testing.T) {
	t.Parallel()
	require.Equal(t, "a?b", Windows1251.Bytes("a\U0001f600b"), "no byte stands for it")
	require.Equal(t, russian, UTF8.Bytes(russian))
	require.Equal(t, "A-1", Windows1251.Bytes("A-1"))
}

// A text that needs no change is not copied.
func TestTextOfPlainCostsNothing(t *testing.T) {
	body := strings.Repeat("<a>plain</a>", 100)
	require.Zero(t, testing.AllocsPerRun(100, func() { Text(body, "text/xml; charset=utf-8") }))
}

func FuzzText(f *testing.F) {
	f.Add("<?xml version='1.0' encoding='cp1251'?><a>\xd2\x98\x00</a>", "text/xml; charset=utf-8")
	f.Add(russian, "a; charset=\"x-cp1251\"")
	f.Fuzz(func(t *testing.T, body, contentType string) {
		text, c := Text(body, contentType)
		require.True(t, utf8.ValidString(text))
		require.NotEqual(t, undecided, c)
		again, _ := UTF8.Text(text)
		require.Equal(t, text, again, "nothing is left to replace")
		require.Equal(t, strings.Count(body, "<"), strings.Count(text, "<"), "mark-up is neither made nor lost")
		if c == UTF8 && utf8.ValidString(body) && text == body {
			require.Equal(t, body, c.Bytes(text))
		}
	})
}
