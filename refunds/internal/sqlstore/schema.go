package sqlstore

import (
	_ "embed"
	"strings"
)

//go:embed schema1.sql
var schema1 string

// Words are those of the schema that differ between the databases.
type Words struct {
	Tables, Indexes string // before their names; in PostgreSQL an index lives in its table's schema
	Counted         string // a number that the database gives, and never again
	Numbered        string // one of a table that nothing is deleted from
	Number          string // the type of a number that is a primary key
	AddOnly         func(table string) string
	Fan             string // notes each event for the chain and for all consumers
}

// Schema gives the first migration.
func Schema(w Words) string {
	var b strings.Builder
	b.WriteString(strings.NewReplacer("{t}", w.Tables, "{i}", w.Indexes, "{counted}", w.Counted, "{numbered}", w.Numbered, "{number}", w.Number).Replace(schema1))
	for _, table := range []string{"refund_events", "refund_seals", "refund_tombstones"} {
		b.WriteString(w.AddOnly(table))
	}
	b.WriteString(w.Fan)
	return b.String()
}
