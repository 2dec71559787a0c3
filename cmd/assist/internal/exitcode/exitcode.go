// Package exitcode says how the program ends: one number for each answer to
// "what became of the money", and an error that carries it.
package exitcode

import (
	"errors"
	"fmt"
)

// The exit codes. They are a promise: scripts rest on them.
const (
	// Done: the money went back, or the question was answered.
	Done = 0
	// Failed: something else went wrong. This command sent nothing.
	Failed = 1
	// Usage: the command can't be understood, or a prompt is needed and can't be
	// had. Nothing was stored or sent.
	Usage = 2
	// Refused: by Assist or by a rule. No money moved, and the same again is
	// refused again.
	Refused = 3
	// Settings: credentials or configuration. This command sent nothing.
	Settings = 4
	// NotFound: no such order, refund or file.
	NotFound = 5
	// NotFinished: stored, and it goes on: in process at Assist, queued, or
	// waiting for a person's approval. Of a file: a part of it is done.
	NotFinished = 10
	// Unknown: the money may have moved, or it has although the refund was refused,
	// taken back or closed, or isn't where the store says. Never repeat it as a new
	// refund.
	Unknown = 20
	// NotSent: this command sent nothing, and it may be repeated.
	NotSent = 75
	// Interrupted: before this command sent anything.
	Interrupted = 130
)

// Error is an error that ends the program with a code. Next is what to do, one
// line each; it may be empty.
type Error struct {
	Code int
	Text string
	Next []string
	Err  error // the cause; its text isn't shown again
}

func (e *Error) Error() string { return e.Text }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// New makes an error of a code.
func New(code int, format string, args ...any) *Error {
	return &Error{Code: code, Text: fmt.Sprintf(format, args...)}
}

// Then adds what to do.
func (e *Error) Then(format string, args ...any) *Error {
	e.Next = append(e.Next, fmt.Sprintf(format, args...))
	return e
}

// Because keeps the cause.
func (e *Error) Because(err error) *Error {
	e.Err = err
	return e
}

// Of gives the code of an error, and def where it carries none.
func Of(err error, def int) int {
	if err == nil {
		return Done
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return def
}
