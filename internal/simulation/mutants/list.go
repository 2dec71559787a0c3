package main

// mutant is the SDK without one of its guards.
type mutant struct {
	name  string
	guard string // what is lost
	edits []edit
}

type edit struct{ file, old, new string }

func change(file, old, new string) []edit { return []edit{{file, old, new}} }

var all = []mutant{
	{"redirects", "a redirect is not followed, and the body can't be had again", []edit{
		{"transport.go", "client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }", "client.CheckRedirect = nil"},
		{"exchange.go", "\tif !once {\n", "\tif once || !once {\n"},
	}},
	{"not-sent-by-guess", "NotSent needs proof that no connection was had",
		change("exchange.go", "never := progress.neverSent(err, untouched)", "never := untouched || !progress.neverSent(err, untouched)")},
	{"save-error-ignored", "an intent that can't be saved stops the cancel",
		change("attempt.go", "\tsaved = err == nil\n\tif err != nil {\n", "\tsaved = true\n\tif err != nil && !saved {\n")},
	{"unknown-forgotten", "a payment with an unknown cancel is closed", []edit{
		{"payments.go", "\tp.openLocked(desk, in)\n\treturn Intent{}, false\n", "\treturn Intent{}, false\n"},
		{"resolve.go", "\tc.payments.remember(in)\n\ts := c.look", "\ts := c.look"},
		{"resolve.go", "\tc.payments.remember(in)\n\tvar last", "\tvar last"},
	}},
	{"resolved-too-early", "a payment stays closed while Resolve says Unknown",
		change("resolve.go", "\tif r.Outcome == Unknown {\n", "\tif r.Outcome == Unknown {\n\t\tc.payments.forget(in)\n")},
	{"turn", "two cancels of a payment wait for each other",
		change("payments.go", "desk := &paymentDesk{turn: make(chan struct{}, 1)}\n",
			"desk := &paymentDesk{turn: make(chan struct{}, 64)}\n\tfor range 62 {\n\t\tdesk.turn <- struct{}{}\n\t}\n")},
	{"claims", "operations of answered cancels belong to them",
		change("claims.go", "if number == 0 {", "if number >= 0 {")},
	{"other-payment", "an answer is about the payment asked for",
		change("verdict.go", "if order.Billnumber != in.Request.Billnumber.Payment() {", "if order.Billnumber == \"\" {")},
	{"in-process-is-done", "AS300 is not a success",
		change("verdict.go", "case op.ResponseCode == ResponseInProcess && (noState || op.State.meansInProcess()):\n\t\treturn stageInProcess",
			"case op.ResponseCode == ResponseInProcess && (noState || op.State.meansInProcess()):\n\t\treturn stageSucceeded")},
	{"unknown-code-is-refusal", "a code that isn't known is no refusal",
		change("verdict.go", "\t\treturn stageDeclined\n\t}\n\treturn stageUnknown\n", "\t\treturn stageDeclined\n\t}\n\treturn stageDeclined\n")},
	{"unknown-code-is-success", "a code that isn't known is no success",
		change("verdict.go", "\t\treturn stageDeclined\n\t}\n\treturn stageUnknown\n", "\t\treturn stageDeclined\n\t}\n\treturn stageSucceeded\n")},
	{"code-without-state", "state and code must agree",
		change("verdict.go", "case op.ResponseCode.refuses() && (noState || op.State == OperationDeclined):", "case op.ResponseCode.refuses():")},
	{"doubtful-refusals", "only some first codes mean that nothing was done",
		change("errors.go", "if e == nil || !meansNotPerformed(e.First, e.Second) {", "if e == nil {")},
	{"second-code-unexpected", "second codes 1 and 2 prove nothing",
		change("codes.go", "!known || second == 1 || second == 2 {", "!known {")},
	{"unseen-is-refused", "what isn't listed is not refused",
		change("resolve.go", "\tcase len(f.certain) == 0,",
			"\tcase len(f.certain) == 0 && len(f.doubtful) == 0:\n\t\treturn &Resolution{Outcome: Rejected, Err: ErrOrderNotFound}, nil\n\tcase len(f.certain) == 0,")},
	{"newest-of-several", "of several candidates none is chosen",
		change("resolve.go", "\tf := c.sift(in, order)\n", "\tf := c.sift(in, order)\n\tif n := len(f.certain); n > 1 {\n\t\tf.certain = f.certain[n-1:]\n\t}\n")},
	{"not-looked", "without a look no listed operation is known to be new",
		change("resolve.go", "\t\tcase in.Before == nil, in.datedBeforeLook(op),", "\t\tcase in.datedBeforeLook(op),")},
	{"repeated-answer", "an answer from before the send is another cancel's",
		change("ownoperations.go", "if dated.at.IsZero() || !dated.at.Before(sent.Add(-clockTolerance)) {", "if !dated.at.IsZero() || dated.at.IsZero() {")},
	{"before-not-saved", "a token keeps the operations there were before", []edit{
		{"token.go", "HasBefore: in.Before != nil,", "HasBefore: false,"},
		{"token.go", "\t\tt.Before = append(t.Before, b.Operation())\n", "\t\t_ = b\n"},
	}},
	{"unlisted-is-declined", "an operation that isn't listed yet is in process",
		change("follow.go", "\t\t\t// Not listed yet: in process, not gone.\n", "\t\t\tdeclined++\n")},
	{"login-in-log", "a log line is an allow-list",
		change("log.go", "slog.Int(\"attempt\", max(x.attempt, 1)))", "slog.Int(\"attempt\", max(x.attempt, 1)), slog.String(\"login\", c.keys.given.Login))")},
	{"body-in-error", "an error holds no body",
		change("exchange.go", "return fmt.Errorf(\"%w (%d bytes): %w\", ErrUnreadable, r.size, err)",
			"return fmt.Errorf(\"%w (%s): %w\", ErrUnreadable, text, err)")},
}
