package sqlstore

import (
	"math/bits"
	"strconv"
	"strings"
	"sync"

	"github.com/assist-go/assist/refunds/internal/storage"
)

// statement is a text with its arguments.
type statement struct {
	strings.Builder
	d    *Dialect
	args []any
}

func (s *statement) arg(v any) {
	s.args = append(s.args, v)
	s.WriteString(s.d.Placeholder)
	s.WriteString(strconv.Itoa(len(s.args)))
}

func (t *tx) begin(parts ...string) *statement {
	s := &statement{d: t.d}
	for _, p := range parts {
		s.WriteString(p)
	}
	return s
}

func (s *statement) where(conds []storage.Cond) {
	for i, c := range conds {
		if i == 0 {
			s.WriteString(" WHERE ")
		} else {
			s.WriteString(" AND ")
		}
		s.WriteString(c.Column)
		if c.Loose {
			if _, number := c.Value.(int64); number {
				s.WriteString(" + 0")
			} else {
				s.WriteString(" || ''")
			}
		}
		switch list := c.Value.(type) {
		case []int64: // numbers of the program's own, which a partial index may need to see
			s.WriteString(" IN (")
			for j, n := range list {
				if j > 0 {
					s.WriteByte(',')
				}
				s.WriteString(strconv.FormatInt(n, 10))
			}
			s.WriteByte(')')
		case []string:
			s.texts(list)
		default:
			s.WriteByte(' ')
			s.WriteString(c.Op)
			s.WriteByte(' ')
			switch fixed := c.Value.(type) {
			case int64:
				if c.Fixed {
					s.WriteString(strconv.FormatInt(fixed, 10))
					continue
				}
			case string:
				if c.Fixed {
					s.WriteString("'" + strings.ReplaceAll(fixed, "'", "''") + "'")
					continue
				}
			}
			s.arg(c.Value)
		}
	}
}

// texts are padded with the last one to a power of two, so that there are few
// statements to prepare.
func (s *statement) texts(list []string) {
	if len(list) == 0 {
		s.WriteString(" IN (NULL)")
		return
	}
	for i, n := 0, 1<<bits.Len(uint(len(list)-1)); i < n; i++ {
		s.WriteString([...]string{" IN (", ","}[min(i, 1)])
		s.arg(list[min(i, len(list)-1)])
	}
	s.WriteByte(')')
}

func (s *statement) byKey(table *storage.Table, fields []any) {
	for i := range table.Keys {
		if i == 0 {
			s.WriteString(" WHERE ")
		} else {
			s.WriteString(" AND ")
		}
		s.WriteString(table.Columns[i])
		s.WriteString(" = ")
		s.arg(value(fields[i]))
	}
}

func value(field any) any {
	if n, ok := field.(*int64); ok {
		return *n
	}
	return *field.(*string)
}

func (s *statement) lock(l storage.Lock) {
	if !s.d.Locks {
		return
	}
	switch l {
	case storage.ForShare:
		s.WriteString(" FOR SHARE")
	case storage.ForUpdate:
		s.WriteString(" FOR UPDATE")
	case storage.SkipLocked:
		s.WriteString(" FOR UPDATE SKIP LOCKED")
	}
}

// text gives the statement of a kind for a table, which is made once.
func (t *tx) text(kind int, table *storage.Table, make func(*statement)) string {
	key := textKey{t.d, table, kind}
	if text, ok := texts.Load(key); ok {
		return text.(string)
	}
	s := t.begin()
	make(s)
	texts.Store(key, s.String())
	return s.String()
}

// The kinds of statements on one row; reading has one for each lock.
const (
	inserting = -1 - iota
	insertingNumber
	adding
	saving
	deleting
)

type textKey struct {
	d     *Dialect
	table *storage.Table
	kind  int
}

var texts sync.Map // of textKey: string

func values(args []any, fields []any) []any {
	if args == nil {
		args = make([]any, 0, len(fields))
	}
	for _, f := range fields {
		args = append(args, value(f))
	}
	return args
}
