package main

import (
	"bufio"
	"encoding/json"
	"os"
	"time"

	"github.com/assist-go/assist/cmd/assist/internal/exitcode"
	"github.com/assist-go/assist/refunds"
)

// anchorJSON is an anchor as it is exported.
type anchorJSON struct {
	Number int64     `json:"number"`
	Hash   string    `json:"hash"`
	At     time.Time `json:"at"`
}

// readAnchors reads a file of exported anchors, one a line.
func readAnchors(path string) (all []refunds.Anchor, err error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, exitcode.New(exitcode.NotFound, "%v", err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if lines.Text() == "" {
			continue
		}
		var a anchorJSON
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			return nil, exitcode.New(exitcode.Usage, "%s: %v", path, err)
		}
		all = append(all, refunds.Anchor{Number: a.Number, Hash: a.Hash, At: a.At})
	}
	return all, lines.Err()
}
