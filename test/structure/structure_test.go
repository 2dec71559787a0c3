// Package structure_test holds how the source stands: what a reader may rely on when
// looking for the place of something. CONTRIBUTING.md says why.
package structure_test

import (
	"bufio"
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	root         = "../.."
	mostLines    = 400 // of a file that isn't a test
	mostOfOne    = 60  // lines of one function
	mostFiles    = 95  // of Go in the root
	mostForeign  = 12  // packages that a program compiles for package assist
	generatedTag = "// Code generated "
)

// tested names the root's files that have no test file of their own name, with what
// tests them.
var tested = map[string]string{
	"doc.go":            "has no code",
	"cancellation.go":   "a value; verdict_test.go and refresh_test.go look at every field",
	"codes.go":          "tables; outcome_test.go goes through them, and holds docs/outcomes.md equal to them",
	"daybalance.go":     "interfaces; reservation_test.go is what calls them",
	"look.go":           "the look of a cancel; attempt_test.go and intent_test.go (LookFirst)",
	"observe.go":        "values; log_test.go looks at what observers are told",
	"options.go":        "client_test.go and transport_test.go, as an option shows in a client alone",
	"order.go":          "values and the stage of an operation; verdict_test.go goes through the stages",
	"polling.go":        "how waits ask; wait_test.go",
	"protocol.go":       "client_test.go, request_test.go, and test/conformance by every protocol",
	"questionerrors.go": "errors_test.go, with all other errors",
	"requestcheck.go":   "cancelrequest_test.go, field by field",
	"text.go":           "one-line rules of texts; money_test.go, billnumber_test.go and cancelrequest_test.go meet each",
	"window.go":         "orderstate_test.go, where periods show in questions",
}

func TestFilesOfTheRoot(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(root, "*.go"))
	require.NoError(t, err)
	assert.LessOrEqual(t, len(files), mostFiles, "Go files in the root: what names no public type stands in internal/, suites in test/")
	names := make(map[string]bool)
	for _, file := range files {
		names[filepath.Base(file)] = true
	}
	for name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		own := strings.TrimSuffix(name, ".go") + "_test.go"
		if tested[name] == "" {
			assert.True(t, names[own], "%s wants its tests in %s, or the reason in this test", name, own)
		} else {
			assert.False(t, names[own], "%s has tests of its own: it needs no reason here", name)
		}
	}
	for name := range tested {
		assert.True(t, names[name], "%s is gone", name)
	}
}

// sources are the files of the root's module that aren't tests and aren't generated.
func sources(t *testing.T) (paths []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root:
			if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") {
				return filepath.SkipDir
			}
		case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if !bytes.HasPrefix(text, []byte(generatedTag)) {
				paths = append(paths, path)
			}
		}
		return nil
	}))
	require.NotEmpty(t, paths)
	return paths
}

func TestFilesAndFunctionsAreShort(t *testing.T) {
	t.Parallel()
	for _, path := range sources(t) {
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		assert.LessOrEqual(t, set.File(file.FileStart).LineCount(), mostLines+1, "lines of %s", path)
		for name, lines := range functions(set, file) {
			assert.LessOrEqual(t, lines, mostOfOne, "lines of %s in %s", name, path)
		}
	}
}

// functions gives the lines of each declared function.
func functions(set *token.FileSet, file *ast.File) map[string]int {
	lines := make(map[string]int)
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok {
			lines[f.Name.Name] = max(lines[f.Name.Name], set.Position(f.End()).Line-set.Position(f.Pos()).Line+1)
		}
	}
	return lines
}

func TestNoTwoFilesStandInACircle(t *testing.T) {
	t.Parallel()
	arrows, err := arrowsOf(root)
	require.NoError(t, err)
	require.NotEmpty(t, arrows)
	assert.Empty(t, circlesIn(arrows), "files that use each other's declarations: move a declaration to where its users can reach it in one direction")
}

// A program that imports package assist alone compiles few packages of others.
func TestForeignPackages(t *testing.T) {
	t.Parallel()
	packages := goList(t, `{{if not .Standard}}{{.ImportPath}}{{end}}`)
	foreign := slices.DeleteFunc(packages, func(path string) bool {
		return path == "github.com/assist-go/assist" || strings.HasPrefix(path, "github.com/assist-go/assist/")
	})
	assert.LessOrEqual(t, len(foreign), mostForeign, "%v", foreign)
}

// goList lists package assist and what it needs.
func goList(t *testing.T, format string) (lines []string) {
	t.Helper()
	lines, err := listed(root, "-deps", "-f", format)
	require.NoError(t, err)
	return lines
}

func listed(dir string, args ...string) (lines []string, err error) {
	command := exec.Command("go", append(append([]string{"list"}, args...), ".")...)
	command.Dir, command.Stderr = dir, os.Stderr
	out, err := command.Output()
	if err != nil {
		return nil, err
	}
	for scanner := bufio.NewScanner(bytes.NewReader(out)); scanner.Scan(); {
		if line := strings.TrimSpace(scanner.Text()); line != "" {
			lines = append(lines, line)
		}
	}
	return lines, nil
}
