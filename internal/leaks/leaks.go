// Package leaks looks for goroutines that the tests of a package left behind.
package leaks

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Main runs the tests of a package, for its TestMain, and gives the status to exit
// with. No call may leave a goroutine behind, whatever it met, so none may be left
// when all tests are over.
func Main(m *testing.M) (status int) {
	status = m.Run()
	if left := goroutinesLeft(); status == 0 && left != "" {
		fmt.Fprintln(os.Stderr, "goroutines were left behind:\n"+left)
		status = 1
	}
	return status
}

// goroutinesLeft gives the stacks of all goroutines but our own and the testing
// package's, once those that are about to end have had a second to do so.
func goroutinesLeft() (left string) {
	for wait := time.Millisecond; wait < time.Second; wait *= 2 {
		if left = others(); left == "" {
			return ""
		}
		time.Sleep(wait)
	}
	return left
}

func others() string {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	// The first is the one that asks.
	var left []string
	for _, stack := range strings.Split(string(stacks), "\n\n")[1:] {
		if !strings.Contains(stack, "testing.(*F).Fuzz") && !strings.Contains(stack, "os/signal.") {
			left = append(left, stack)
		}
	}
	return strings.Join(left, "\n\n")
}
