package simulation

// Habit is how a merchant's program treats refunds. Careful is what the SDK's
// README asks for; every other one breaks a single rule of it, and must be
// caught: a simulation that catches nothing proves nothing.
type Habit int

const (
	Careful Habit = iota
	// Naive is a client of its own, without the SDK, that sends again until it
	// reads a success.
	Naive
	// ResendsUnknown takes a fresh client and sends again after an Unknown.
	ResendsUnknown
	// TakesUnknownForFailure tells the customer that no money moved.
	TakesUnknownForFailure
	// TakesInProcessForSuccess reads no Status.
	TakesInProcessForSuccess
	// GoesByOrderState resolves by the state of the order.
	GoesByOrderState
	// TakesUnseenForFailure gives up on what isn't listed after a while.
	TakesUnseenForFailure
	// SavesNoIntent stores nothing before the send, and sends again after a
	// restart.
	SavesNoIntent
	// HasNoArbiter lets two processes take up one refund.
	HasNoArbiter
	// RetriesInTransport brings an http.RoundTripper that sends again.
	RetriesInTransport
	habits
)

var habitNames = [habits]string{
	"careful", "naive", "resends-unknown", "unknown-is-failure", "in-process-is-success", "goes-by-order-state",
	"unseen-is-failure", "saves-no-intent", "no-arbiter", "retries-in-transport",
}

func (h Habit) String() string { return habitNames[h] }

// BadHabits are all but Careful.
func BadHabits() []Habit {
	var all []Habit
	for h := Careful + 1; h < habits; h++ {
		all = append(all, h)
	}
	return all
}
