// Package page puts what was measured into a page of the documentation.
package page

import (
	"fmt"
	"os"
	"strings"
)

// Put replaces what stands between the two marks of a name, which are comments
// of their own lines: <!-- name --> and <!-- /name -->.
func Put(file, name, text string) error {
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	replaced, err := replace(string(old), name, text)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return os.WriteFile(file, []byte(replaced), 0o644)
}

func replace(page, name, text string) (string, error) {
	start, end := "<!-- "+name+" -->\n", "<!-- /"+name+" -->\n"
	before, rest, found := strings.Cut(page, start)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		return "", fmt.Errorf("no marks %q", name)
	}
	return before + start + strings.TrimSpace(text) + "\n" + end + after, nil
}
