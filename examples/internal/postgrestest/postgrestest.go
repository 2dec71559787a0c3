// Package postgrestest gives the tests of the examples a throw-away PostgreSQL.
package postgrestest

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// DSN starts a server by the module refunds, and ends it with the test. Without
// PostgreSQL the test is skipped, or fails where ASSIST_NEED_POSTGRES demands it.
// The test runs in a folder of examples.
func DSN(t testing.TB) string {
	t.Helper()
	must := func(err error, output []byte) {
		t.Helper()
		if err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if _, err := exec.LookPath("initdb"); err != nil && len(found) == 0 {
		if os.Getenv("ASSIST_NEED_POSTGRES") != "" {
			t.Fatal("PostgreSQL is not installed: apt-get install postgresql")
		}
		t.Skip("PostgreSQL is not installed")
	}
	serve := filepath.Join(t.TempDir(), "serve")
	out, err := exec.Command("go", "build", "-C", "../../refunds", "-o", serve, "./internal/pgtest/serve").CombinedOutput()
	must(err, out)
	cmd := exec.Command(serve)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	must(err, nil)
	reads, err := cmd.StdoutPipe()
	must(err, nil)
	must(cmd.Start(), nil)
	t.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() })
	dsn, err := bufio.NewReader(reads).ReadString('\n')
	must(err, nil)
	return strings.TrimSpace(dsn)
}
