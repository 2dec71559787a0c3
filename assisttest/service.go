package assisttest

import "strings"

// Service names a web service of Assist (protocol §2).
type Service string

// The services that the server offers.
const (
	Cancels       Service = "cancel"       // cancel.cfm and wscancel.cfm
	OrderResults  Service = "orderresult"  // an order with its operations
	OrderStates   Service = "orderstate"   // an order without them
	ResultsByDate Service = "resultbydate" // all operations of a period
	AnyService    Service = "any"          // for [Fault.For] alone
)

const (
	pathLegacyCancel = "/cancel/cancel.cfm"
	pathCancel       = "/cancel/wscancel.cfm"
	pathOrderResult  = "/orderresult/orderresult.cfm"
	pathOrderState   = "/orderstate/orderstate.cfm"
	pathByDate       = "/resultbydate/resultbydate.cfm"
)

// serviceAt finds the service behind a path. A merchant's base URL may have a
// path of its own before it.
func serviceAt(path string) (service Service, legacy, ok bool) {
	switch {
	case strings.HasSuffix(path, pathCancel):
		return Cancels, false, true
	case strings.HasSuffix(path, pathLegacyCancel):
		return Cancels, true, true
	case strings.HasSuffix(path, pathOrderResult):
		return OrderResults, false, true
	case strings.HasSuffix(path, pathOrderState):
		return OrderStates, false, true
	case strings.HasSuffix(path, pathByDate):
		return ResultsByDate, false, true
	}
	return "", false, false
}
