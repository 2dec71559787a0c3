// Package form writes requests for HTTP POST, url-encoded or as JSON, and reads
// answers in XML, CSV and JSON into records (protocol §3 to §5). It knows
// texts: no money, no dates, no rules. Documents come as text in UTF-8, whatever
// they were sent in; only [DecodeRows] reads bytes.
//
// It serves package assist and carries no compatibility promise: use that one.
//
// An answer that is broken in any way is an error and leaves no half of itself
// behind. A document of another kind, such as a proxy's HTML page, is an error
// that wraps an ErrForeign, so that another decoder can be tried. No error
// carries a text of the document.
package form
