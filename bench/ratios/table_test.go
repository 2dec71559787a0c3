package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	t.Parallel()
	require.Equal(t,
		result{clock: 94466, processor: 82255, allocated: 15111, objects: 124},
		parse("BenchmarkCancel/sdk-soap-2   60000   94466 ns/op   82255 cpu-ns/op   15111 B/op   124 allocs/op"))
	require.Empty(t, parse("PASS"))
}

func TestRatioIsMadeRoundByRound(t *testing.T) {
	t.Parallel()
	of := []result{{clock: 20}, {clock: 300}, {clock: 25}}
	base := []result{{clock: 10}, {clock: 100}, {clock: 10}}
	require.Equal(t, "2.50 (2.25–2.75)", ratio(of, base, clock))
	require.Equal(t, "2.00", ratio(of[:1], base[:1], clock))
	require.Empty(t, ratio(of, nil, clock))
	require.Empty(t, ratio(of, base, processor), "a unit that nobody reported")
}

func TestFigure(t *testing.T) {
	t.Parallel()
	for want, test := range map[string]struct {
		unit  string
		value float64
	}{
		"385 ns":     {clock, 385},
		"35.2 µs":    {clock, 35_200},
		"1.3 ms":     {perWait, 1_280_000},
		"1,344":      {allocated, 1344},
		"94":         {objects, 94},
		"1.000":      {goroutines, 1},
		"29,745,610": {allocated, 29745610},
	} {
		require.Equal(t, want, figure(test.unit, test.value))
	}
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	few := table{
		title:   "A table",
		rows:    []row{{"floor", "BenchmarkA", ""}, {"ours", "BenchmarkB", "BenchmarkA"}},
		figures: []string{clock}, ratios: []string{clock, allocated},
	}
	require.Equal(t, []string{"BenchmarkA", "BenchmarkB"}, few.benchmarks())
	require.Equal(t,
		"### A table\n\n|  | time | × time | × bytes |\n|---|---:|---:|---:|\n| floor | 10 ns |  |  |\n| ours | 12 ns | 1.20 | 1.50 |\n",
		few.markdown(map[string][]result{"BenchmarkA": {{clock: 10, allocated: 2}}, "BenchmarkB": {{clock: 12, allocated: 3}}}))
}
