package sqlite

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/assist-go/assist/refunds/internal/sqlstore"
)

// mark stands in a file beside the database, PATH-mark, and tells how far its
// history had come. A database whose history ends before it was restored from a
// backup; one without it was moved. Who restores both together isn't noticed.
type mark struct {
	Place string // of this copy
	Event int64  // that the history had come to
}

func readMark(path string) (m mark, found bool, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return mark{}, false, nil
	}
	if err != nil {
		return mark{}, false, err
	}
	if json.Unmarshal(text, &m) != nil {
		return mark{}, false, nil // a half one counts as none: the careful side
	}
	return m, true, nil
}

// write replaces the file at once, so that it is never a half one.
func (m mark) write(path string) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// Place implements storage.Store: it changes when the file is an older copy than
// the mark beside it tells, or has none.
func (s *Store) Place(ctx context.Context) (string, error) {
	var last int64
	if err := s.Store.Ask(ctx, func(q sqlstore.Conn) error {
		return sqlstore.One(ctx, q, "SELECT coalesce(max(id), 0) FROM "+prefix+"refund_events", &last)
	}); err != nil {
		return "", err
	}
	m, found, err := readMark(s.mark)
	if err != nil {
		return "", fmt.Errorf("sqlite: the mark beside the database: %w", err)
	}
	if found && m.Event <= last {
		return m.Place, nil
	}
	m = mark{Place: rand.Text(), Event: last}
	return m.Place, m.write(s.mark)
}

// Mark implements storage.Marker: the history has come so far.
func (s *Store) Mark(_ context.Context, event int64) error {
	m, found, err := readMark(s.mark)
	if err != nil || !found || m.Event >= event {
		return err
	}
	m.Event = event
	return m.write(s.mark)
}
