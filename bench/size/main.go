// Command size measures what a program gains by importing the SDK, beside
// stripe-go and gowsdl's client: modules, packages and bytes. It builds one
// small service several times, each time with another client in it, and prints
// the table of docs/performance.md.
//
//	go run ./size           the table; with -page it also goes into that page
//	go run ./size -modules  also the modules that each program names
//
// It needs the module proxy for stripe-go, which no other part of the project
// uses.
package main

import (
	"embed"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/assist-go/assist/bench/page"
)

//go:embed programs
var programs embed.FS

// program is the service with one client in it.
type program struct {
	label, folder string
	requires      []string // module and version
	copies        []string // packages of the bench module that go into it
}

var all = []program{
	{label: "the service alone", folder: "alone"},
	{label: "**this SDK**", folder: "assist", requires: []string{sdk + " v0.0.0"}},
	{label: "**this SDK, signatures verified**", folder: "signature", requires: []string{sdk + " v0.0.0"}},
	{label: "`encoding/xml` by hand", folder: "encodingxml", copies: []string{"plainclient"}},
	{label: "gowsdl v0.5.0", folder: "gowsdl", requires: []string{"github.com/hooklift/gowsdl v0.5.0"}, copies: []string{"gowsdlclient"}},
	{label: "stripe-go v82.5.1", folder: "stripe", requires: []string{"github.com/stripe/stripe-go/v82 v82.5.1"}},
}

const sdk = "github.com/assist-go/assist"

func main() {
	modules := flag.Bool("modules", false, "list the modules that each program names")
	into := flag.String("page", "", "`file` of the page to put the table into")
	flag.Parse()
	table, graphs, err := run()
	if err == nil {
		fmt.Print(table)
		if *modules {
			fmt.Print(graphs)
		}
		if *into != "" {
			err = page.Put(*into, "size", table)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "size:", err)
		os.Exit(1)
	}
}

// run gives the table and, in plain text, the module graph of each program.
func run() (table, graphs string, err error) {
	root, err := filepath.Abs("..")
	if err != nil {
		return "", "", err
	}
	if _, err := os.Stat("plainclient"); err != nil {
		return "", "", errors.New("run this in the folder bench")
	}
	scratch, err := os.MkdirTemp("", "size")
	if err != nil {
		return "", "", err
	}
	defer os.RemoveAll(scratch)
	var alone measured
	var t, g strings.Builder
	t.WriteString("| | modules in the binary | in the module graph | packages | of them not the standard library's | size, stripped | gained |\n|---|---:|---:|---:|---:|---:|---:|\n")
	for i, p := range all {
		m, err := p.measure(filepath.Join(scratch, p.folder), root)
		if err != nil {
			return "", "", fmt.Errorf("%s: %w", p.folder, err)
		}
		gained := ""
		if i == 0 {
			alone = m
		} else {
			gained = fmt.Sprintf("%.2f MB", megabytes(m.bytes-alone.bytes))
		}
		fmt.Fprintf(&t, "| %s | %d | %d | %d | %d | %.2f MB | %s |\n", p.label, m.linked, len(m.graph), m.packages, m.foreign,
			megabytes(m.bytes), gained)
		fmt.Fprintf(&g, "\n%s\n  %s\n", p.label, strings.Join(m.graph, "\n  "))
	}
	return t.String(), g.String(), nil
}

func megabytes(bytes int64) float64 { return float64(bytes) / 1e6 }

// measured is what one program consists of.
type measured struct {
	linked            int      // modules in the binary, its own apart
	graph             []string // modules that a go command knows of, its own apart
	packages, foreign int
	bytes             int64
}

func (p program) measure(folder, root string) (m measured, err error) {
	if err := p.write(folder, root); err != nil {
		return m, err
	}
	if _, err := runIn(folder, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", "program", "."); err != nil {
		return m, err
	}
	info, err := os.Stat(filepath.Join(folder, "program"))
	if err != nil {
		return m, err
	}
	m.bytes = info.Size()
	packages, err := runIn(folder, "go", "list", "-deps", "-f", "{{.Standard}} {{.ImportPath}}", ".")
	if err != nil {
		return m, err
	}
	for _, line := range packages {
		if strings.HasSuffix(line, " example.test/merchant") {
			continue
		}
		m.packages++
		if strings.HasPrefix(line, "false ") {
			m.foreign++
		}
	}
	if m.graph, err = runIn(folder, "go", "list", "-m", "all"); err != nil {
		return m, err
	}
	m.graph = m.graph[1:]
	linked, err := runIn(folder, "go", "version", "-m", "program")
	for _, line := range linked {
		if strings.HasPrefix(strings.TrimSpace(line), "dep\t") {
			m.linked++
		}
	}
	return m, err
}

// write makes the program's module.
func (p program) write(folder, root string) error {
	source, err := programs.ReadFile("programs/" + p.folder + "/main.go.txt")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "main.go"), source, 0o644); err != nil {
		return err
	}
	for _, name := range p.copies {
		if err := os.CopyFS(filepath.Join(folder, name), os.DirFS(name)); err != nil {
			return err
		}
	}
	module := "module example.test/merchant\n\ngo 1.25.0\n"
	for _, r := range p.requires {
		module += "\nrequire " + r + "\n"
		if strings.HasPrefix(r, sdk+" ") {
			module += fmt.Sprintf("\nreplace %s => %q\n", sdk, root)
		}
	}
	return os.WriteFile(filepath.Join(folder, "go.mod"), []byte(module), 0o644)
}

// runIn runs one command in a folder and gives the lines of its output.
func runIn(folder, name string, args ...string) ([]string, error) {
	command := exec.Command(name, args...)
	command.Dir = folder
	command.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod", "CGO_ENABLED=0")
	var failure strings.Builder
	command.Stderr = &failure
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, failure.String())
	}
	return strings.Split(strings.TrimSpace(string(output)), "\n"), nil
}
