// Command ratios runs the benchmarks and prints the tables of
// docs/performance.md: what each contender costs, and how many times that is
// what it is compared with.
//
//	go run ./ratios
//
// Every benchmark runs once per round in a process of its own, so that those
// that are compared take turns, and none pays for what another one left. A
// ratio is made inside a round, of two neighbours in time; the table shows its
// median and, in brackets, the quartiles. So a machine with other work to do
// still gives a ratio that can be used, with a wide bracket that says so. The
// processor time takes out what the other work has taken.
//
// With -page the tables also go into that page, between its marks. With -raw the
// output of all rounds is kept, in the form that benchstat reads.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/assist-go/assist/bench/page"
)

func main() {
	rounds := flag.Int("rounds", 20, "how often each benchmark runs")
	benchtime := flag.String("benchtime", "250ms", "how long it runs")
	raw := flag.String("raw", "", "`file` for the output of all rounds")
	into := flag.String("page", "", "`file` of the page to put the tables into")
	only := flag.String("only", "", "a `part` of the titles of the tables to make")
	flag.Parse()
	text, err := run(*rounds, *benchtime, *raw, *only)
	if err == nil {
		fmt.Print(text)
		if *into != "" {
			err = page.Put(*into, "ratios", text)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "ratios:", err)
		os.Exit(1)
	}
}

func run(rounds int, benchtime, raw, only string) (markdown string, err error) {
	scratch, err := os.MkdirTemp("", "ratios")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(scratch)
	binary := filepath.Join(scratch, "bench.test")
	build := exec.Command("go", "test", "-c", "-o", binary, ".")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return "", fmt.Errorf("building the benchmarks (run this in the folder bench): %w", err)
	}
	m := &measurements{binary: binary, results: map[string][]result{}}
	if raw != "" {
		file, err := os.Create(raw)
		if err != nil {
			return "", err
		}
		defer file.Close()
		m.raw = file
	}
	for _, t := range tables {
		if !strings.Contains(t.title, only) {
			continue
		}
		n, time := rounds, benchtime
		if t.once {
			n, time = min(rounds, 3), "1x"
		}
		for round := range n {
			fmt.Fprintf(os.Stderr, "%s: round %d of %d\n", t.title, round+1, n)
			for _, name := range t.benchmarks() {
				if len(m.results[name]) > round {
					continue // measured for a table above
				}
				if err := m.measure(name, time); err != nil {
					return "", err
				}
			}
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d cores, %s %s/%s; %d rounds of %s.\n", m.cpu, runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH, rounds, benchtime)
	for _, t := range tables {
		if strings.Contains(t.title, only) {
			b.WriteString("\n" + t.markdown(m.results))
		}
	}
	return b.String(), nil
}
