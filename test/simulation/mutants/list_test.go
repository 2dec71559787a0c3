package main

import "testing"

// Every mutant must still find its guard. That each is caught is seen by running
// the program.
func TestMutantsFindTheirGuards(t *testing.T) {
	t.Parallel()
	names := make(map[string]bool)
	s := newSources("../../..")
	for _, m := range all {
		if names[m.name] || m.guard == "" {
			t.Errorf("%s: a mutant needs a name of its own and the guard that it takes away", m.name)
		}
		names[m.name] = true
		if err := s.apply(m); err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
	}
}

func TestTextsThatStandElsewhereOrTwiceAreErrors(t *testing.T) {
	t.Parallel()
	for name, e := range map[string]edit{
		"nowhere":      {".", "no such text in the package", "ALIVE"},
		"often":        {".", "return", "ALIVE"},
		"always alive": {".", "const clockTolerance = time.Minute\n", "const clockTolerance = 0\n"},
	} {
		if err := newSources("../../..").apply(mutant{name: name, edits: []edit{e}}); err == nil {
			t.Errorf("%s: applied", name)
		}
	}
}
