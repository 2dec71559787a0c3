package xmlscan

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// events reads a whole document into a short notation: "<name" for a start,
// ">text" for an end, names with their namespace in braces.
func events(doc string) ([]string, error) {
	s := New(doc)
	var out []string
	for {
		kind, err := s.Next()
		switch {
		case err != nil:
			return nil, err
		case kind == EOF:
			return out, nil
		case kind == Start:
			out = append(out, "<"+notation(s.Name().Space, s.Name().Local))
		default:
			out = append(out, ">"+s.Text())
		}
	}
}

func notation(space, local string) string {
	if space == "" {
		return local
	}
	return "{" + space + "}" + local
}

func TestNextReads(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		doc  string
		want string // events, joined by a space
	}{
		"an element":                    {`<a>text</a>`, "<a >text"},
		"an empty element":              {`<a/>`, "<a >"},
		"an empty element with space":   {`<a />`, "<a >"},
		"a start and an end":            {`<a></a>`, "<a >"},
		"elements inside each other":    {`<a><b>1</b><c/></a>`, "<a <b >1 <c > >"},
		"space around elements":         {"<a>\n <b>1</b>\t\n</a>\n", "<a <b >1 >"},
		"space in an end tag":           {"<a>1</a \n>", "<a >1"},
		"a byte order mark":             {"\ufeff<a>1</a>", "<a >1"},
		"a declaration":                 {`<?xml version="1.0"?><a/>`, "<a >"},
		"a full declaration":            {`<?xml version='1.0' encoding='UTF-8' standalone='yes' ?><a/>`, "<a >"},
		"space ahead of a declaration":  {"\r\n <?xml version=\"1.0\" encoding=\"utf-8\"?>\n<a/>", "<a >"},
		"a stylesheet instruction":      {`<?xml-stylesheet href="a"?><a/>`, "<a >"},
		"another encoding, made text":   {`<?xml version="1.0" encoding="windows-1251"?><a>№</a>`, "<a >№"},
		"an entity of its own":          {`<!DOCTYPE a [<!ENTITY x "1">]><a>&x;</a>`, "<a >&x;"},
		"an entity of HTML":             {`<a>tea&nbsp;green</a>`, "<a >tea&nbsp;green"},
		"a bare ampersand":              {`<a>a & b&</a>`, "<a >a & b&"},
		"a reference not ended":         {`<a>&amp &lt</a>`, "<a >&amp &lt"},
		"no references":                 {`<a>&;&#;&65;&#+65;&#x4_1;&#X41;</a>`, "<a >&;&#;&65;&#+65;&#x4_1;&#X41;"},
		"an endless reference":          {`<a>&#00000000000000000065;</a>`, "<a >&#00000000000000000065;"},
		"references to no character":    {`<a>&#0;&#x1F;&#11;&#xFFFF;&#x110000;&#99999999999;</a>`, "<a >\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd"},
		"halves of a surrogate pair":    {`<a>&#55357;&#56832;</a>`, "<a >\ufffd\ufffd"},
		"the end of CDATA in a text":    {`<a>1]]>2</a>`, "<a >1]]>2"},
		"ampersands in CDATA":           {`<a>&<![CDATA[&amp;&#0;&]]>&</a>`, "<a >&&amp;&#0;&&"},
		"predefined references":         {`<a>&lt;&gt;&amp;&apos;&quot;</a>`, `<a ><>&'"`},
		"numeric references":            {`<a>&#65;&#x42;&#x0043;&#1040;</a>`, "<a >ABCА"},
		"the highest character":         {`<a>&#x10FFFF;</a>`, "<a >\U0010ffff"},
		"a replacement character":       {"<a>\ufffd</a>", "<a >\ufffd"},
		"a reference, then more":        {`<a>&amp;<!---->b<![CDATA[c]]></a>`, "<a >&bc"},
		"a reference once only":         {`<a>&amp;lt;</a>`, "<a >&lt;"},
		"a carriage return by number":   {"<a>x&#13;y</a>", "<a >x\ry"},
		"CDATA":                         {`<a>1<![CDATA[<b>&amp;]]]]><![CDATA[>]]>2</a>`, "<a >1<b>&amp;]]>2"},
		"an empty CDATA":                {`<a><![CDATA[]]></a>`, "<a >"},
		"line ends":                     {"<a>1\r\n2\r3\n\r\n</a>", "<a >1\n2\n3\n\n"},
		"line ends in CDATA":            {"<a><![CDATA[1\r\n2\r]]></a>", "<a >1\n2\n"},
		"a comment inside a text":       {`<a>1<!-- < & > -->2</a>`, "<a >12"},
		"an instruction inside a text":  {`<a>1<?x < & ?>2<?y?></a>`, "<a >12"},
		"comments around":               {`<!----><!-- a --><a/><!-- b --><?x y?> `, "<a >"},
		"texts one after another":       {`<r><a>1&amp;</a><b>2</b><c>&lt;3</c></r>`, "<r <a >1& <b >2 <c ><3 >"},
		"space by reference":            {`<r>&#32;<a/><![CDATA[ ]]></r>`, "<r <a > >"},
		"an attribute":                  {`<a b="1" c='2"'/>`, "<a >"},
		"no space between attributes":   {`<a b="1"c="2"/>`, "<a >"},
		"no space between declarations": {`<p:a xmlns:p="u"xmlns:q="v"><q:b/></p:a>`, "<{u}a <{v}b > >"},
		"a default namespace":           {`<a xmlns="u"><b/><c xmlns=""/></a>`, "<{u}a <{u}b > <c > >"},
		"a namespace ends":              {`<a><p:b xmlns:p="u"/><b/></a>`, "<a <{u}b > <b > >"},
		"a prefix declared anew":        {`<p:a xmlns:p="u"><p:b xmlns:p="v"/><p:c/></p:a>`, "<{u}a <{v}b > <{u}c > >"},
		"the prefix xml":                {`<a xml:lang="ru"><xml:b/></a>`, "<a <{" + xmlSpace + "}b > >"},
		"a reference in a namespace":    {`<a xmlns="u&amp;v"/>`, "<{u&v}a >"},
		"one local name twice":          {`<a xmlns:p="u" p:b="1" b="2"/>`, "<a >"},
		"Cyrillic names":                {`<заказ><еancode>1</еancode></заказ>`, "<заказ <еancode >1 >"},
		"a name of both alphabets":      {`<eанcode1><aж b="1"/></eанcode1>`, "<eанcode1 <aж > >"},
		"Cyrillic text":                 {`<a>тестовый платеж</a>`, "<a >тестовый платеж"},
		"an empty DTD":                  {`<!DOCTYPE a><a/>`, "<a >"},
		"a DTD elsewhere":               {`<!DOCTYPE a PUBLIC "-//x" 'http://example.test/a.dtd' ><a/>`, "<a >"},
		"an inline DTD":                 {"<!DOCTYPE a [\n<!ELEMENT a (b*)>\n<!ATTLIST a b CDATA '>'>]\n><a/>", "<a >"},
		"quotes in a DTD":               {`<!DOCTYPE a [<!ENTITY x "]><b>'"><!ENTITY y ']>"'>]><a/>`, "<a >"},
		"a comment in a DTD":            {`<!DOCTYPE a [<!-- it's ]> " --><!ELEMENT a ANY>]><a/>`, "<a >"},
		"an instruction in a DTD":       {`<!DOCTYPE a [<?x ' ]> ?>]><a/>`, "<a >"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := events(test.doc)
			require.NoError(t, err)
			require.Equal(t, test.want, strings.Join(got, " "))
		})
	}
}

func TestNextRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		doc  string
		want error
		at   int
	}{
		"nothing":                              {"", ErrTruncated, 0},
		"space only":                           {" \n", ErrTruncated, 2},
		"plain text":                           {"Service Unavailable", ErrSyntax, 0},
		"JSON":                                 {`{"a":1}`, ErrSyntax, 0},
		"text ahead of the root":               {"x<a/>", ErrSyntax, 0},
		"text behind the root":                 {"<a/>x", ErrTrailing, 4},
		"a second root":                        {"<a/><b/>", ErrTrailing, 4},
		"a DTD behind the root":                {"<a/><!DOCTYPE a>", ErrTrailing, 4},
		"CDATA behind the root":                {"<a/><![CDATA[]]>", ErrTrailing, 4},
		"a cut comment behind the root":        {"<a/><!-- ", ErrTruncated, 9},
		"an element not ended":                 {"<a>", ErrTruncated, 3},
		"an element inside not ended":          {"<a><b></a>", ErrMismatch, 6},
		"another end":                          {"<a></b>", ErrMismatch, 3},
		"a longer end":                         {"<a></ab>", ErrMismatch, 3},
		"the end of another prefix":            {`<p:a xmlns:p="u" xmlns:q="u"></q:a>`, ErrMismatch, 29},
		"a cut end tag":                        {"<abc></ab", ErrTruncated, 9},
		"an end tag without its sign":          {"<a></a", ErrTruncated, 6},
		"an attribute in an end tag":           {`<a></a b="1">`, ErrMismatch, 3},
		"a cut start tag":                      {"<a", ErrTruncated, 2},
		"a cut empty element":                  {"<a/", ErrTruncated, 3},
		"a cut tag":                            {"<a><", ErrTruncated, 4},
		"a slash inside a tag":                 {`<a/b="1">`, ErrSyntax, 2},
		"no name":                              {"< a/>", ErrSyntax, 1},
		"a name that begins with a digit":      {"<1/>", ErrSyntax, 1},
		"a name that begins with a colon":      {"<:a/>", ErrSyntax, 1},
		"a name that ends with a colon":        {"<a:/>", ErrSyntax, 3},
		"two colons":                           {"<a:b:c/>", ErrSyntax, 4},
		"an attribute without a value":         {"<a b/>", ErrSyntax, 4},
		"a value without quotes":               {"<a b=1/>", ErrSyntax, 5},
		"a value not ended":                    {`<a b="1/>`, ErrTruncated, 9},
		"a cut attribute":                      {`<a b`, ErrTruncated, 4},
		"a cut attribute with its sign":        {`<a b=`, ErrTruncated, 5},
		"a cut attribute name":                 {`<a b `, ErrTruncated, 5},
		"a less-than sign in a value":          {`<a b="<"/>`, ErrSyntax, 8},
		"an attribute twice":                   {`<a b="1" b="1"/>`, ErrAttribute, 16},
		"an attribute twice by namespace":      {`<a xmlns:p="u" xmlns:q="u" p:b="1" q:b="2"/>`, ErrAttribute, 44},
		"a declaration twice":                  {`<a xmlns:p="u" xmlns:p="u"/>`, ErrAttribute, 15},
		"a default namespace twice":            {`<a xmlns="u" xmlns="u"/>`, ErrAttribute, 13},
		"an undeclared prefix":                 {`<p:a/>`, ErrNamespace, 0},
		"an undeclared prefix of an attribute": {`<a p:b="1"/>`, ErrNamespace, 12},
		"a prefix out of scope":                {`<a><p:b xmlns:p="u"/><p:c/></a>`, ErrNamespace, 21},
		"a prefix without a namespace":         {`<a xmlns:p=""/>`, ErrNamespace, 3},
		"the prefix xmlns declared":            {`<a xmlns:xmlns="u"/>`, ErrNamespace, 3},
		"the prefix xml for something else":    {`<a xmlns:xml="u"/>`, ErrNamespace, 3},
		"the namespace of xmlns":               {`<a xmlns:p="` + xmlnsSpace + `"/>`, ErrNamespace, 3},
		"an element in xmlns":                  {`<xmlns:a/>`, ErrNamespace, 0},
		"text ahead of elements":               {`<a>1<b/></a>`, ErrMixed, 4},
		"text behind elements":                 {`<a><b/>1</a>`, ErrMixed, 12},
		"text between elements":                {`<a><b/>&#49;<c/></a>`, ErrMixed, 12},
		"CDATA not ended":                      {`<a><![CDATA[</a>`, ErrTruncated, 16},
		"CDATA in lower case":                  {`<a><![cdata[]]></a>`, ErrSyntax, 3},
		"a comment not ended":                  {`<a><!-- </a>`, ErrTruncated, 12},
		"a comment cut in its end":             {`<!-- --`, ErrTruncated, 7},
		"two hyphens in a comment":             {`<!-- -- --><a/>`, ErrSyntax, 7},
		"an instruction not ended":             {`<a><?x </a>`, ErrTruncated, 11},
		"an instruction without a name":        {`<a><? x?></a>`, ErrSyntax, 5},
		"an instruction with a bad name":       {`<a><?x=?></a>`, ErrSyntax, 6},
		"a declaration inside":                 {`<a><?xml version="1.0"?></a>`, ErrSyntax, 3},
		"a declaration behind a comment":       {`<!----><?xml version="1.0"?><a/>`, ErrSyntax, 7},
		"a declaration without a version":      {`<?xml encoding="utf-8"?><a/>`, ErrSyntax, 6},
		"an empty declaration":                 {`<?xml ?><a/>`, ErrSyntax, 6},
		"another version":                      {`<?xml version="2.0"?><a/>`, ErrSyntax, 6},
		"a declaration in disorder":            {`<?xml version="1.0" standalone="no" encoding="utf-8"?><a/>`, ErrSyntax, 36},
		"a version twice":                      {`<?xml version="1.0" version="1.0"?><a/>`, ErrSyntax, 20},
		"standalone perhaps":                   {`<?xml version="1.0" standalone="perhaps"?><a/>`, ErrSyntax, 20},
		"a declaration of something else":      {`<?xml versio="1.0"?><a/>`, ErrSyntax, 6},
		"standalone first":                     {`<?xml standalone="yes"?><a/>`, ErrSyntax, 6},
		"standalone twice":                     {`<?xml version="1.0" standalone="yes" standalone="yes"?><a/>`, ErrSyntax, 37},
		"something else in a declaration":      {`<?xml version="1.0" other="yes"?><a/>`, ErrSyntax, 20},
		"the start of a declaration":           {`<?xml`, ErrTruncated, 5},
		"the start of a DTD":                   {`<!DOCTYPE`, ErrTruncated, 9},
		"a cut declaration":                    {`<?xml version="1.0"`, ErrTruncated, 19},
		"bytes that are no UTF-8":              {"<a>\xff</a>", ErrEncoding, 3},
		"a surrogate in UTF-8":                 {"<a>\xed\xa0\x80</a>", ErrEncoding, 3},
		"windows-1251 without saying so":       {"<a>\xd2\xe5\xf1\xf2</a>", ErrEncoding, 3},
		"UTF-16":                               {"\xff\xfe<\x00a\x00/\x00>\x00", ErrEncoding, 0},
		"a control":                            {"<a>\x01</a>", ErrCharacter, 3},
		"a NUL in a comment":                   {"<!-- \x00 --><a/>", ErrCharacter, 5},
		"no character":                         {"<a>\uffff</a>", ErrCharacter, 3},
		"two DTDs":                             {`<!DOCTYPE a><!DOCTYPE a><a/>`, ErrSyntax, 13},
		"a DTD of HTML":                        {`<!doctype html><html/>`, ErrSyntax, 1},
		"a DTD without a name":                 {`<!DOCTYPE ><a/>`, ErrSyntax, 10},
		"a DTD without a space":                {`<!DOCTYPEa><a/>`, ErrSyntax, 9},
		"a DTD not ended":                      {`<!DOCTYPE a [<!ELEMENT a ANY>`, ErrTruncated, 29},
		"a cut DTD":                            {`<!DOCTYPE a `, ErrTruncated, 12},
		"a DTD cut in a quote":                 {`<!DOCTYPE a [<!ENTITY x "`, ErrTruncated, 25},
		"a DTD cut in its identifier":          {`<!DOCTYPE a "`, ErrTruncated, 13},
		"a declaration cut in a DTD":           {`<!DOCTYPE a [<!ENTITY x`, ErrTruncated, 23},
		"a comment cut in a DTD":               {`<!DOCTYPE a [<!-- `, ErrTruncated, 18},
		"two subsets":                          {`<!DOCTYPE a [][]><a/>`, ErrSyntax, 14},
		"an element in a DTD":                  {`<!DOCTYPE a [<b>]><a/>`, ErrSyntax, 13},
		"an element in a DOCTYPE":              {`<!DOCTYPE a <b><a/>`, ErrSyntax, 12},
		"a section in a DTD":                   {`<!DOCTYPE a [<![INCLUDE[]]>]><a/>`, ErrSyntax, 15},
		"a parameter entity in a DTD":          {`<!DOCTYPE a [%x;]><a/>`, ErrSyntax, 13},
		"too deep":                             {strings.Repeat("<a>", MaxDepth+1), ErrLimit, 3 * MaxDepth},
		"too large":                            {strings.Repeat(" ", MaxSize+1), ErrLimit, MaxSize},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := events(test.doc)
			require.ErrorIs(t, err, test.want)
			var at *Error
			require.ErrorAs(t, err, &at)
			require.Equal(t, test.at, at.Offset, err.Error())
		})
	}
}

