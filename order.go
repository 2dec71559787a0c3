package assist

import (
	"slices"
	"strings"
	"time"
)

// Order is an order as Assist knows it (protocol §4 and §5). Several orders can
// have one order number, when a payment failed and was tried again: the
// billnumber tells them apart.
//
// An Order holds personal data of the customer; don't log it.
type Order struct {
	Billnumber      Billnumber // plain
	Number, Comment string
	TestMode        bool
	Amount          Money
	Rate            string
	Date            time.Time // UTC; zero where the answer has none
	State           OrderState
	Customer        Customer
	Operations      []Operation
	PacketDate      time.Time // UTC, of the answer; to the minute in order services
	// Signature and CheckValue are as they were sent; empty where there is none.
	Signature, CheckValue string
}

// Customer is the person who paid.
type Customer struct {
	FirstName, LastName, MiddleName, Email string
}

// Operation is one operation on an order: a payment, a confirmation or a
// cancel. Texts are as Assist sent them, without spaces around them.
type Operation struct {
	Billnumber   Billnumber // extended, but for some flat answers
	Type         OperationType
	State        OperationState // empty in the flat formats
	Amount       Money
	Date         time.Time // UTC; zero where the answer has none
	ResponseCode ResponseCode

	MeanTypeID                            int // 0 where the answer has none
	MeanTypeName, MeanSubtype, MeanNumber string
	CardHolder, CardExpiration            string
	IssueBank, BankCountry, IPAddress     string

	Message, CustomerMessage, Recommendation string

	ApprovalCode, ProtocolTypeName, ProcessingName, SlipNumber string
}

// withoutPersonal is the operation as an error or a token may carry it, by allow-list: no
// personal data, and no text that the server made up.
func (o Operation) withoutPersonal() Operation {
	shown := Operation{Billnumber: kept(o.Billnumber), Amount: o.Amount, Date: o.Date, MeanTypeID: o.MeanTypeID}
	if o.Type.Known() {
		shown.Type = kept(o.Type)
	}
	if o.State.Known() {
		shown.State = kept(o.State)
	}
	if o.ResponseCode.Known() || o.ResponseCode.refuses() {
		shown.ResponseCode = kept(o.ResponseCode)
	}
	return shown
}

// withoutPersonal is the order as an error may carry it.
func (o Order) withoutPersonal() Order {
	shown := Order{Billnumber: kept(o.Billnumber), Number: kept(o.Number), TestMode: o.TestMode, Amount: o.Amount, Date: o.Date, PacketDate: o.PacketDate}
	if o.State.Known() {
		shown.State = kept(o.State)
	}
	shown.Operations = operationsWithoutPersonal(o.Operations)
	return shown
}

// clone shares nothing with the order that can be written to.
func (o Order) clone() Order {
	o.Operations = slices.Clone(o.Operations)
	return o
}

func operationsWithoutPersonal(operations []Operation) []Operation {
	shown := make([]Operation, len(operations))
	for i, op := range operations {
		shown[i] = op.withoutPersonal()
	}
	return shown
}

// Payment is one row of [Client.ResultsByDate]: an operation with its order.
// The order's Operations are empty.
type Payment struct {
	Order     Order
	Operation Operation
	// Misdated says that the operation is dated outside of the period that was asked
	// for. Dates contradict each other at times (protocol §7).
	Misdated bool
}

// OrderState is the state of an order. It never tells what became of a cancel:
// read the cancel's own operation (protocol §6). Unknown values are kept as
// they came.
type OrderState string

// The order states of protocol §9.
const (
	OrderInProcess       OrderState = "In Process"
	OrderDelayed         OrderState = "Delayed"
	OrderApproved        OrderState = "Approved"
	OrderPartialApproved OrderState = "PartialApproved"
	OrderPartialDelayed  OrderState = "PartialDelayed"
	OrderCanceled        OrderState = "Canceled"
	OrderPartialCanceled OrderState = "PartialCanceled"
	OrderDeclined        OrderState = "Declined"
	OrderTimeout         OrderState = "Timeout"
)

var orderStates = []OrderState{
	OrderInProcess, OrderDelayed, OrderApproved, OrderPartialApproved, OrderPartialDelayed,
	OrderCanceled, OrderPartialCanceled, OrderDeclined, OrderTimeout,
}

// Known tells whether the state is one of protocol §9.
func (s OrderState) Known() bool { return slices.Contains(orderStates, s) }

