package assist

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pageTable gives the rows of one table of docs/outcomes.md, by the section's
// number and the header's first cell.
func pageTable(t *testing.T, section, header string) [][]string {
	t.Helper()
	text, err := os.ReadFile("docs/outcomes.md")
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(text), "\n## "+section+". ")
	require.True(t, ok, section)
	rest, _, _ = strings.Cut(rest, "\n## ")
	_, rest, ok = strings.Cut(rest, "\n| "+header+" |")
	require.True(t, ok, header)
	var rows [][]string
	for line := range strings.Lines(rest) {
		line = strings.TrimSpace(line)
		if line == "" {
			break
		}
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|--") {
			continue
		}
		var cells []string
		for _, cell := range strings.Split(strings.Trim(line, "|"), "|") {
			cells = append(cells, strings.TrimSpace(cell))
		}
		// The rest of the header's own line comes first.
		if cells[0] != "`Success`" && cells[0] != "meaning" {
			rows = append(rows, cells)
		}
	}
	return rows
}

func TestOutcomesPageKnowsTheResponseCodes(t *testing.T) {
	t.Parallel()
	states := [][]OperationState{
		{OperationSuccess, "Завершено успешно."}, {OperationInProcess, "В процессе"}, {OperationDeclined},
		{OperationTimeout, "Deferred"}, {""},
	}
	for section, judge := range map[string]func(Operation) string{
		"5": func(op Operation) string {
			return map[stage]string{stageUnknown: "Unknown", stageSucceeded: "Succeeded", stageInProcess: "InProcess", stageDeclined: "Rejected"}[stageOf(op)]
		},
		"6": func(op Operation) string {
			return map[stage]string{stageUnknown: "InProcess", stageSucceeded: "Succeeded", stageInProcess: "InProcess", stageDeclined: "Rejected"}[followedStage(op)]
		},
	} {
		var told []ResponseCode
		for _, row := range pageTable(t, section, "response code") {
			require.Len(t, row, 1+len(states))
			codes := []ResponseCode{"", "AS001", "AS111", "AS999", "XX000"}
			if row[0] != "any other code" {
				codes = nil
				for _, code := range strings.Split(row[0], ", ") {
					codes = append(codes, ResponseCode(code))
				}
				told = append(told, codes...)
			}
			for _, code := range codes {
				for i, column := range states {
					for _, state := range column {
						assert.Equal(t, row[1+i], judge(Operation{ResponseCode: code, State: state}), "section %s: %s with %q", section, code, state)
					}
				}
			}
		}
		for code := range responseCodes {
			assert.Contains(t, told, code)
		}
	}
}

func TestOutcomesPageKnowsTheFirstCodes(t *testing.T) {
	t.Parallel()
	told := map[int]string{}
	for _, row := range pageTable(t, "3", "first code") {
		require.Len(t, row, 3)
		if row[0] == "any other" {
			continue
		}
		first, err := strconv.Atoi(row[0])
		require.NoError(t, err)
		assert.Equal(t, firstCodes[first].in(LanguageEN), row[1])
		told[first] = row[2]
	}
	for first := range 100 {
		want, known := told[first]
		assert.Equal(t, known, firstCodes[first] != words{}, first)
		for second := range 1000 {
			_, inTable := secondCodes[second]
			ordinary := inTable && !slices.Contains([]int{1, 2}, second)
			expected := Unknown
			if want == "`Rejected`" && ordinary {
				expected = Rejected
			}
			got := (&APIError{First: first, Second: second}).Outcome()
			require.Equal(t, expected, got, "%d/%d", first, second)
		}
	}
}
