package desk_test

import (
	"bytes"
	"cmp"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPictures makes the pictures of the READMEs where ASSIST_PICTURES names a
// folder: "pictures" makes those that are kept.
func TestPictures(t *testing.T) {
	folder := os.Getenv("ASSIST_PICTURES")
	if folder == "" {
		t.Skip("ASSIST_PICTURES isn't set")
	}
	require.NoError(t, os.MkdirAll(folder, 0o755))
	w := filled(t)
	for _, shot := range []struct {
		name, path, person, theme, language string
		width                               int64
	}{
		{"list", "/", "boris", "light", "en", 1100},
		{"unknown", "/refund/1", "vera", "light", "ru", 1100},
		{"done-phone", "/refund/5", "anna", "light", "ru", 390},
		{"check", checkPath(w, "A-20601", "490"), "anna", "dark", "ru", 900},
	} {
		b := at(t, w, shot.person)
		b.do(chromedp.EmulateViewport(shot.width, 800))
		b.theme(shot.theme)
		b.language(shot.language)
		b.open(shot.path)
		picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
		require.NoError(t, err)
		picture = fewColours(t, picture)
		assert.Less(t, len(picture), 100_000, shot.name)
		require.NoError(t, os.WriteFile(filepath.Join(folder, shot.name+".png"), picture, 0o644))
	}
}

// fewColours keeps the 255 colours that a picture has most of: a page has few.
func fewColours(t *testing.T, in []byte) []byte {
	t.Helper()
	full, err := png.Decode(bytes.NewReader(in))
	require.NoError(t, err)
	count := map[color.Color]int{}
	size := full.Bounds()
	for y := size.Min.Y; y < size.Max.Y; y++ {
		for x := size.Min.X; x < size.Max.X; x++ {
			count[full.At(x, y)]++
		}
	}
	var colours color.Palette
	for c := range count {
		colours = append(colours, c)
	}
	slices.SortFunc(colours, func(a, b color.Color) int { return cmp.Compare(count[b], count[a]) })
	few := image.NewPaletted(size, colours[:min(len(colours), 255)])
	draw.Draw(few, size, full, size.Min, draw.Src)
	var out bytes.Buffer
	require.NoError(t, (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, few))
	return out.Bytes()
}
