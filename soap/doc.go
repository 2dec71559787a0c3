// Package soap turns requests into SOAP 1.1 and SOAP answers into records
// (protocol §3 to §5). It knows texts: no money, no dates, no rules. Documents come
// as text in UTF-8, whatever they were sent in.
//
// It serves package assist and carries no compatibility promise: use that one.
//
// An answer that is broken in any way is an error and leaves no half of itself
// behind. What isn't SOAP at all, such as a proxy's HTML page, is an error that
// wraps an ErrForeign, so that another decoder can be tried.
package soap
