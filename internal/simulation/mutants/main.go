// Mutants takes the guards out of the SDK, one by one, and has the simulation
// find out. A guard whose loss nobody notices is either no guard or not
// simulated.
//
//	go run ./internal/simulation/mutants
//	go run ./internal/simulation/mutants -only turn
//
// The sources stay as they are: each mutant is built from a changed copy by
// "go test -overlay". It prints a table of the rules that caught them, and ends
// with status 1 when one survived.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
)

func main() {
	module := flag.String("module", ".", "the root of the module")
	only := flag.String("only", "", "the mutants whose name contains this")
	seeds := flag.Int("seeds", 20_000, "how many seeds a mutant has to survive")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	survivors := 0
	for _, m := range all {
		if !strings.Contains(m.name, *only) {
			continue
		}
		finding, err := m.hunt(ctx, *module, *seeds)
		switch {
		case err != nil:
			fmt.Fprintf(os.Stderr, "%s: %v\n", m.name, err)
			survivors++
			continue
		case finding == "":
			survivors++
			finding = "SURVIVED"
		}
		fmt.Printf("| %s | %s | %s |\n", m.name, m.guard, finding)
	}
	if survivors > 0 {
		fmt.Fprintf(os.Stderr, "%d survived, or could not be tried\n", survivors)
		os.Exit(1)
	}
}

var findingLine = regexp.MustCompile(`(seed \d+), after [^ ]+: ((?:reported |[a-z])[^:]*(?:: it moved|: it did not move and never will)?)`)

// hunt builds the SDK with the change and plays seeds until one finds it.
func (m mutant) hunt(ctx context.Context, module string, seeds int) (finding string, err error) {
	module, err = filepath.Abs(module)
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "mutant")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	overlay, err := m.overlay(module, dir)
	if err != nil {
		return "", err
	}
	binary := filepath.Join(dir, "simulation.test")
	build := exec.CommandContext(ctx, "go", "test", "-vet=off", "-overlay", overlay, "-c", "-o", binary, "./internal/simulation")
	build.Dir = module
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("doesn't compile: %w\n%s", err, output)
	}
	output, err := exec.CommandContext(ctx, binary, "-test.run", "^TestSeeds$", "-seeds", fmt.Sprint(seeds), "-until").CombinedOutput()
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err == nil {
		return "", nil
	}
	if found := findingLine.FindSubmatch(output); found != nil {
		return fmt.Sprintf("%s (%s)", found[2], found[1]), nil
	}
	return "", fmt.Errorf("failed otherwise: %w\n%.2000s", err, output)
}

// overlay writes the changed files and the list that "go test -overlay" reads.
func (m mutant) overlay(module, dir string) (path string, err error) {
	changed, err := m.apply(module)
	if err != nil {
		return "", err
	}
	replace := make(map[string]string)
	for name, text := range changed {
		copied := filepath.Join(dir, filepath.Base(name))
		if err := os.WriteFile(copied, []byte(text), 0o600); err != nil {
			return "", err
		}
		replace[filepath.Join(module, name)] = copied
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, list, 0o600)
}

// apply gives the changed texts of the files. A text that doesn't stand exactly
// once in its file is an error: the guard has moved, and the mutant must follow.
func (m mutant) apply(module string) (changed map[string]string, err error) {
	changed = make(map[string]string)
	for _, e := range m.edits {
		text, seen := changed[e.file]
		if !seen {
			raw, err := os.ReadFile(filepath.Join(module, e.file))
			if err != nil {
				return nil, err
			}
			text = string(raw)
		}
		if n := strings.Count(text, e.old); n != 1 {
			return nil, fmt.Errorf("%s holds %d times, not once: %q", e.file, n, e.old)
		}
		changed[e.file] = strings.Replace(text, e.old, e.new, 1)
	}
	if len(changed) == 0 {
		return nil, errors.New("changes nothing")
	}
	return changed, nil
}
