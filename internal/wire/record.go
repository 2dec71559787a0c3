package wire

// Field names one text of a record. Orders, customers, operations and packets
// share one list, because the flat formats put them all on one level.
type Field uint8

// The fields of protocol §4 and §5 that the client reads.
const (
	Billnumber Field = iota
	OrderNumber
	TestMode
	OrderComment
	OrderAmount
	OrderCurrency
	Rate
	OrderDate
	OrderStateText

	FirstName
	LastName
	MiddleName
	Email

	OperationType
	OperationState
	Amount
	Currency
	IPAddress
	ClientIP
	MeanTypeID
	MeanTypeName
	MeanSubtype
	MeanNumber
	CardHolder
	CardExpirationDate
	IssueBank
	BankCountry
	ResponseCode
	Message
	CustomerMessage
	Recommendation
	ApprovalCode
	ProtocolTypeName
	ProcessingName
	OperationDate
	SlipNumber

	PacketDate
	Signature
	CheckValue

	fieldCount
)

// names are the wire names in the order of the constants above.
var names = [fieldCount]string{
	"billnumber", "ordernumber", "testmode", "ordercomment", "orderamount", "ordercurrency", "rate", "orderdate", "orderstate",
	"firstname", "lastname", "middlename", "email",
	"operationtype", "operationstate", "amount", "currency", "ipaddress", "clientip",
	"meantype_id", "meantypename", "meansubtype", "meannumber", "cardholder", "cardexpirationdate",
	"issuebank", "bankcountry", "responsecode", "message", "customermessage", "recommendation",
	"approvalcode", "protocoltypename", "processingname", "operationdate", "slipno",
	"packetdate", "signature", "checkvalue",
}

// byName finds a field by its wire name. resultbydate calls protocoltypename
// protocolname at times (§5).
var byName = func() map[string]Field {
	m := make(map[string]Field, fieldCount+1)
	for f, name := range names {
		m[name] = Field(f)
	}
	m["protocolname"] = ProtocolTypeName
	return m
}()

// String gives the wire name.
func (f Field) String() string {
	if f < fieldCount {
		return names[f]
	}
	return "unknown field"
}

// FieldOf finds a field by its lower-case wire name. Unknown names are
// reported as such: new ones may come, and are passed over.
func FieldOf(name string) (Field, bool) {
	f, ok := byName[name]
	return f, ok
}

// Record is a set of texts. The zero value is empty and ready to use.
type Record struct {
	texts [fieldCount]string
	seen  uint64
}

// Put stores a text. A second text for the same field is refused with
// [ErrDuplicate]: two answers in one can't both be true.
func (r *Record) Put(f Field, text string) error {
	if r.Has(f) {
		return &FieldError{Field: f, Err: ErrDuplicate}
	}
	r.seen |= 1 << f
	r.texts[f] = text
	return nil
}

// Has tells an empty text from an absent one.
func (r *Record) Has(f Field) bool { return r.seen&(1<<f) != 0 }

// Text gives the text as it was sent, or "" where there is none.
func (r *Record) Text(f Field) string { return r.texts[f] }
