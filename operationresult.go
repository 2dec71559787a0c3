package assist

// Succeeded tells an operation that was done: AS000, and a state that agrees where
// there is one. The rows of results by date have none (protocol §5).
func (o Operation) Succeeded() bool { return followedStage(o) == stageSucceeded }

// Declined tells an operation that was declined, and moved no money. What is
// neither Succeeded nor Declined may still move it, or ended without a result.
func (o Operation) Declined() bool { return followedStage(o) == stageDeclined }
