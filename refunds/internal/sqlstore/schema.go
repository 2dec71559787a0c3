package sqlstore

import (
	_ "embed"
	"strings"
)

//go:embed schema1.sql
var schema1 string

// Schema gives the first migration in a dialect: the prefix of tables, that of
// indexes (which in PostgreSQL live in their table's schema), the type of a
// counted number, and what keeps a table from being changed.
func Schema(tables, indexes, counted string, addOnly func(table string) string) string {
	var b strings.Builder
	b.WriteString(strings.NewReplacer("{t}", tables, "{i}", indexes, "{counted}", counted).Replace(schema1))
	for _, table := range []string{"refund_events", "refund_seals", "refund_tombstones"} {
		b.WriteString(addOnly(table))
	}
	return b.String()
}
