// Command picture draws the first console of a page as a terminal, in SVG:
//
//	go run ./internal/picture README.md > refund.svg
//
// What the consoles show is what the program printed: a test of the pages plays
// their commands.
package main

import (
	"errors"
	"fmt"
	"html"
	"io"
	"os"
	"regexp"
	"strings"
	"unicode/utf8"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	if len(args) != 1 {
		return errors.New("give the page")
	}
	page, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	_, rest, found := strings.Cut(string(page), "```console\n")
	text, _, closed := strings.Cut(rest, "\n```")
	if !found || !closed {
		return errors.New("the page has no console")
	}
	_, err = io.WriteString(out, draw(strings.Split(text, "\n")))
	return err
}

// Sizes in pixels.
const (
	wide, high   = 8, 19 // of a letter, of a line
	margin, head = 18, 38
)

// draw makes the picture of a terminal with some lines.
func draw(lines []string) string {
	columns := 0
	for _, l := range lines {
		columns = max(columns, utf8.RuneCountInString(l))
	}
	width, height := columns*wide+2*margin, len(lines)*high+head+margin
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" role="img" aria-label="a terminal">`+"\n", width, height)
	b.WriteString(`<style>text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#d7dae0;white-space:pre}` +
		`.p{fill:#7ec699}.c{fill:#fff;font-weight:600}.k{fill:#e6c07b}.g{fill:#7ec699}.r{fill:#ff8f8f}.d{fill:#8b93a1}</style>` + "\n")
	fmt.Fprintf(&b, `<rect width="%d" height="%d" rx="9" fill="#1d2127"/>`+"\n", width, height)
	for i, colour := range []string{"#ff5f57", "#febc2e", "#28c840"} {
		fmt.Fprintf(&b, `<circle cx="%d" cy="19" r="6" fill="%s"/>`+"\n", margin+6+i*20, colour)
	}
	for i, l := range lines {
		// The width is set, so that columns line up in every font.
		fmt.Fprintf(&b, `<text x="%d" y="%d" textLength="%d">%s</text>`+"\n", margin, head+14+i*high, max(utf8.RuneCountInString(l)*wide, 1), colour(l))
	}
	b.WriteString("</svg>\n")
	return b.String()
}

var done, unknown, process = regexp.MustCompile(`^R-\d+  (done|исполнен)`), regexp.MustCompile(`^R-\d+  (unknown|исход неизвестен)`), regexp.MustCompile(`^R-\d+  (in process|в обработке)`)

// colour says what a line is by its class.
func colour(line string) string {
	text := html.EscapeString(line)
	class := ""
	switch {
	case strings.HasPrefix(line, "$ "):
		return `<tspan class="p">$ </tspan><tspan class="c">` + html.EscapeString(line[2:]) + `</tspan>`
	case done.MatchString(line):
		class = "g"
	case unknown.MatchString(line):
		class = "r"
	case process.MatchString(line):
		class = "k"
	case strings.HasPrefix(line, " "):
		class = "d"
	default:
		return text
	}
	return `<tspan class="` + class + `">` + text + `</tspan>`
}
