package structure_test

import (
	"flag"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write api/*.txt anew")

// The packages whose exported names are a promise. Those of soap and form aren't.
var promised = []string{".", "assisttest", "ledger", "openpgp"}

// api/ lists what a package exports, one thing a line. A change of it is made on
// purpose, with -update, and seen in review; .ci/run compares it with the last tag.
func TestExportedNames(t *testing.T) {
	t.Parallel()
	for _, folder := range promised {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(root, folder)
			compiled, err := compiledPackages(dir)
			require.NoError(t, err)
			name := path.Join("github.com/assist-go/assist", folder)
			exporter := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
				if compiled[path] == "" {
					return nil, fmt.Errorf("package %s isn't compiled", path)
				}
				return os.Open(compiled[path])
			})
			pkg, err := exporter.Import(name)
			require.NoError(t, err)
			list := filepath.Join(root, "api", pkg.Name()+".txt")
			now := strings.Join(exported(pkg), "\n") + "\n"
			if *update {
				require.NoError(t, os.WriteFile(list, []byte(now), 0o644))
			}
			before, err := os.ReadFile(list)
			require.NoError(t, err)
			assert.Equal(t, string(before), now, "go test ./test/structure -run ExportedNames -update writes it anew")
		})
	}
}

// exported gives a line for everything that a program can name of a package. Of a
// struct each field is one, so that a new field only adds a line; a new method of an
// interface changes one, as it breaks who implements it.
func exported(pkg *types.Package) (lines []string) {
	own := func(other *types.Package) string {
		if other == pkg {
			return ""
		}
		return other.Path()
	}
	for _, name := range pkg.Scope().Names() {
		object := pkg.Scope().Lookup(name)
		if !object.Exported() {
			continue
		}
		switch o := object.(type) {
		case *types.Const:
			lines = append(lines, fmt.Sprintf("const %s %s = %s", name, types.TypeString(o.Type(), own), o.Val().ExactString()))
		case *types.TypeName:
			lines = append(lines, exportedOfType(o, own)...)
		default:
			lines = append(lines, types.ObjectString(object, own))
		}
	}
	slices.Sort(lines)
	return lines
}

func exportedOfType(o *types.TypeName, own types.Qualifier) (lines []string) {
	head := "type " + o.Name()
	if o.IsAlias() {
		return []string{head + " = " + types.TypeString(types.Unalias(o.Type()), own)}
	}
	switch under := o.Type().Underlying().(type) {
	case *types.Struct:
		lines = append(lines, fmt.Sprintf("%s struct, comparable %t", head, types.Comparable(under)))
		for i := range under.NumFields() {
			if f := under.Field(i); f.Exported() {
				lines = append(lines, fmt.Sprintf("%s struct, %s %s", head, f.Name(), types.TypeString(f.Type(), own)))
			}
		}
	default:
		lines = append(lines, head+" "+types.TypeString(under, own))
	}
	if types.IsInterface(o.Type()) {
		return lines
	}
	methods := types.NewMethodSet(types.NewPointer(o.Type()))
	values := types.NewMethodSet(o.Type())
	for i := range methods.Len() {
		m := methods.At(i).Obj()
		if !m.Exported() {
			continue
		}
		receiver := "*" + o.Name()
		if values.Lookup(m.Pkg(), m.Name()) != nil {
			receiver = o.Name()
		}
		lines = append(lines, fmt.Sprintf("method (%s) %s%s", receiver, m.Name(), strings.TrimPrefix(types.TypeString(m.Type(), own), "func")))
	}
	return lines
}
