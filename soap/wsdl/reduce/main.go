// Command reduce generates the message types of the WSDL files named on its
// command line: it runs gowsdl on each and keeps of its output the message types
// alone. The file wscancel.wsdl becomes wscancel_gen.go beside it.
//
// gowsdl's output comes with a client that rests on gowsdl's runtime. That
// runtime panics on some answers and takes an empty body for a success, so
// nothing of it may reach a program that imports the types.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const (
	generator = "gowsdl v0.5.0"
	toolsFile = "../../tools.mod"
	pkg       = "wsdl"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "reduce:", err)
		os.Exit(1)
	}
}

func run(files []string) error {
	if len(files) == 0 {
		return errors.New("no WSDL file named")
	}
	scratch, err := os.MkdirTemp("", "reduce")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	for _, file := range files {
		source, err := generate(scratch, file)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		reduced, err := reduce(source, filepath.Base(file))
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		target := strings.TrimSuffix(file, ".wsdl") + "_gen.go"
		if err := os.WriteFile(target, reduced, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// generate runs gowsdl on one WSDL file and returns the Go source it wrote.
func generate(scratch, file string) ([]byte, error) {
	name := filepath.Base(file) + ".go"
	command := exec.Command("go", "tool", "-modfile="+toolsFile, "gowsdl", "-d", scratch, "-p", pkg, "-o", name, file)
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, output.String())
	}
	return os.ReadFile(filepath.Join(scratch, pkg, name))
}
