package structure_test

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// arrows are the files of a package that each of its files uses a declaration of.
type arrows map[string]map[string]bool

func (a arrows) add(from, to string) {
	if a[from] == nil {
		a[from] = make(map[string]bool)
	}
	a[from][to] = true
}

// arrowsOf reads the arrows of the package in a directory.
func arrowsOf(dir string) (arrows, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	set := token.NewFileSet()
	var files []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	compiled, err := compiledPackages(dir)
	if err != nil {
		return nil, err
	}
	return arrowsBetween(set, files, importer.ForCompiler(set, "gc", func(path string) (io.ReadCloser, error) {
		if compiled[path] == "" {
			return nil, fmt.Errorf("package %s isn't compiled", path)
		}
		return os.Open(compiled[path])
	}))
}

// compiledPackages tells where the build cache has the packages that one needs.
func compiledPackages(dir string) (map[string]string, error) {
	lines, err := listed(dir, "-deps", "-export", "-f", "{{.ImportPath}} {{.Export}}")
	compiled := make(map[string]string, len(lines))
	for _, line := range lines {
		path, file, _ := strings.Cut(line, " ")
		compiled[path] = file
	}
	return compiled, err
}

func arrowsBetween(set *token.FileSet, files []*ast.File, packages types.Importer) (arrows, error) {
	info := &types.Info{Uses: make(map[*ast.Ident]types.Object)}
	config := types.Config{Importer: packages}
	checked, err := config.Check("assist", set, files, info)
	if err != nil {
		return nil, err
	}
	file := func(p token.Pos) string { return filepath.Base(set.Position(p).Filename) }
	all := make(arrows)
	for use, object := range info.Uses {
		if object.Pkg() != checked || !isDeclaration(object, checked) {
			continue
		}
		if from, to := file(use.Pos()), file(object.Pos()); from != to {
			all.add(from, to)
		}
	}
	return all, nil
}

// isDeclaration tells what stands at the top of a file, and methods, from the
// variables, parameters and fields inside of it.
func isDeclaration(object types.Object, in *types.Package) bool {
	switch o := object.(type) {
	case *types.Var, *types.Const, *types.TypeName:
		return o.Parent() == in.Scope()
	case *types.Func:
		return true
	}
	return false
}

// circlesIn finds the files that reach each other.
func circlesIn(a arrows) (circles [][]string) {
	reached := make(map[string]map[string]bool)
	for from := range a {
		reached[from] = reachedFrom(a, from)
	}
	done := make(map[string]bool)
	for from := range a {
		if done[from] || !reached[from][from] {
			continue
		}
		var circle []string
		for to := range reached[from] {
			if reached[to][from] {
				circle = append(circle, to)
				done[to] = true
			}
		}
		slices.Sort(circle)
		circles = append(circles, circle)
	}
	return circles
}

func reachedFrom(a arrows, from string) map[string]bool {
	reached := make(map[string]bool)
	next := []string{from}
	for len(next) > 0 {
		file := next[0]
		next = next[1:]
		for to := range a[file] {
			if !reached[to] {
				reached[to] = true
				next = append(next, to)
			}
		}
	}
	return reached
}

func TestCirclesAreFound(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		files map[string]string
		want  [][]string
	}{
		"one way":            {map[string]string{"a.go": "type A int", "b.go": "type B A"}, nil},
		"functions":          {map[string]string{"a.go": "func a() { b() }", "b.go": "func b() { _ = a }"}, [][]string{{"a.go", "b.go"}}},
		"by a method":        {map[string]string{"a.go": "type A int; func (x A) use() { x.help() }", "b.go": "func (A) help() {}"}, [][]string{{"a.go", "b.go"}}},
		"by three":           {map[string]string{"a.go": "const a = b", "b.go": "const b = len(c)", "c.go": "const c = \"c\"; type C [a]int"}, [][]string{{"a.go", "b.go", "c.go"}}},
		"fields are no use":  {map[string]string{"a.go": "type A struct{ n int }; func use() { b() }", "b.go": "func b() { var x struct{ n int }; x.n = 1 }"}, nil},
		"two circles":        {map[string]string{"a.go": "func a() { b() }", "b.go": "func b() { a() }", "c.go": "type c struct{ *d }", "d.go": "type d struct{ *c }"}, [][]string{{"a.go", "b.go"}, {"c.go", "d.go"}}},
		"reached by a third": {map[string]string{"a.go": "func a() { b() }", "b.go": "func b() { _ = c }", "c.go": "func c() { b() }"}, [][]string{{"b.go", "c.go"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := token.NewFileSet()
			var files []*ast.File
			for path, text := range test.files {
				file, err := parser.ParseFile(set, path, "package assist; "+text, parser.SkipObjectResolution)
				require.NoError(t, err)
				files = append(files, file)
			}
			found, err := arrowsBetween(set, files, nil)
			require.NoError(t, err)
			assert.ElementsMatch(t, test.want, circlesIn(found))
		})
	}
}
