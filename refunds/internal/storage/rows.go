package storage

// Instants are microseconds since 1970, UTC; zero is none. Sums are minor units.

// Meta is a value of the store itself.
type Meta struct{ Name, Value string }

// Place is the name under which a Meta keeps which copy of the database it is.
const Place = "place"

// Merchant stands above the refunds of one account at Assist.
type Merchant struct {
	Merchant           string
	Held               int64 // since when nothing is sent
	HeldWhy            string
	Paused             int64 // since when Assist doesn't take our settings
	PausedWhy          string
	ProbeAt            int64 // when a paused one is tried again
	Reconciled         int64 // up to when results by date have been compared
	ReconciledComplete int64
	LostSince          int64  // from when on history may be lost
	Server             string // where its cancels were sent
}

// Payment is what the store knows of a payment.
type Payment struct {
	Merchant, Payment string
	Version           int64 // grows with each begin and each end: what was seen before may be older
	LastClient        string
	FreeSince         int64
	MeanType          int64
	MeanLast4         string
	PaidAt            int64
	PaidMinor         int64
	PaidCurrency      string
	Email             string // keyed hash
}

// Refund is one refund.
type Refund struct {
	ID           int64
	Merchant     string
	Key          string
	Payment      string
	Billnumber   string
	OrderNumber  string
	OrderDate    int64
	Minor        int64
	Currency     string
	Whole        int64 // 1: all that is left, which is Minor
	Request      string
	Content      string // keyed hash of what was asked for
	RefundNumber int64  // in the external refund id
	State        int64
	Waits        int64
	Person       int64
	PersonWhy    string
	TakenBy      string
	NextAt       int64
	NotBefore    int64
	Version      int64
	Attempts     int64
	Attempt      string
	NotSent      int64 // in a row
	Codes        string
	Detail       string
	Asker        string
	AskerName    string
	Approver     string
	ApproverName string
	Note         string
	Created      int64
	Ended        int64
}

// Attempt is one cancel that was sent, or may have been.
type Attempt struct {
	IntentID          string
	Refund            int64
	Merchant, Payment string
	Number            int64
	Intent            string
	Cancellation      string
	Client            string
	Minor             int64
	Currency          string
	Begun             int64
	Told              int64 // when its outcome was first known; 0 is: may still be on its way
	Ended             int64
	Outcome           int64
	Codes             string
	Detail            string
	Asked             int64
	Asks              int64
	Seen              string // billnumbers that may be its operations
	WatchAt           int64  // when it is asked about although it is closed; 0 is never
	WatchUntil        int64
	ClosedBy          string
}

// Operation says which attempt an operation at Assist belongs to.
type Operation struct {
	Merchant, Operation, Payment, IntentID string
	Refund                                 int64
	Minor                                  int64
	Currency                               string
	At                                     int64
	Code, Approval, Slip                   string
}

// Event is one line of the history.
type Event struct {
	ID        int64
	Refund    int64 // 0: of a merchant, or of the store
	Merchant  string
	At        int64
	Kind      string
	FromState int64
	ToState   int64
	Actor     string
	ActorName string
	Reason    string
	IntentID  string
	Data      string
}

// Delivery is an event that a consumer hasn't had.
type Delivery struct {
	Consumer string
	Event    int64
	Refund   int64
	Tries    int64
	NextAt   int64
}

// Consumer is a handler that events are delivered to.
type Consumer struct {
	Name  string
	Since int64
}

// Unsealed is an event that the chain hasn't linked.
type Unsealed struct{ Event int64 }

// Seal links some events to all before them.
type Seal struct {
	Number int64  // of events in the chain up to here
	Events string // their numbers, each with the first bytes of its hash
	Hash   string // of the last
}

// Tombstone keeps a key after its refund is gone.
type Tombstone struct {
	Merchant, Key, Content string
	Refund                 int64
	State                  int64
	Ended                  int64
}

// Lease is something that one process at a time does.
type Lease struct {
	Name, Holder string
	Until        int64
}

// Decision is a person's word on an attempt whose outcome isn't known.
type Decision struct {
	ID              int64
	Refund          int64
	IntentID        string
	Kind            string
	Operation       string
	State           string
	By, ByName      string
	Reason          string
	Confirmer       string
	ConfirmerName   string
	ConfirmerReason string
	At              int64
	Ended           int64
	Result          string
}

// Reservation is what an e-wallet's day balance has set aside.
type Reservation struct {
	IntentID string
	Merchant string
	Wallet   int64
	Currency string
	Minor    int64
	Made     int64
	Settled  int64
	Moved    int64
}

// Balance is the row that reservations of a wallet lock.
type Balance struct {
	Merchant string
	Wallet   int64
	Currency string
	Version  int64
}

// Result is a row of results by date.
type Result struct {
	Merchant, Operation, Payment string
	OrderNumber                  string
	Type                         int64
	MeanType                     int64
	OrderState                   string
	Minor                        int64
	Currency                     string
	At                           int64
	Code                         string
	Seen                         int64
	Told                         int64 // when it was raised that nobody owns it
}
