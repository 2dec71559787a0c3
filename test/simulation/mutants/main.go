// Mutants takes the guards out of the SDK, one by one, and has the simulation or
// a unit test find out. A guard whose loss nobody notices is either no guard or
// not held.
//
//	go run ./test/simulation/mutants
//	go run ./test/simulation/mutants -only turn
//
// The sources stay as they are. All mutants are built at once, into changed
// copies, by "go test -overlay"; the environment says which of them is alive. It
// prints a table of what caught them, and ends with status 1 when one survived.
package main

import (
	"context"
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
	survivors, err := hunt(ctx, *module, *only, *seeds)
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	case survivors > 0:
		fmt.Fprintf(os.Stderr, "%d survived\n", survivors)
		os.Exit(1)
	}
}

// hunt lets every mutant live once, and prints what caught it.
func hunt(ctx context.Context, module, only string, seeds int) (survivors int, err error) {
	lab, err := newLab(ctx, module)
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(lab.dir)
	for _, m := range all {
		if !strings.Contains(m.name, only) {
			continue
		}
		caught, err := lab.catch(m, seeds)
		switch {
		case ctx.Err() != nil:
			return survivors, ctx.Err()
		case err != nil:
			fmt.Fprintf(os.Stderr, "%s: %v\n", m.name, err)
			caught = "COULD NOT BE TRIED"
			survivors++
		case caught == "":
			caught = "SURVIVED"
			survivors++
		}
		fmt.Printf("| %s | %s | %s |\n", m.name, m.guard, caught)
	}
	return survivors, nil
}

// lab has a test binary of every package that catches mutants, with all of them
// inside.
type lab struct {
	ctx      context.Context
	module   string
	dir      string
	overlay  string
	binaries map[string]string
}

func newLab(ctx context.Context, module string) (*lab, error) {
	module, err := filepath.Abs(module)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return nil, err
	}
	overlay, err := writeOverlay(module, dir)
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, err
	}
	return &lab{ctx: ctx, module: module, dir: dir, overlay: overlay, binaries: make(map[string]string)}, nil
}

// binary gives the test binary of a package, built when it is first needed.
func (l *lab) binary(pkg string) (string, error) {
	if path, built := l.binaries[pkg]; built {
		return path, nil
	}
	path := filepath.Join(l.dir, fmt.Sprintf("%d.test", len(l.binaries)))
	build := exec.CommandContext(l.ctx, "go", "test", "-vet=off", "-ldflags=-s -w", "-overlay", l.overlay, "-c", "-o", path, pkg)
	build.Dir = l.module
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s doesn't compile: %w\n%s", pkg, err, output)
	}
	l.binaries[pkg] = path
	return path, nil
}

// run runs tests of a package while a mutant is alive; "" is none.
func (l *lab) run(pkg, mutant string, args ...string) (output string, failed bool, err error) {
	binary, err := l.binary(pkg)
	if err != nil {
		return "", false, err
	}
	cmd := exec.CommandContext(l.ctx, binary, args...)
	cmd.Dir = filepath.Join(l.module, pkg)
	cmd.Env = append(os.Environ(), variable+"="+mutant)
	raw, err := cmd.CombinedOutput()
	if l.ctx.Err() != nil {
		return "", false, l.ctx.Err()
	}
	return string(raw), err != nil, nil
}

const simulation = "./test/simulation"

var findingLine = regexp.MustCompile(`(seed \d+), after [^ ]+: ((?:reported |[a-z])[^:]*(?:: it moved|: it did not move and never will)?)`)

// catch says what caught a mutant; "" is nothing. A test must pass without it.
func (l *lab) catch(m mutant, seeds int) (by string, err error) {
	if m.test == "" {
		output, failed, err := l.run(simulation, m.name, "-test.run", "^TestSeeds$", "-seeds", fmt.Sprint(seeds), "-until")
		if err != nil || !failed {
			return "", err
		}
		if found := findingLine.FindStringSubmatch(output); found != nil {
			seed := strings.TrimPrefix(found[1], "seed ")
			if output, failed, err := l.run(simulation, "", "-test.run", "^TestSeeds$", "-seed", seed); err != nil || failed {
				return "", fmt.Errorf("seed %s finds something without it too: %w\n%.2000s", seed, err, output)
			}
			return fmt.Sprintf("%s (%s)", found[2], found[1]), nil
		}
		return "", fmt.Errorf("failed otherwise:\n%.2000s", output)
	}
	pkg, test, _ := strings.Cut(m.test, " ")
	if output, failed, err := l.run(pkg, "", "-test.run", "^"+test+"$"); err != nil || failed {
		return "", fmt.Errorf("%s fails without it: %w\n%.2000s", m.test, err, output)
	}
	output, failed, err := l.run(pkg, m.name, "-test.run", "^"+test+"$")
	if err != nil || !failed {
		return "", err
	}
	if !strings.Contains(output, "--- FAIL: "+test) && !strings.Contains(output, "panic:") {
		return "", fmt.Errorf("failed otherwise:\n%.2000s", output)
	}
	return "`" + test + "`", nil
}
