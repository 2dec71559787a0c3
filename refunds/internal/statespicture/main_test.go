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

func TestPictureIsDrawnFromItsText(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../docs/refunds-states.txt")
	require.NoError(t, err)
	p, err := parse(string(text))
	require.NoError(t, err)
	want := p.draw()
	drawn, err := os.ReadFile("../../../docs/refunds-states.svg")
	require.NoError(t, err)
	assert.Equal(t, want, string(drawn), "go generate ./internal/statespicture")
	for d := xml.NewDecoder(strings.NewReader(want)); ; {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"state | 0 | a | b", "box | 0 0 | a | b", "arrow | a > b | c", "state | 0 0 | a | b\narrow | a b | c"} {
		_, err := parse(text)
		assert.Error(t, err, text)
	}
}
