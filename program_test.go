package assist_test

import "log"

// program stands in for the *testing.T of a test, in the examples.
type program struct{ cleanups []func() }

func (p *program) Helper()                           {}
func (p *program) Cleanup(f func())                  { p.cleanups = append(p.cleanups, f) }
func (p *program) Fatalf(format string, args ...any) { log.Fatalf(format, args...) }

func (p *program) end() {
	for _, f := range p.cleanups {
		f()
	}
}
