package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
)

// mutant is the SDK without one of its guards.
type mutant struct {
	name  string
	guard string // what is lost
	// test is what must fail: a package and a test in it. Empty: the simulation
	// must find something.
	test  string
	edits []edit
}

// edit changes a text of a package, in whichever of its files it stands. ALIVE in
// the new text is whether the mutant is alive: without it everything is as it was.
type edit struct{ pkg, old, new string }

const (
	variable = "ASSIST_MUTANT"
	alive    = "ALIVE"
	added    = "zz_mutants.go" // the file of each changed package that reads the variable
)

// change is an edit of the root package.
func change(old, new string) edit { return edit{".", old, new} }

// sources are the files of packages, by their paths within the module.
type sources struct {
	module string
	files  map[string]string
	read   map[string]bool // packages
}

func newSources(module string) *sources {
	return &sources{module: module, files: make(map[string]string), read: make(map[string]bool)}
}

func (s *sources) load(pkg string) error {
	if s.read[pkg] {
		return nil
	}
	s.read[pkg] = true
	paths, err := filepath.Glob(filepath.Join(s.module, pkg, "*.go"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		s.files[filepath.Join(pkg, filepath.Base(path))] = string(text)
	}
	return nil
}

// apply puts a mutant beside the others. A text that doesn't stand exactly once in
// its package is an error: the guard has changed, and the mutant must follow.
func (s *sources) apply(m mutant) error {
	if len(m.edits) == 0 {
		return errors.New("changes nothing")
	}
	for _, e := range m.edits {
		if err := s.load(e.pkg); err != nil {
			return err
		}
		found, where := 0, ""
		for name, text := range s.files {
			if filepath.Dir(name) != filepath.Clean(e.pkg) {
				continue
			}
			if n := strings.Count(text, e.old); n > 0 {
				found, where = found+n, name
			}
		}
		if found != 1 {
			return fmt.Errorf("package %s holds %d times, not once: %q", e.pkg, found, e.old)
		}
		if !strings.Contains(e.new, alive) {
			return fmt.Errorf("an edit that is always alive: %q", e.new)
		}
		changed := strings.ReplaceAll(e.new, alive, fmt.Sprintf("mutated(%q)", m.name))
		s.files[where] = strings.Replace(s.files[where], e.old, changed, 1)
	}
	return nil
}

// applyAll gives the changed files, with those that are added.
func applyAll(module string) (map[string]string, error) {
	s := newSources(module)
	for _, m := range all {
		if err := s.apply(m); err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
	}
	changed := maps.Clone(s.files)
	for name, text := range s.files {
		file := filepath.Join(filepath.Dir(name), added)
		if changed[file] == "" && !strings.HasSuffix(name, added) {
			changed[file] = fmt.Sprintf("package %s\n\nimport \"os\"\n\nvar theMutant = os.Getenv(%q)\n\nfunc mutated(name string) bool { return name == theMutant }\n",
				packageOf(text), variable)
		}
	}
	return changed, nil
}

func packageOf(text string) string {
	for line := range strings.Lines(text) {
		if name, ok := strings.CutPrefix(line, "package "); ok {
			return strings.TrimSpace(name)
		}
	}
	return ""
}

// writeOverlay writes the changed files and the list that "go test -overlay" reads.
func writeOverlay(module, dir string) (path string, err error) {
	changed, err := applyAll(module)
	if err != nil {
		return "", err
	}
	replace := make(map[string]string)
	for name, text := range changed {
		copied := filepath.Join(dir, fmt.Sprintf("%d.go", len(replace)))
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
