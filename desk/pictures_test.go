package desk_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
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
		{"list", "/", "boris", "light", "ru", 1280},
		{"list-phone", "/", "boris", "light", "ru", 390},
		{"list-dark", "/", "boris", "dark", "en", 1280},
		{"unknown", "/refund/1", "vera", "light", "ru", 1280},
		{"unknown-phone", "/refund/1", "vera", "dark", "ru", 390},
		{"done", "/refund/5", "anna", "light", "ru", 1280},
		{"done-phone", "/refund/5", "anna", "light", "en", 390},
		{"late", "/refund/3", "vera", "light", "ru", 1280},
		{"approve", "/refund/9", "vera", "light", "en", 1280},
		{"new", "/new?order=20600", "anna", "light", "ru", 1280},
		{"new-phone", "/new?order=20601", "anna", "light", "ru", 390},
		{"decisions", "/decisions", "vera", "light", "ru", 1280},
		{"decisions-phone", "/decisions", "vera", "dark", "en", 390},
		{"sending", "/sending", "glafira", "light", "ru", 1280},
		{"audit", "/audit?verify=1", "vera", "light", "ru", 1280},
		{"waiting", "/refund/12", "anna", "light", "ru", 1280},
	} {
		t.Run(shot.name, func(t *testing.T) {
			b := at(t, w, shot.person)
			b.do(chromedp.EmulateViewport(shot.width, 800))
			b.theme(shot.theme)
			b.language(shot.language)
			b.open(shot.path)
			picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(folder, shot.name+".png"), picture, 0o644))
		})
	}
}
