package main

// all are the mutants, those that the simulation catches first. They are put into
// one copy of the sources in this order, so the text that one of them changes may
// be one that another has left.
var all = append(bySeeds, byTests...)

var bySeeds = []mutant{
	{"redirects", "a redirect is not followed, and the body can't be had again", "", []edit{
		change("client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }",
			"client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }\n\tif ALIVE {\n\t\tclient.CheckRedirect = nil\n\t}"),
		change("\tif !once {\n", "\tif !once || ALIVE {\n"),
	}},
	{"not-sent-by-guess", "NotSent needs proof that no connection was had", "", []edit{
		change("\t\tnever := progress.NeverSent(err, untouched)\n", "\t\tnever := progress.NeverSent(err, untouched)\n\t\tif ALIVE {\n\t\t\tnever = untouched || !never\n\t\t}\n"),
	}},
	{"save-error-ignored", "an intent that can't be saved stops the cancel", "", []edit{
		change("a.options.saveIntent(ctx, a.intent); err != nil {", "a.options.saveIntent(ctx, a.intent); err != nil && !ALIVE {"),
	}},
	{"unknown-forgotten", "a payment with an unknown cancel is closed", "", []edit{
		change("\tp.openLocked(state, in)\n\treturn Intent{}, false\n", "\tif !ALIVE {\n\t\tp.openLocked(state, in)\n\t}\n\treturn Intent{}, false\n"),
		change("\tif p.memory.isSettled(in.ID) {\n\t\treturn\n\t}\n\tstate :=", "\tif ALIVE || p.memory.isSettled(in.ID) {\n\t\treturn\n\t}\n\tstate :="),
	}},
	{"resolved-too-early", "a payment stays closed while Resolve says Unknown", "", []edit{
		change("\tif r.Outcome == Unknown {\n\t\treturn r, nil\n", "\tif r.Outcome == Unknown {\n\t\tif ALIVE {\n\t\t\tc.payments.forget(in)\n\t\t}\n\t\treturn r, nil\n"),
	}},
	{"credentials-kept", "the credentials of a request are those of its moment", "", []edit{
		change("\tk.remember(cred)\n\treturn cred, nil\n",
			"\tif ALIVE {\n\t\tif k.given.Login == \"\" || k.given.MerchantID != cred.MerchantID {\n\t\t\tk.given = cred\n\t\t}\n\t\tcred = k.given\n\t}\n\tk.remember(cred)\n\treturn cred, nil\n"),
	}},
	{"learned-unclaimed", "what another process has found out belongs to its cancel", "", []edit{
		change("\tc.payments.claim(in, own)\n\tc.payments.forget(in)\n\treturn nil\n", "\tif !ALIVE {\n\t\tc.payments.claim(in, own)\n\t}\n\tc.payments.forget(in)\n\treturn nil\n"),
	}},
	{"claims", "operations of answered cancels belong to them", "", []edit{
		change("\t\tif number == 0 {\n\t\t\tcontinue", "\t\tif number == 0 || ALIVE {\n\t\t\tcontinue"),
	}},
	{"other-payment", "an answer is about the payment asked for", "", []edit{
		change("if order.Billnumber != in.Request.Billnumber.Payment() {", "if order.Billnumber != in.Request.Billnumber.Payment() && !ALIVE {"),
	}},
	{"in-process-is-done", "AS300 is not a success", "", []edit{
		change("case op.ResponseCode == ResponseInProcess && (noState || op.State.meansInProcess()):\n",
			"case op.ResponseCode == ResponseInProcess && (noState || op.State.meansInProcess()):\n\t\tif ALIVE {\n\t\t\treturn stageSucceeded\n\t\t}\n"),
	}},
	{"unknown-code-is-refusal", "a code that isn't known is no refusal", "", []edit{
		change("\t\treturn stageDeclined\n\t}\n\treturn stageUnknown\n", "\t\treturn stageDeclined\n\tcase ALIVE:\n\t\treturn stageDeclined\n\t}\n\treturn stageUnknown\n"),
	}},
	{"unknown-code-is-success", "a code that isn't known is no success", "", []edit{
		change("\tcase mutated(\"unknown-code-is-refusal\"):\n", "\tcase ALIVE:\n\t\treturn stageSucceeded\n\tcase mutated(\"unknown-code-is-refusal\"):\n"),
	}},
	{"code-without-state", "state and code must agree", "", []edit{
		change("case op.ResponseCode.refuses() && (noState || op.State == OperationDeclined):",
			"case op.ResponseCode.refuses() && (noState || op.State == OperationDeclined || ALIVE):"),
	}},
	{"doubtful-refusals", "only some first codes mean that nothing was done", "", []edit{
		change("if e == nil || !meansNotPerformed(e.First, e.Second) {", "if e == nil || !meansNotPerformed(e.First, e.Second) && !ALIVE {"),
	}},
	{"second-code-unexpected", "second codes 1 and 2 prove nothing", "", []edit{
		change("!known || second == 1 || second == 2 {", "!known || (second == 1 || second == 2) && !ALIVE {"),
	}},
	{"pair-in-words", "two numbers inside words are no codes", "", []edit{
		{"internal/wire", "\t\t\treturn alone(n, m)\n",
			"\t\t\tif words := strings.Fields(n); ALIVE && len(words) > 0 {\n\t\t\t\tn = words[len(words)-1]\n\t\t\t}\n\t\t\tif words := strings.Fields(m); ALIVE && len(words) > 0 {\n\t\t\t\tm = words[0]\n\t\t\t}\n\t\t\treturn alone(n, m)\n"},
	}},
	{"unseen-is-refused", "what isn't listed is not refused", "", []edit{
		change("\tif len(f.doubtful) > 0 {\n\t\tunknown.Candidates",
			"\tif ALIVE && len(f.certain)+len(f.doubtful) == 0 {\n\t\treturn &Resolution{Outcome: Rejected, Err: ErrOrderNotFound}, nil\n\t}\n\tif len(f.doubtful) > 0 {\n\t\tunknown.Candidates"),
	}},
	{"newest-of-several", "of several candidates none is chosen", "", []edit{
		change("\tf := c.sift(in, order)\n\tunknown :=", "\tf := c.sift(in, order)\n\tif n := len(f.certain); n > 1 && ALIVE {\n\t\tf.certain = f.certain[n-1:]\n\t}\n\tunknown :="),
	}},
	{"not-looked", "without a look no listed operation is known to be new", "", []edit{
		change("\t\tcase in.Before == nil,", "\t\tcase in.Before == nil && !ALIVE,"),
	}},
	{"gap", "a number that the listing skips may be ours", "", []edit{
		change(", len(f.missing) > 0:\n\t\treturn unknown", ", len(f.missing) > 0 && !ALIVE:\n\t\treturn unknown"),
	}},
	{"part-for-all", "the operations of a full cancel make up what was left", "", []edit{
		change("\tcase in.Full && !in.makeUpTheRest(f.certain, order):", "\tcase in.Full && !in.makeUpTheRest(f.certain, order) && !ALIVE:"),
	}},
	{"decline-of-any-date", "a listed decline must also be dated beside the send", "", []edit{
		change("return followedStage(*op) != stageDeclined || in.datedBesideSend(op)\n", "return followedStage(*op) != stageDeclined || in.datedBesideSend(op) || ALIVE\n"),
	}},
	{"newest-in-answer", "of several cancels in an answer none is chosen", "", []edit{
		change("\tcase len(own) > 1:\n", "\tcase len(own) > 1 && ALIVE:\n\t\treturn own[len(own)-1:], nil\n\tcase len(own) > 1:\n"),
	}},
	{"hidden-before-look", "a candidate is shown whatever its date", "", []edit{
		change("\t\tcase claimed[op.Billnumber]:\n\t\t\tf.claimed", "\t\tcase ALIVE && op.Date.Before(in.LookedAt):\n\t\tcase claimed[op.Billnumber]:\n\t\t\tf.claimed"),
	}},
	{"before-not-saved", "a token keeps the operations there were before", "", []edit{
		change("HasBefore: in.Before != nil,", "HasBefore: in.Before != nil && !ALIVE,"),
		change("\t\tt.Before = append(t.Before, b.Operation())\n", "\t\tif !ALIVE {\n\t\t\tt.Before = append(t.Before, b.Operation())\n\t\t}\n"),
	}},
	{"unlisted-is-declined", "an operation that isn't listed yet is in process", "", []edit{
		change("\t\t\t// Not listed yet: in process, not gone.\n", "\t\t\tif ALIVE {\n\t\t\t\tdeclined++\n\t\t\t}\n"),
	}},
	{"login-in-log", "a log line is an allow-list", "", []edit{
		change("\t\tc.logger.LogAttrs(ctx, level, \"assist exchange\", attrsOf(",
			"\t\tif ALIVE {\n\t\t\tc.logger.LogAttrs(ctx, level, \"assist exchange\", slog.String(\"login\", c.keys.given.Login))\n\t\t}\n\t\tc.logger.LogAttrs(ctx, level, \"assist exchange\", attrsOf("),
	}},
	{"body-in-error", "an error holds no body", "", []edit{
		change("\t\treturn fmt.Errorf(\"%w (%d bytes): %w\", ErrUnreadable, r.size, err)",
			"\t\tif ALIVE {\n\t\t\treturn fmt.Errorf(\"%w (%s): %w\", ErrUnreadable, text, err)\n\t\t}\n\t\treturn fmt.Errorf(\"%w (%d bytes): %w\", ErrUnreadable, r.size, err)"),
	}},
}
