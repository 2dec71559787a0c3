// Package wsdl holds the SOAP messages of three Assist services as Go types:
// cancel, order result and order state. It is test equipment, the second hand on
// the wire: the simulated server in assisttest reads and writes its messages
// with these types and encoding/xml, while the client uses a codec of its own,
// so an error in one is seen by the other.
//
// The WSDL files beside it are written for this project from protocol §3 to §5;
// they are not Assist's. The result-by-date service has no known SOAP form and
// is missing here. Every amount, date and code is a string, with the text as it
// stood on the wire.
//
// Mind when using the types:
//   - encoding/xml takes an answer that the client refuses: a doubled element,
//     one of another namespace, anything after the end. Decoding proves nothing
//     about an answer's worth.
//   - Children are unqualified on the wire. To write them so, the wrapper needs
//     a prefix: encode it under a start element with the local name
//     "ws:WSCancelResponseParams" inside an envelope that declares ws.
//
// The package carries no compatibility promise.
package wsdl

//go:generate go run ./reduce wscancel.wsdl orderresult.wsdl orderstate.wsdl
