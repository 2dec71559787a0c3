package refunds

import (
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The picture shows the states and changes that the simulation allows, and those
// of proposals.
func TestPictureOfStates(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/refunds-states.txt")
	require.NoError(t, err)
	named := map[string]State{"new": 0}
	for s := State(1); s <= Proposed; s++ {
		named[s.String()] = s
	}
	delete(named, State(99).String())
	shown := map[[2]State]bool{}
	states := 0
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		switch strings.TrimSpace(cells[0]) {
		case "state", "final":
			s, ok := named[strings.TrimSpace(cells[2])]
			require.True(t, ok, line)
			assert.Equal(t, s.Final(), strings.TrimSpace(cells[0]) == "final", line)
			states++
		case "arrow":
			from, to, _ := strings.Cut(strings.TrimSpace(cells[1]), " > ")
			for _, one := range strings.Split(from, ", ") {
				shown[[2]State{named[one], named[to]}] = true
			}
		}
	}
	assert.Equal(t, len(named)-1, states, "each state is shown")
	want := maps.Clone(transitions)
	for _, of := range [][2]State{{0, Proposed}, {Proposed, Pending}, {Proposed, Denied}, {Proposed, Withdrawn}} {
		want[of] = true
	}
	assert.Equal(t, want, shown)
}
