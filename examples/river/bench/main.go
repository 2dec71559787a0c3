// Command bench sets the carrier's own loop beside River, which drives the same
// carrier: refunds for each second of a worker's CPU, and what either costs while
// nothing is due. Run it in examples/river.
//
//	go run ./bench
//
// The runs take turns, each with a database of its own on one throw-away
// PostgreSQL with fsync on. The simulated Assist is in this process, over TCP.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/refunds"
	"github.com/assist-go/assist/refunds/postgres"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

type settings struct {
	refunds, rounds, workers, jobs, open, seconds int
	cooldown                                      time.Duration
}

func main() {
	if os.Getenv(envRole) != "" {
		check(work(context.Background()))
		return
	}
	var s settings
	flag.IntVar(&s.refunds, "n", 1500, "refunds in each run")
	flag.IntVar(&s.rounds, "rounds", 3, "rounds, in which the two take turns")
	flag.IntVar(&s.workers, "workers", 16, "cancels at a time")
	flag.IntVar(&s.jobs, "jobs", 4, "River's jobs at a time, which share the workers")
	flag.DurationVar(&s.cooldown, "cooldown", 20*time.Millisecond, "River's FetchCooldown")
	flag.IntVar(&s.open, "open", 100_000, "refunds, and jobs, that are due tomorrow while either idles; 0 leaves that out")
	flag.IntVar(&s.seconds, "seconds", 20, "how long either idles")
	flag.Parse()
	check(run(context.Background(), s))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings) error {
	dsn, end, err := serve()
	if err != nil {
		return err
	}
	defer end()
	admin, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer admin.Close(ctx)
	for round := range s.rounds {
		for _, role := range []string{"own loop", "River"} {
			w, err := newWorld(ctx, admin, dsn, fmt.Sprintf("round_%d_%s", round, strings.ReplaceAll(strings.ToLower(role), " ", "_")))
			if err != nil {
				return err
			}
			err = w.carry(ctx, role, s)
			w.close()
			if err != nil {
				return fmt.Errorf("%s: %w", role, err)
			}
		}
	}
	if s.open == 0 {
		return nil
	}
	for _, role := range []string{"own loop", "River"} {
		w, err := newWorld(ctx, admin, dsn, "idle_"+strings.ReplaceAll(strings.ToLower(role), " ", "_"))
		if err != nil {
			return err
		}
		err = w.idle(ctx, role, s)
		w.close()
		if err != nil {
			return fmt.Errorf("%s, idle: %w", role, err)
		}
	}
	return nil
}

// serve starts PostgreSQL by the module refunds.
func serve() (dsn string, end func(), err error) {
	dir, err := os.MkdirTemp("", "river-bench")
	if err != nil {
		return "", nil, err
	}
	program := filepath.Join(dir, "serve")
	if out, err := exec.Command("go", "build", "-C", "../../refunds", "-o", program, "./internal/pgtest/serve").CombinedOutput(); err != nil {
		return "", nil, fmt.Errorf("%w\n%s", err, out)
	}
	cmd := exec.Command(program, "fsync=on", "shared_preload_libraries=pg_stat_statements")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	end = func() { _ = in.Close(); _ = cmd.Wait(); _ = os.RemoveAll(dir) }
	line, err := bufio.NewReader(out).ReadString('\n')
	return strings.TrimSpace(line), end, err
}

// world is a database and a simulated Assist.
type world struct {
	dsn, url string
	server   *assisttest.Server
	listener net.Listener
	pool     *pgxpool.Pool
	store    *postgres.Store
	book     *refunds.Book
}

func credentials() assist.Credentials {
	return assist.Credentials{MerchantID: "700027", Login: "test_refunds", Password: assist.NewSecret("TestPassword1")}
}

func newWorld(ctx context.Context, admin *pgx.Conn, dsn, name string) (w *world, err error) {
	if _, err := admin.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return nil, err
	}
	u, err := url.Parse(dsn)
	if err != nil {
		return nil, err
	}
	u.Path = "/" + name
	w = &world{dsn: u.String(), server: assisttest.New(assisttest.WithMerchant(credentials()))}
	if w.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	w.url = "http://" + w.listener.Addr().String()
	go func() { _ = http.Serve(w.listener, w.server) }()
	if w.store, err = postgres.Open(w.dsn, ""); err != nil {
		return nil, err
	}
	if err := refunds.Migrate(ctx, w.store); err != nil {
		return nil, err
	}
	if w.book, err = refunds.NewBook(ctx, w.store); err != nil {
		return nil, err
	}
	if w.pool, err = pgxpool.New(ctx, w.dsn); err != nil {
		return nil, err
	}
	return w, migrateRiver(ctx, w.pool)
}

func (w *world) close() {
	_ = w.listener.Close()
	_ = w.store.Close()
	w.pool.Close()
}

