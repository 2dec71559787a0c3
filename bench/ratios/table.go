package main

import (
	"fmt"
	"slices"
	"strings"
)

// The units of the testing package and of the benchmarks' own reports.
const (
	clock      = "ns/op"
	processor  = "cpu-ns/op"
	allocated  = "B/op"
	objects    = "allocs/op"
	perWait    = "ns/wait"
	heldByWait = "held-B/wait"
	goroutines = "goroutines/wait"
)

// table is one table of the page.
type table struct {
	title string
	rows  []row
	// figures are shown as they are, ratios against the row's own base.
	figures, ratios []string
	once            bool // a benchmark that measures one run
}

// row is one benchmark and the one that it is compared with; "" is none.
type row struct{ label, benchmark, base string }

// benchmarks gives each benchmark once, in the order of the rows.
func (t table) benchmarks() []string {
	var names []string
	for _, r := range t.rows {
		for _, name := range []string{r.base, r.benchmark} {
			if name != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

var headings = map[string]string{
	clock: "time", processor: "processor time", allocated: "bytes", objects: "allocations",
	perWait: "time for each", heldByWait: "bytes held by each", goroutines: "goroutines for each",
}

func (t table) markdown(results map[string][]result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n\n|", t.title)
	heads := []string{""}
	for _, unit := range t.figures {
		heads = append(heads, headings[unit])
	}
	for _, unit := range t.ratios {
		heads = append(heads, "× "+headings[unit])
	}
	b.WriteString(" " + strings.Join(heads, " | ") + " |\n|---" + strings.Repeat("|---:", len(heads)-1) + "|\n")
	for _, r := range t.rows {
		cells := []string{r.label}
		for _, unit := range t.figures {
			cells = append(cells, figure(unit, quartilesOf(values(results[r.benchmark], unit)).median))
		}
		for _, unit := range t.ratios {
			cells = append(cells, ratio(results[r.benchmark], results[r.base], unit))
		}
		b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	return b.String()
}

func values(results []result, unit string) []float64 {
	all := make([]float64, len(results))
	for i, r := range results {
		all[i] = r[unit]
	}
	return all
}

// ratio compares round by round.
func ratio(of, base []result, unit string) string {
	var all []float64
	for i := range min(len(of), len(base)) {
		if base[i][unit] > 0 {
			all = append(all, of[i][unit]/base[i][unit])
		}
	}
	if len(all) == 0 {
		return ""
	}
	q := quartilesOf(all)
	if low, high := fmt.Sprintf("%.2f", q.low), fmt.Sprintf("%.2f", q.high); low != high {
		return fmt.Sprintf("%.2f (%s–%s)", q.median, low, high)
	}
	return fmt.Sprintf("%.2f", q.median)
}

type quartiles struct{ low, median, high float64 }

func quartilesOf(values []float64) quartiles {
	if len(values) == 0 {
		return quartiles{}
	}
	sorted := slices.Sorted(slices.Values(values))
	at := func(part float64) float64 {
		place := part * float64(len(sorted)-1)
		below := int(place)
		above := min(below+1, len(sorted)-1)
		return sorted[below] + (sorted[above]-sorted[below])*(place-float64(below))
	}
	return quartiles{low: at(0.25), median: at(0.5), high: at(0.75)}
}

// figure writes a value in a unit that is easy to read.
func figure(unit string, value float64) string {
	switch unit {
	case clock, processor, perWait:
		switch {
		case value < 1e3:
			return fmt.Sprintf("%.0f ns", value)
		case value < 1e6:
			return fmt.Sprintf("%.1f µs", value/1e3)
		}
		return fmt.Sprintf("%.1f ms", value/1e6)
	case goroutines:
		return fmt.Sprintf("%.3f", value)
	}
	return thousands(fmt.Sprintf("%.0f", value))
}

func thousands(digits string) string {
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