// OperationType is the kind of an operation. Unknown values are kept as they
// came.
type OperationType string

// The operation types of protocol §9.
const (
	OperationPayment      OperationType = "100"
	OperationConfirmation OperationType = "200"
	OperationCancel       OperationType = "300"
	OperationBonus        OperationType = "500"
)

var operationTypes = []OperationType{OperationPayment, OperationConfirmation, OperationCancel, OperationBonus}

// Known tells whether the type is one of protocol §9.
func (t OperationType) Known() bool { return slices.Contains(operationTypes, t) }

// OperationState is the state of an operation. States compare without case on
// the wire; a known one is given in the spelling below, an unknown one as it
// came. The flat formats have none: read the response code.
type OperationState string

// The operation states that have been seen.
const (
	OperationSuccess   OperationState = "Success"
	OperationInProcess OperationState = "In Process"
	OperationDeclined  OperationState = "Declined"
	OperationTimeout   OperationState = "Timeout"
)

var operationStates = []OperationState{OperationSuccess, OperationInProcess, OperationDeclined, OperationTimeout}

// Known tells whether the state is one of those above.
func (s OperationState) Known() bool { return slices.Contains(operationStates, s) }

// meansSuccess takes the state's Russian wording too, which one sample of
// protocol §3 shows.
func (s OperationState) meansSuccess() bool {
	return s == OperationSuccess || strings.EqualFold(strings.TrimSuffix(string(s), "."), "Завершено успешно")
}

// meansInProcess takes the wording of the personal account too (protocol §6).
func (s OperationState) meansInProcess() bool {
	return s == OperationInProcess || strings.EqualFold(string(s), "В процессе") || strings.EqualFold(string(s), "В процессе обработки")
}

// spelled gives the known value that is the same but for case, or the text as
// it came.
func spelled[T ~string](text string, list []T) T {
	for _, known := range list {
		if strings.EqualFold(text, string(known)) {
			return known
		}
	}
	return T(text)
}

// followedStage judges a listed operation. Declined ends it whatever its code;
// all that isn't known is still in process.
func followedStage(op Operation) stage {
	if op.State == OperationDeclined {
		return stageDeclined
	}
	return stageOf(op)
}

func newestOf(operations []Operation) Operation {
	newest := operations[0]
	for _, op := range operations[1:] {
		if op.Billnumber.Operation() > newest.Billnumber.Operation() {
			newest = op
		}
	}
	return newest
}

// Succeeded tells an operation that was done: AS000, and a state that agrees where
// there is one. The rows of results by date have none (protocol §5).
func (o Operation) Succeeded() bool { return followedStage(o) == stageSucceeded }

// Declined tells an operation that was declined, and moved no money. What is
// neither Succeeded nor Declined may still move it, or ended without a result.
func (o Operation) Declined() bool { return followedStage(o) == stageDeclined }

// findOrder chooses by billnumber: failed attempts have the same order number.
func findOrder(orders []Order, b Billnumber) *Order {
	for i := range orders {
		if orders[i].Billnumber == b.Payment() {
			return &orders[i]
		}
	}
	return nil
}

func (o *Order) billnumbers() []Billnumber {
	numbers := make([]Billnumber, 0, len(o.Operations))
	for _, op := range o.Operations {
		numbers = append(numbers, op.Billnumber)
	}
	return numbers
}

// namesOf gives the billnumbers of operations, to be looked up.
func namesOf(operations []Operation) map[Billnumber]bool {
	names := make(map[Billnumber]bool, len(operations))
	for i := range operations {
		names[operations[i].Billnumber] = true
	}
	return names
}

// stage is what one operation's state and code say together.
type stage int

const (
	stageUnknown stage = iota
	stageSucceeded
	stageInProcess
	stageDeclined
)

// stageOf wants state and code to agree. An absent state (flat formats) agrees
// with every code.
func stageOf(op Operation) stage {
	noState := op.State == ""
	switch {
	case op.ResponseCode == ResponseDone && (noState || op.State.meansSuccess()):
		return stageSucceeded
	case op.ResponseCode == ResponseDone && op.State.meansInProcess():
		return stageInProcess
	case op.ResponseCode == ResponseInProcess && (noState || op.State.meansInProcess()):
		return stageInProcess
	case op.ResponseCode.refuses() && (noState || op.State == OperationDeclined):
		return stageDeclined
	}
	return stageUnknown
}
