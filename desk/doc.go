// Package desk is a page for the people who give money back: it answers one
// question, "did the money move?", and takes refunds from persons.
//
//	handler, err := desk.New(book, client, auth, desk.Under("/admin/refunds/"))
//	…
//	mux.Handle("/admin/refunds/", handler)
//
// It stands on a [refunds.Book] and stores what persons ask for there; a
// [refunds.Carrier], here or in another process, sends it. No request to the desk
// ever sends a cancel, and the desk needs no password of Assist's that could:
// [Orders] only asks.
//
// Who a request is from is the host's to say, by [Auth]; what that person may do
// is the desk's, by [Role]. The desk has no sessions, no cookies but one for the
// language, and no dependency beside the SDK.
package desk
