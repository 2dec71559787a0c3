// Package stopwatch measures, for tests that bound how long a call may work.
package stopwatch
