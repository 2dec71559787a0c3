package page

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPut(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "page.md")
	require.NoError(t, os.WriteFile(file, []byte("# Page\n\n<!-- a -->\nold\n<!-- /a -->\n\n<!-- b -->\n<!-- /b -->\nend\n"), 0o600))
	require.NoError(t, Put(file, "a", "new\n\n"))
	require.NoError(t, Put(file, "b", "more"))
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "# Page\n\n<!-- a -->\nnew\n<!-- /a -->\n\n<!-- b -->\nmore\n<!-- /b -->\nend\n", string(text))
}

func TestPutWantsBothMarks(t *testing.T) {
	t.Parallel()
	for name, page := range map[string]string{
		"none":            "# Page\n",
		"the first alone": "<!-- a -->\n",
		"the last alone":  "<!-- /a -->\n",
		"another name":    "<!-- b -->\n<!-- /b -->\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := replace(page, "a", "text")
			require.Error(t, err)
		})
	}
}
