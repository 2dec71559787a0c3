package documents

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The page says of each index what it is for.
func TestIndexesOfThePage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../docs/refunds-database.md")
	require.NoError(t, err)
	schema, err := os.ReadFile("../sqlstore/schema1.sql")
	require.NoError(t, err)
	found := regexp.MustCompile(`INDEX \{i\}(\w+)`).FindAllStringSubmatch(string(schema), -1)
	require.NotEmpty(t, found)
	for _, index := range found {
		assert.Contains(t, string(page), "`"+index[1]+"`", "docs/refunds-database.md")
	}
}
