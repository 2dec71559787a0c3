package sqlite

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"github.com/assist-go/assist/refunds/internal/storage"
)

// mark stands in a file beside the database, PATH-mark, and tells how far its
// history had come. A database whose history ends before it was restored from a
// backup; one that knows of no copy at all was made anew after the file was lost;
// one without a mark was moved. Who restores both together isn't noticed.
type mark struct {
	Place string // of this copy
	Event int64  // that the history had come to
}

// unreadable is a mark of which nothing is known but that there was one: no
// database is the copy that it tells of.
var unreadable = mark{Place: "an unreadable mark", Event: math.MaxInt64}

func readMark(path string) (m mark, found bool, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return mark{}, false, nil
	}
	if err != nil {
		return mark{}, false, err
	}
	if json.Unmarshal(text, &m) != nil || m.Place == "" {
		return unreadable, true, nil
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
// the mark beside it tells, was made anew beside it, or has none.
//
// The database's own word of which copy it is comes before the mark, here and in
// refunds.NewBook: a process that dies between the two leaves a difference, and
// the merchants are held.
func (s *Store) Place(ctx context.Context) (string, error) {
	m, found, err := readMark(s.mark)
	if err != nil {
		return "", fmt.Errorf("sqlite: the mark beside the database: %w", err)
	}
	place := m.Place
	if !found {
		place = rand.Text()
	}
	place, known, last, err := s.known(ctx, place)
	switch {
	case err != nil:
		return "", err
	case found && known && m.Event <= last:
		return m.Place, nil
	case !found && last == 0:
		// Nothing was ever stored in it, so nothing can be lost.
		m = mark{Place: place}
	default:
		m = mark{Place: rand.Text(), Event: last}
	}
	return m.Place, m.write(s.mark)
}

// known gives which copy the database takes itself for, whether it knew that
// before, and how far its history has come. One that doesn't know is told to be
// the given one.
func (s *Store) known(ctx context.Context, given string) (place string, known bool, last int64, err error) {
	err = s.Update(ctx, func(tx storage.Tx) error {
		m := storage.Meta{Name: storage.Place, Value: given}
		inserted, err := tx.Insert(ctx, &m)
		if err == nil && !inserted {
			_, err = tx.Get(ctx, &m, storage.NoLock)
		}
		if err != nil {
			return err
		}
		place, known = m.Value, !inserted
		events, err := storage.Find[storage.Event](ctx, tx, storage.Query{Order: "-id", Limit: 1})
		if len(events) > 0 {
			last = events[0].ID
		}
		return err
	})
	return place, known, last, err
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