func TestNextHoldsItsLimits(t *testing.T) {
	t.Parallel()
	var attributes, declarations strings.Builder
	for i := range MaxAttributes {
		name := "a" + string(rune('A'+i/26)) + string(rune('a'+i%26))
		attributes.WriteString(" " + name + `="1"`)
		declarations.WriteString(" xmlns:" + name + `="u"`)
	}
	for name, test := range map[string]struct {
		doc  string
		want error
	}{
		"attributes":          {"<a" + attributes.String() + "/>", nil},
		"one attribute more":  {"<a" + attributes.String() + ` b="1"/>`, ErrLimit},
		"namespaces":          {"<a" + declarations.String() + "/>", nil},
		"one namespace more":  {"<a" + declarations.String() + `><b xmlns="u"/></a>`, ErrLimit},
		"both":                {"<a" + declarations.String() + attributes.String() + "/>", nil},
		"depth":               {strings.Repeat("<a>", MaxDepth) + strings.Repeat("</a>", MaxDepth), nil},
		"an empty one deeper": {strings.Repeat("<a>", MaxDepth) + "<a/>", ErrLimit},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := events(test.doc)
			require.ErrorIs(t, err, test.want)
		})
	}
}

func TestErrorsAreFinalAndSilent(t *testing.T) {
	t.Parallel()
	s := New("<a>secret</b>")
	_, err := s.Next()
	require.NoError(t, err)
	_, first := s.Next()
	require.ErrorIs(t, first, ErrMismatch)
	require.Equal(t, "XML at byte 9: end tag of another element", first.Error())
	_, again := s.Next()
	require.Same(t, first, again)
	require.Same(t, first, s.Skip())
	_, again = s.Leaf()
	require.Same(t, first, again)
	_, again = s.Child()
	require.Same(t, first, again)
}

