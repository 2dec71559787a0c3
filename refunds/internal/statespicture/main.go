// Command statespicture draws docs/refunds-states.svg from the text beside it.
package main

import (
	"fmt"
	"html"
	"os"
	"strings"
)

//go:generate go run . ../../../docs/refunds-states.txt ../../../docs/refunds-states.svg

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "statespicture: from a text to an SVG")
		os.Exit(2)
	}
	text, err := os.ReadFile(os.Args[1])
	if err == nil {
		var p *picture
		if p, err = parse(string(text)); err == nil {
			err = os.WriteFile(os.Args[2], []byte(p.draw()), 0o644)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "statespicture:", err)
		os.Exit(1)
	}
}

// Pixels.
const (
	boxWidth, boxHeight = 210, 56
	left, top           = 240, 40
	columnStep, rowStep = 650, 100
	margin              = 18 // of the frame around the states that an arrow comes from
)

type state struct {
	name, meaning string
	x, y          float64 // of its middle
	final         bool
}

type arrow struct {
	from []string
	to   string
	what string
}

type picture struct {
	states []*state
	arrows []arrow
}

func parse(text string) (*picture, error) {
	p := &picture{}
	for n, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(line, "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if err := p.add(cells); err != nil {
			return nil, fmt.Errorf("line %d: %w", n+1, err)
		}
	}
	return p, nil
}

func (p *picture) add(cells []string) error {
	switch {
	case len(cells) == 4 && (cells[0] == "state" || cells[0] == "final"):
		var column, row float64
		if _, err := fmt.Sscan(cells[1], &column, &row); err != nil {
			return err
		}
		p.states = append(p.states, &state{name: cells[2], meaning: cells[3], final: cells[0] == "final",
			x: left + boxWidth/2 + column*columnStep, y: top + boxHeight/2 + row*rowStep})
		return nil
	case len(cells) == 3 && cells[0] == "arrow":
		from, to, ok := strings.Cut(cells[1], " > ")
		if !ok {
			return fmt.Errorf("an arrow is from > to: %q", cells[1])
		}
		a := arrow{from: strings.Split(from, ", "), to: to, what: cells[2]}
		for _, name := range append(a.from, to) {
			if name != "new" && p.state(name) == nil {
				return fmt.Errorf("no state is called %q", name)
			}
		}
		p.arrows = append(p.arrows, a)
		return nil
	}
	return fmt.Errorf("neither a state nor an arrow: %q", strings.Join(cells, " | "))
}

func (p *picture) state(name string) *state {
	for _, s := range p.states {
		if s.name == name {
			return s
		}
	}
	return nil
}

const style = `<style>
svg{color-scheme:light dark;--ink:#1b1f24;--paper:#fff;--box:#eef3f8;--final:#e9f2e6;--line:#57606a}
@media (prefers-color-scheme:dark){svg{--ink:#e6edf3;--paper:#0d1117;--box:#1c2733;--final:#1d2b1f;--line:#9aa4ae}}
text{font-family:"DejaVu Sans",sans-serif;fill:var(--ink);font-size:12px}
.name{font-size:15px;font-weight:bold;text-anchor:middle}.meaning{text-anchor:middle}
rect{fill:var(--box);stroke:var(--line)}.final{fill:var(--final)}.paper{fill:var(--paper);stroke:none}
.frame{fill:none;stroke-dasharray:4 4}path{fill:none;stroke:var(--line);stroke-width:1.5}
marker path,circle{fill:var(--line);stroke:none}
.what{paint-order:stroke;stroke:var(--paper);stroke-width:4px}
</style>`

func (p *picture) draw() string {
	var b strings.Builder
	width, height := 0.0, 0.0
	for _, s := range p.states {
		width, height = max(width, s.x+boxWidth/2+20), max(height, s.y+boxHeight/2+40)
	}
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" width="%g" height="%g" role="img" aria-labelledby="title">`+"\n", width, height, width, height)
	b.WriteString("<title id=\"title\">The states of a refund</title>\n" + style + "\n")
	b.WriteString(`<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 10 5 0 10z"/></marker></defs>` + "\n")
	fmt.Fprintf(&b, `<rect class="paper" width="%g" height="%g"/>`+"\n", width, height)
	for _, a := range p.arrows {
		b.WriteString(p.line(a))
	}
	for _, s := range p.states {
		class := ""
		if s.final {
			class = ` class="final"`
		}
		fmt.Fprintf(&b, `<rect%s x="%g" y="%g" width="%d" height="%d" rx="8"/>`+"\n", class, s.x-boxWidth/2, s.y-boxHeight/2, boxWidth, boxHeight)
		fmt.Fprintf(&b, `<text class="name" x="%g" y="%g">%s</text><text class="meaning" x="%g" y="%g">%s</text>`+"\n",
			s.x, s.y-4, html.EscapeString(s.name), s.x, s.y+16, html.EscapeString(s.meaning))
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// line draws an arrow with its text.
func (p *picture) line(a arrow) string {
	to := p.state(a.to)
	path := func(extra, what string, x, y float64, anchor string, points ...float64) string {
		var d strings.Builder
		for i := 0; i < len(points); i += 2 {
			fmt.Fprintf(&d, " %g %g", points[i], points[i+1])
		}
		return fmt.Sprintf("%s<path d=\"M%s\" marker-end=\"url(#head)\"/><text class=\"what\" x=\"%g\" y=\"%g\" text-anchor=\"%s\">%s</text>\n",
			extra, d.String(), x, y, anchor, html.EscapeString(what))
	}
	if len(a.from) > 1 {
		frame, right := p.frame(a.from)
		return path(frame, a.what, (right+to.x-boxWidth/2)/2, to.y-6, "middle", right, to.y, to.x-boxWidth/2, to.y)
	}
	if a.from[0] == "new" {
		x := to.x - boxWidth/2
		return path(fmt.Sprintf(`<circle cx="%g" cy="%g" r="5"/>`, x-200, to.y), a.what, x-190, to.y-6, "start", x-195, to.y, x, to.y)
	}
	from := p.state(a.from[0])
	half := float64(boxHeight / 2)
	switch {
	case from.x != to.x: // to another column
		x1, x2 := from.x+boxWidth/2, to.x-boxWidth/2
		return path("", a.what, x1+(x2-x1)*0.62, from.y+(to.y-from.y)*0.62-6, "middle", x1, from.y, x2, to.y)
	case to.y-from.y > 2*rowStep || from.y-to.y > 2*rowStep: // around what is between
		x := from.x - boxWidth/2
		return path("", a.what, x-8, from.y+18, "end", x, from.y, x-108, from.y, x-108, to.y+14, x, to.y+14)
	case from.y < to.y:
		return path("", a.what, from.x-52, (from.y+to.y)/2+4, "end", from.x-45, from.y+half, from.x-45, to.y-half)
	}
	return path("", a.what, from.x+52, (from.y+to.y)/2+4, "start", from.x+45, from.y-half, from.x+45, to.y+half)
}

// frame goes around states of one column.
func (p *picture) frame(names []string) (drawn string, right float64) {
	first, last := p.state(names[0]), p.state(names[len(names)-1])
	x, y := first.x-boxWidth/2-125, first.y-boxHeight/2-margin
	width, height := float64(boxWidth+125+195), last.y-first.y+boxHeight+2*margin
	return fmt.Sprintf(`<rect class="frame" x="%g" y="%g" width="%g" height="%g" rx="12"/>`, x, y, width, height), x + width
}
