package assisttest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// faultNames are the functions and methods of the package that give a Fault.
func faultNames(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	var names []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		for _, declared := range file.Decls {
			function, ok := declared.(*ast.FuncDecl)
			if !ok || !function.Name.IsExported() || function.Type.Results == nil {
				continue
			}
			for _, result := range function.Type.Results.List {
				if kind, ok := result.Type.(*ast.Ident); ok && kind.Name == "Fault" {
					names = append(names, function.Name.Name)
				}
			}
		}
	}
	require.Greater(t, len(names), 30)
	return names
}

// Each fault stands in the page, can be written for the simulator, and is played
// by a test of this package.
func TestEveryFaultIsDocumentedAndPlayed(t *testing.T) {
	t.Parallel()
	read := func(pattern string) string {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		var all strings.Builder
		for _, name := range files {
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			all.Write(text)
		}
		return all.String()
	}
	page, simulator, tests := read("../docs/assisttest.md"), read("../examples/simulator/control/faults.go"), read("*_test.go")
	for _, name := range faultNames(t) {
		assert.True(t, strings.Contains(page, "`"+name+"`"), "%s in the page", name)
		assert.True(t, strings.Contains(simulator, "."+name+"("), "%s in the simulator", name)
		assert.True(t, strings.Contains(tests, "."+name+"("), "%s in a test", name)
	}
}
