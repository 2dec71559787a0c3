// Package wire holds the flat text records that both codecs read into and
// write from, so that SOAP, XML, CSV and JSON answers look the same to the
// client.
//
// A record is text: nothing here knows money, dates or rules. What can go
// wrong is told by the errors of this package: a text given twice
// ([ErrDuplicate]), a required one missing or empty ([ErrMissing]), or a
// document that is no answer to the service asked ([ErrForeign]). A document
// with any of them is not an answer, and the caller must not read half of it.
package wire