// A caller that reads only so far must not take a broken tag for a start.
func TestNextFailsAtOnce(t *testing.T) {
	t.Parallel()
	for _, doc := range []string{
		`<a b="1" b="1"></a>`, `<a b="<"></a>`, `<a xmlns:p=""></a>`, `<p:a></p:a>`, `<a p:b="1"></a>`, `<!-- -- --><a></a>`, `<!DOCTYPE a ]><a></a>`,
	} {
		kind, err := New(doc).Next()
		require.Error(t, err, doc)
		require.Zero(t, kind)
	}
}

func TestAttr(t *testing.T) {
	t.Parallel()
	s := New(`<a xmlns:p="u" p:b="1" c='&lt;"' d="x
y` + "\tz\r\nw\rv\r" + `"><e f="1"/></a>`)
	_, err := s.Next()
	require.NoError(t, err)
	for name, want := range map[string]string{"c": `<"`, "d": "x y z w v "} {
		got, ok := s.Attr(name)
		require.True(t, ok)
		require.Equal(t, want, got)
	}
	for _, name := range []string{"b", "p:b", "xmlns:p", "p", "e"} {
		_, ok := s.Attr(name)
		require.False(t, ok, name)
	}
	_, err = s.Next()
	require.NoError(t, err)
	_, ok := s.Attr("c")
	require.False(t, ok, "of the element around")
	_, err = s.Next()
	require.NoError(t, err)
	_, ok = s.Attr("f")
	require.False(t, ok, "of an element that has ended")
}

