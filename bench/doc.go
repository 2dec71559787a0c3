// Package bench measures the SDK beside what a Go developer would otherwise
// pick. It is a module of its own, so that nothing of it gets into the module
// graph of a program that imports the SDK.
//
//	go run ./ratios       the table of docs/performance.md
//	go run ./size         what a program gains by importing the SDK
//	go test -bench .      the figures behind the table, without rounds
package bench
