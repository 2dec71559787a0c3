// Package pgtest starts a throw-away PostgreSQL for tests, as whoever runs them,
// root included, without a service manager.
package pgtest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// TB is what is needed of a *testing.T.
type TB interface {
	Helper()
	Cleanup(func())
	Fatal(...any)
	Skip(...any)
}

// DSN gives the address of a PostgreSQL: $ASSIST_POSTGRES where it is set, else a
// server of the test's own, which ends with it. Where no PostgreSQL is installed
// the test is skipped, or fails with ASSIST_NEED_POSTGRES=1.
func DSN(tb TB) string {
	tb.Helper()
	if dsn := os.Getenv("ASSIST_POSTGRES"); dsn != "" {
		return dsn
	}
	Need(tb)
	s, err := Start("")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Stop)
	return s.DSN
}

// Need skips the test where no PostgreSQL is installed, or fails it with
// ASSIST_NEED_POSTGRES=1.
func Need(tb TB) {
	tb.Helper()
	if binaries() != "" {
		return
	}
	if os.Getenv("ASSIST_NEED_POSTGRES") != "" {
		tb.Fatal("PostgreSQL is not installed: apt-get install postgresql")
	}
	tb.Skip("PostgreSQL is not installed: only the other stores are tested")
}

// Server is a running server.
type Server struct {
	DSN       string
	dir, bin  string
	attribute *syscall.SysProcAttr
}

// Start makes a cluster in a folder of its own and starts it; bin is where
// initdb is, "" looks for it. Settings are of the server, "name=value".
func Start(bin string, settings ...string) (*Server, error) {
	if bin == "" {
		if bin = binaries(); bin == "" {
			return nil, fmt.Errorf("no initdb is found")
		}
	}
	dir, err := os.MkdirTemp("", "pgtest")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, bin: bin}
	if os.Geteuid() == 0 { // PostgreSQL refuses root
		if s.attribute, err = asPostgres(dir); err != nil {
			return nil, err
		}
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	if err := s.run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"); err != nil {
		return nil, err
	}
	options := fmt.Sprintf("-p %d -c listen_addresses=127.0.0.1 -c unix_socket_directories=%s -c fsync=off -c max_connections=100", port, dir)
	for _, one := range settings {
		options += " -c " + one
	}
	if err := s.run("pg_ctl", "-D", data, "-w", "-t", "30", "-l", filepath.Join(dir, "log"), "-o", options, "start"); err != nil {
		return nil, err
	}
	s.DSN = fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", port)
	return s, nil
}

// Restart stops the server as a crash does and starts it again.
func (s *Server) Restart() error {
	return s.run("pg_ctl", "-D", filepath.Join(s.dir, "data"), "-m", "immediate", "-w", "-l", filepath.Join(s.dir, "log"), "restart")
}

// Stop ends the server and takes its folder away.
func (s *Server) Stop() {
	_ = s.run("pg_ctl", "-D", filepath.Join(s.dir, "data"), "-m", "immediate", "-w", "stop")
	_ = os.RemoveAll(s.dir)
}

func (s *Server) run(name string, args ...string) error {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.SysProcAttr, cmd.Dir = s.attribute, s.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return nil
}

func asPostgres(dir string) (*syscall.SysProcAttr, error) {
	who, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, err := strconv.Atoi(who.Uid)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.Atoi(who.Gid)
	if err != nil {
		return nil, err
	}
	if err := os.Chown(dir, uid, gid); err != nil {
		return nil, err
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

func binaries() string {
	if path, err := exec.LookPath("initdb"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(real)
		}
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // Debian keeps them out of PATH
	version := func(path string) int {
		n, _ := strconv.Atoi(strings.Split(path, "/")[4])
		return n
	}
	slices.SortFunc(found, func(a, b string) int { return version(b) - version(a) })
	if len(found) == 0 {
		return ""
	}
	return filepath.Dir(found[0])
}