func TestChildLeafSkip(t *testing.T) {
	t.Parallel()
	s := New(`<r><a>1</a><b><a>2</a><c/></b><d/><e><f/></e></r>`)
	child := func(want bool) {
		t.Helper()
		got, err := s.Child()
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	child(true) // r
	child(true) // a
	text, err := s.Leaf()
	require.NoError(t, err)
	require.Equal(t, "1", text)
	child(true) // b
	require.Equal(t, "b", s.Name().Local)
	require.NoError(t, s.Skip())
	require.Equal(t, "b", s.Name().Local)
	child(true) // d
	require.NoError(t, s.Skip())
	child(true) // e
	_, err = s.Leaf()
	require.ErrorIs(t, err, ErrNotText)

	s = New(`<r>1</r>`)
	child(true)
	_, err = s.Child()
	require.ErrorIs(t, err, ErrMixed)

	s = New(`<r> </r>`)
	child(true)
	child(false)
	child(false) // the end of the document
	require.NoError(t, s.Skip(), "nothing is open")
}

// samples are the golden answers of the whole project.
func samples(t testing.TB) []string {
	paths, err := filepath.Glob("../../testdata/*.xml")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	var docs []string
	for _, path := range paths {
		doc, err := os.ReadFile(path)
		require.NoError(t, err)
		docs = append(docs, string(doc))
	}
	return docs
}

func TestACutDocumentIsNeverWhole(t *testing.T) {
	t.Parallel()
	for _, doc := range samples(t) {
		whole := strings.TrimRight(doc, " \n")
		_, err := events(whole)
		require.NoError(t, err)
		for n := range len(whole) {
			_, err := events(whole[:n])
			require.Error(t, err, "cut at byte %d", n)
		}
	}
}

func TestSamplesCostAlmostNothing(t *testing.T) {
	for _, doc := range samples(t) {
		allocations := testing.AllocsPerRun(100, func() {
			s := New(doc)
			for {
				kind, err := s.Next()
				if err != nil {
					t.Fatal(err)
				}
				if kind == EOF {
					return
				}
			}
		})
		require.LessOrEqual(t, allocations, 1.0)
	}
}

// A document made to take quadratic time would take minutes here.
func TestHostileDocumentsTakeLinearTime(t *testing.T) {
	t.Parallel()
	const size = 1 << 20
	fill := func(open, part, end string) string {
		return open + strings.Repeat(part, (size-len(open)-len(end))/len(part)) + end
	}
	for name, doc := range map[string]string{
		"references":           fill("<a>", "&lt;", "</a>"),
		"ampersands":           fill("<a>", "&", "</a>"),
		"comments in a text":   fill("<a>", "x<!---->", "</a>"),
		"CDATA":                fill("<a>", "<![CDATA[]]>", "</a>"),
		"line ends":            fill("<a>", "\r", "</a>"),
		"brackets":             fill("<a>", "]]", "</a>"),
		"empty elements":       fill("<a>", "<b/>", "</a>"),
		"declarations":         fill("<a>", `<p:b xmlns:p="u"/>`, "</a>"),
		"attributes":           fill("<a", ` b="1"`, "/>"),
		"starts":               fill("", "<a>", ""),
		"a DTD":                fill("<!DOCTYPE a [", `<!ENTITY x "y">`, "]><a/>"),
		"comments":             fill("", "<!---->", "<a/>"),
		"references in values": fill(`<a b="`, "&lt;", `"/>`),
		"a comment's hyphens":  fill("<!--", "- ", "--><a/>"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := events(doc)
			var at *Error
			require.True(t, err == nil || errors.As(err, &at))
		})
	}
}
