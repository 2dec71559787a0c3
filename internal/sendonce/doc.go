// Package sendonce sends a request at most once and tells what is proved when that
// fails. A cancel has a connection of its own, its body is given out once, and the
// trace of net/http is watched for a connection that was had and for a second send.
// What it can't prove it doesn't say: the caller then takes the outcome to be
// unknown.
package sendonce
