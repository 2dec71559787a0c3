// Command serve starts a throw-away PostgreSQL with the settings that it is given,
// prints its URL, and ends it when its standard input ends: for tests of other
// modules.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/assist-go/assist/refunds/internal/pgtest"
)

func main() {
	s, err := pgtest.Start("", os.Args[1:]...)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(s.DSN)
	_, _ = io.Copy(io.Discard, os.Stdin)
	s.Stop()
}
