package main

import (
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
)

// result is what one run of one benchmark reported, by unit.
type result map[string]float64

// measurements gathers the results of all rounds.
type measurements struct {
	binary  string
	raw     io.Writer // nil keeps nothing
	cpu     string
	results map[string][]result // by benchmark, one of each round
}

// measure runs one benchmark once, in a process of its own.
func (m *measurements) measure(name, benchtime string) error {
	// Each part of the name is a pattern of its own.
	pattern := "^" + strings.ReplaceAll(name, "/", "$/^") + "$"
	command := exec.Command(m.binary, "-test.run", "^$", "-test.bench", pattern, "-test.benchtime", benchtime)
	output, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, output)
	}
	if m.raw != nil {
		if _, err := m.raw.Write(output); err != nil {
			return err
		}
	}
	var found []result
	for line := range bytes.Lines(output) {
		text := strings.TrimSpace(string(line))
		if cpu, ok := strings.CutPrefix(text, "cpu: "); ok {
			m.cpu = cpu
		}
		if strings.HasPrefix(text, name) {
			found = append(found, parse(text))
		}
	}
	if len(found) != 1 {
		return fmt.Errorf("%s: %d results in place of one\n%s", name, len(found), output)
	}
	m.results[name] = append(m.results[name], found[0])
	return nil
}

// parse reads one line of the testing package: the name, the number of runs,
// then pairs of value and unit.
func parse(line string) result {
	r := result{}
	fields := strings.Fields(line)
	for i := 2; i+1 < len(fields); i += 2 {
		if value, err := strconv.ParseFloat(fields[i], 64); err == nil {
			r[fields[i+1]] = value
		}
	}
	return r
}
