package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// processes are so many at once, with as many that are ready to follow.
const processes = 2

// inTime is how long a worker is given to reach the boundary it was aimed at.
const inTime = 3 * time.Second

// worker is one life of a process.
type worker struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	ready chan bool
	at    string // where it was aimed at
	once  sync.Once

	gone chan struct{} // closed when it has died
	died string        // where, if it said so; read after gone
}

func (h *harness) start() (*worker, error) {
	w := &worker{cmd: exec.Command(os.Args[0]), ready: make(chan bool, 1), gone: make(chan struct{})}
	w.cmd.Env = append(os.Environ(), envRole+"=worker", envStore+"="+h.store, envURL+"="+h.url, fmt.Sprintf("%s=%d", envEpoch, h.epoch.UnixMicro()))
	if h.badly {
		w.cmd.Env = append(w.cmd.Env, envBad+"=1")
	}
	w.cmd.Stderr = os.Stderr
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if w.in, err = w.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := w.cmd.Start(); err != nil {
		return nil, err
	}
	go w.follow(out)
	return w, nil
}

// follow reads what the worker says until it is dead.
func (w *worker) follow(out io.Reader) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if text := strings.TrimSpace(lines.Text()); text == ready {
			w.ready <- true
		} else {
			w.died = text
		}
	}
	_ = w.cmd.Wait()
	close(w.gone)
}

func (w *worker) kill() {
	w.once.Do(func() { _ = w.cmd.Process.Kill() })
	<-w.gone
}

// replace lets a worker that is ready carry, aimed at a boundary, and starts
// another to be ready after it.
func (h *harness) replace(at string) (*worker, error) {
	next, err := h.start()
	if err != nil {
		return nil, err
	}
	h.standby = append(h.standby, next)
	w := h.standby[0]
	h.standby = h.standby[1:]
	select {
	case <-w.ready:
	case <-w.gone:
		return nil, fmt.Errorf("a worker ended before it was ready")
	}
	w.at = at
	_, err = io.WriteString(w.in, at+"\n")
	return w, err
}

// kills goes through the workers until so many have died.
func (h *harness) kills(ctx context.Context) error {
	if h.badly { // sent, and nothing stored
		h.aim.always = "send: after the answer"
	}
	for range processes {
		w, err := h.start()
		if err != nil {
			return err
		}
		h.standby = append(h.standby, w)
	}
	for range processes {
		w, err := h.replace(h.aim.next())
		if err != nil {
			return err
		}
		h.alive = append(h.alive, w)
	}
	for n := range h.settings.kills {
		if err := h.disturb(ctx, n); err != nil {
			return err
		}
		if err := h.feed(ctx); err != nil {
			return err
		}
		i := h.nextDead()
		h.aim.died(h.alive[i].at, h.alive[i].died)
		w, err := h.replace(h.aim.next())
		if err != nil {
			return err
		}
		h.alive[i] = w
	}
	// What the last ones were aimed at mustn't disturb the settling.
	for i, w := range h.alive {
		w.kill()
		var err error
		if h.alive[i], err = h.replace("nowhere"); err != nil {
			return err
		}
	}
	return nil
}

// nextDead waits for the next worker to die, and kills one that doesn't.
func (h *harness) nextDead() int {
	patience := inTime
	for _, w := range h.alive {
		if w.at == fromOutside {
			patience = time.Duration(20+rand.IntN(150)) * time.Millisecond
		}
	}
	select {
	case <-h.alive[0].gone:
		return h.dead(0)
	case <-h.alive[1].gone:
		return h.dead(1)
	case <-time.After(patience):
	}
	i := rand.IntN(processes)
	for j, w := range h.alive {
		if w.at == fromOutside {
			i = j
		}
	}
	h.alive[i].kill()
	return h.dead(i)
}

func (h *harness) dead(i int) int {
	if h.alive[i].died == "" {
		h.alive[i].died = fromOutside
	}
	return i
}

// disturb cuts connections, and lets the server crash.
func (h *harness) disturb(ctx context.Context, n int) error {
	if h.cut > 0 && n%h.cut == h.cut-1 {
		h.cuts++
		_, _ = h.db.ExecContext(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend' ORDER BY random() LIMIT 3`)
	}
	if h.restart > 0 && n%h.restart == h.restart-1 {
		h.restarts++
		return h.postgres.Restart()
	}
	return nil
}

func (h *harness) endAll() {
	for _, w := range append(h.alive, h.standby...) {
		w.kill()
	}
}
