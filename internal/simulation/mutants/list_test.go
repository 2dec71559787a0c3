package main

import "testing"

// Every mutant must still find its guard. That each is caught is seen by running
// the program: it builds the SDK anew for every one of them.
func TestMutantsFindTheirGuards(t *testing.T) {
	t.Parallel()
	names := make(map[string]bool)
	for _, m := range all {
		t.Run(m.name, func(t *testing.T) {
			if names[m.name] || m.guard == "" {
				t.Error("a mutant needs a name of its own and the guard that it takes away")
			}
			names[m.name] = true
			changed, err := m.apply("../../..")
			if err != nil {
				t.Fatal(err)
			}
			for file, text := range changed {
				if text == "" {
					t.Errorf("%s is empty", file)
				}
			}
		})
	}
}