// carry stores refunds, with a job each for River, and waits until all are done
// and no job is left.
func (w *world) carry(ctx context.Context, role string, s settings) error {
	jobs, err := newRiver(w.pool, nil, 0, 0)
	if err != nil {
		return err
	}
	amount, err := assist.NewMoney(1000, "RUB")
	if err != nil {
		return err
	}
	for i := range s.refunds {
		o := w.server.Pay(assisttest.Payment{PaidAt: time.Now().Add(-48 * time.Hour)})
		r := refunds.Refund{Key: "order-" + strconv.Itoa(i), MerchantID: credentials().MerchantID, Request: o.CancelRequest(amount)}
		err := pgx.BeginFunc(ctx, w.pool, func(tx pgx.Tx) error {
			if _, err := postgres.EnqueueTx(ctx, w.book, tx, r); err != nil || role != "River" {
				return err
			}
			_, err := jobs.InsertTx(ctx, tx, wake{}, nil)
			return err
		})
		if err != nil {
			return err
		}
	}
	p, err := start(role, w, s)
	if err != nil {
		return err
	}
	began := time.Now()
	for left := 1; left > 0; {
		time.Sleep(100 * time.Millisecond)
		st, err := w.book.Stats(ctx)
		if err != nil {
			return err
		}
		err = w.pool.QueryRow(ctx, "SELECT count(*) FROM river_job WHERE finalized_at IS NULL").Scan(&left)
		if left += st.Pending + st.Sent + st.InProcess + int(st.Unsealed); err != nil {
			return err
		}
	}
	took := time.Since(began)
	cpu, err := p.stop()
	n := float64(s.refunds)
	fmt.Printf("%-9s %4.0f refunds/s, %4.0f per second of its CPU\n", role, n/took.Seconds(), n/cpu.Seconds())
	return err
}

// idle measures a worker while nothing is due.
func (w *world) idle(ctx context.Context, role string, s settings) error {
	at := time.Now().Add(24 * time.Hour)
	texts := []string{fmt.Sprintf(`INSERT INTO river_job (kind, args, state, scheduled_at, max_attempts) SELECT 'refunds_wake', '{}', 'scheduled', now() + interval '1 day', 25 FROM generate_series(1,%d)`, s.open)}
	if role != "River" {
		texts = []string{`INSERT INTO refund_merchants (merchant) VALUES ('700027')`,
			fmt.Sprintf(`INSERT INTO refund_payments (merchant, payment) SELECT '700027', (5200000000000000+g)::text FROM generate_series(1,%d) g`, s.open),
			fmt.Sprintf(`INSERT INTO refunds (merchant, key, payment, billnumber, order_number, order_date, minor, currency, content, state, next_at, created)
			SELECT '700027', 'order-'||g, (5200000000000000+g)::text, (5200000000000000+g)::text, g::text, 0, 1000, 'RUB', '', 1, %d+g::bigint*10000, 1 FROM generate_series(1,%d) g`, at.UnixMicro(), s.open)}
	}
	for _, text := range append(texts, "VACUUM ANALYZE", "CREATE EXTENSION pg_stat_statements") {
		if _, err := w.pool.Exec(ctx, text); err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
	}
	p, err := start(role, w, s)
	if err != nil {
		return err
	}
	time.Sleep(6 * time.Second) // it has begun, and its leader is elected
	before, err := p.used()
	if err != nil {
		return err
	}
	if _, err := w.pool.Exec(ctx, "SELECT pg_stat_statements_reset()"); err != nil {
		return err
	}
	time.Sleep(time.Duration(s.seconds) * time.Second)
	var calls, ms, most float64
	err = w.pool.QueryRow(ctx, `SELECT sum(calls), sum(total_exec_time), max(mean_exec_time) FROM pg_stat_statements
		WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND query NOT LIKE '%pg_stat_statements%'`).Scan(&calls, &ms, &most)
	if err != nil {
		return err
	}
	after, err := p.stop()
	n := float64(s.seconds)
	fmt.Printf("%-9s idle beside %d: %.1f statements and %.2f ms of the database each second, its longest %.2f ms; %.2f ms of CPU each second\n",
		role, s.open, calls/n, ms/n, most, float64((after-before).Microseconds())/1000/n)
	return err
}

// process is a worker.
type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func start(role string, w *world, s settings) (*process, error) {
	p := &process{cmd: exec.Command(os.Args[0])}
	p.cmd.Env = append(os.Environ(), envRole+"="+role, envDSN+"="+w.dsn, envURL+"="+w.url, envWorkers+"="+strconv.Itoa(s.workers), envJobs+"="+strconv.Itoa(s.jobs), envCool+"="+s.cooldown.String())
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	_, err = p.used() // it has begun
	return p, err
}

// used asks what CPU time it has used since it was ready.
func (p *process) used() (time.Duration, error) {
	if _, err := io.WriteString(p.in, "used\n"); err != nil {
		return 0, err
	}
	line, err := p.out.ReadString('\n')
	if err != nil {
		return 0, err
	}
	ns, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
	return time.Duration(ns), err
}

func (p *process) stop() (time.Duration, error) {
	used, err := p.used()
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
	return used, err
}
