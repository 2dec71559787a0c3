// Package gowsdlclient is the client that gowsdl v0.5.0 makes of our
// description of the cancel service, unchanged, on its own runtime: one of the
// contenders of the benchmarks.
package gowsdlclient

//go:generate go run github.com/hooklift/gowsdl/cmd/gowsdl -d .. -p gowsdlclient -o client.go ../../soap/wsdl/wscancel.wsdl
