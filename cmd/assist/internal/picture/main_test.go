package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The pictures beside the pages are those of their consoles. After a change:
//
//	go run ./internal/picture README.md > refund.svg
//	go run ./internal/picture README.ru.md > refund.ru.svg
func TestPicturesAreFresh(t *testing.T) {
	t.Parallel()
	for page, picture := range map[string]string{"README.md": "refund.svg", "README.ru.md": "refund.ru.svg"} {
		var drawn strings.Builder
		require.NoError(t, run([]string{"../../" + page}, &drawn))
		kept, err := os.ReadFile("../../" + picture)
		require.NoError(t, err)
		assert.Equal(t, string(kept), drawn.String(), page)
		for d := xml.NewDecoder(strings.NewReader(drawn.String())); ; {
			_, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err, "well formed")
		}
	}
}

func TestWhatIsNoPage(t *testing.T) {
	t.Parallel()
	assert.Error(t, run(nil, io.Discard))
	assert.Error(t, run([]string{"main.go"}, io.Discard))
	assert.Error(t, run([]string{"nowhere"}, io.Discard))
}

func TestMarkupIsText(t *testing.T) {
	t.Parallel()
	assert.Contains(t, draw([]string{"$ a <b> & c"}), "a &lt;b&gt; &amp; c")
}
