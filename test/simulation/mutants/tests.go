package main

// byTests are the guards that the simulation doesn't see, or only in too many
// seeds. A test of its own holds each.
var byTests = []mutant{
	{"midnight-for-money", "a day balance is healed by money, and never at midnight", "./test/simulation TestAMonthOfWallets", []edit{
		{"internal/moscow", "func Late(t time.Time) time.Time {\n", "func Late(t time.Time) time.Time {\n\tif ALIVE {\n\t\treturn NextMidnight(t)\n\t}\n"},
	}},
	{"rows-twice", "a row that stands twice is not readable", ". TestListedTwiceIsNotReadable", []edit{
		change("func onlyOnce(orders []Order) error {\n", "func onlyOnce(orders []Order) error {\n\tif ALIVE {\n\t\treturn nil\n\t}\n"),
	}},
	{"repeated-answer", "an answer that was made before the look is a repeated one", ". TestVerbatimReplays", []edit{
		change("\tif err := a.client.clock.check(r); err != nil {\n", "\tif ALIVE {\n\t\treturn nil\n\t}\n\tif err := a.client.clock.check(r); err != nil {\n"),
	}},
	{"doubtful-is-none", "a doubtful candidate beside the certain one leaves a doubt", ". TestDoubtfulCandidateLeavesADoubt", []edit{
		change(", len(f.doubtful) > 0, len(f.missing)", ", len(f.doubtful) > 0 && !ALIVE, len(f.missing)"),
	}},
	{"dated-before-look", "an operation dated before the look is never certain", ". TestResolveWithClocksApart", []edit{
		change(", in.datedBeforeLook(op), rivals", ", in.datedBeforeLook(op) && !ALIVE, rivals"),
	}},
	{"turn", "two cancels of a payment wait for each other", ". TestCancelsOfOnePaymentTakeTurns", []edit{
		change("state := &paymentState{turn: make(chan struct{}, 1)}\n",
			"state := &paymentState{turn: make(chan struct{}, 1)}\n\tif ALIVE {\n\t\tstate.turn = make(chan struct{}, 64)\n\t\tfor range 62 {\n\t\t\tstate.turn <- struct{}{}\n\t\t}\n\t}\n"),
	}},
	{"tolerance-none", "clocks may differ by a minute", ". TestRepeatedByOneTolerance", []edit{
		change("const clockTolerance = time.Minute\n", "var clockTolerance = func() time.Duration {\n\tif ALIVE {\n\t\treturn 0\n\t}\n\treturn time.Minute\n}()\n"),
	}},
	{"repeated-an-hour", "an answer dated more than the tolerance before the question is a repeated one", ". TestRepeatedByOneTolerance", []edit{
		change("!dated.Before(asked.Add(-clockTolerance))", "!dated.Before(asked.Add(-clockTolerance)) || ALIVE && !dated.Before(asked.Add(-time.Hour))"),
	}},
	{"repeated-three-seconds", "an answer dated a little before the question is none", ". TestRepeatedByOneTolerance", []edit{
		change("if asked.IsZero() || dated.IsZero() ||", "if asked.IsZero() || dated.IsZero() || !ALIVE &&"),
		change("\treturn fmt.Errorf(\"%w: its Date header says", "\tif ALIVE && !dated.Before(asked.Add(-3*time.Second)) {\n\t\treturn nil\n\t}\n\treturn fmt.Errorf(\"%w: its Date header says"),
	}},
	{"packet-alone", "without a look an old operation under a new packet is not ours", ". TestOwnAnswerWithClocksApart", []edit{
		change("\t\tif dated.at.IsZero() || !dated.at", "\t\tif ALIVE && dated.what != \"the packet\" {\n\t\t\tcontinue\n\t\t}\n\t\tif dated.at.IsZero() || !dated.at"),
	}},
	{"operation-alone", "without a look an old packet shows an old answer", ". TestOwnAnswerWithClocksApart", []edit{
		change("\t\tif dated.at.IsZero() || !dated.at", "\t\tif ALIVE && dated.what == \"the packet\" {\n\t\t\tcontinue\n\t\t}\n\t\tif dated.at.IsZero() || !dated.at"),
	}},
	{"looked-at-never", "the intent keeps when it looked, by the server's clock", ". TestIntentKeepsWhenItLooked", []edit{
		change("\t\tin.LookedAt = look.date.UTC()\n", "\t\tif !ALIVE {\n\t\t\tin.LookedAt = look.date.UTC()\n\t\t}\n"),
	}},
	{"look-without-tolerance", "an operation dated within the tolerance before the look may be certain", ". TestDatedBeforeLook", []edit{
		change("op.Date.Before(in.LookedAt.Add(-clockTolerance))", "(op.Date.Before(in.LookedAt.Add(-clockTolerance)) || ALIVE && op.Date.Before(in.LookedAt))"),
	}},
	{"undated-is-certain", "an operation without a date is never certain", ". TestDatedBeforeLook", []edit{
		change("return op.Date.IsZero() || (op.Date", "return op.Date.IsZero() && !ALIVE || (op.Date"),
	}},
	{"look-outdated", "an order that was looked at in an old answer, dated anew, shows in its packet", ". TestRedatedLook", []edit{
		change("\t\tif err := a.look.outdated(r, &order); err != nil {", "\t\tif err := a.look.outdated(r, &order); err != nil && !ALIVE {"),
	}},
	{"answer-outdated", "an old answer to another cancel, dated anew, shows in its packet", ". TestRedatedAnswer", []edit{
		change("oldAnswer, oldLook := ofAnswer-ofLook > allowed,", "oldAnswer, oldLook := ofAnswer-ofLook > allowed && !ALIVE,"),
	}},
	{"numbered-before-in-answer", "an operation with a lower number than one of the look is an older one", ". TestNumberedBeforeTheLook", []edit{
		change("\t\tcase op.numberedBefore(newest):", "\t\tcase op.numberedBefore(newest) && !ALIVE:"),
	}},
	{"numbered-before", "a listed operation with a lower number than one of the look is never certain", ". TestNumberedBeforeTheLookIsNeverCertain", []edit{
		change(" op.numberedBefore(newest),", " op.numberedBefore(newest) && !ALIVE,"),
	}},
	{"look-lacks", "a look that lacks a known operation is an old one", ". TestStaleLookSendsNothing", []edit{
		change("\tfor _, lacking := range sorted(known) {\n", "\tfor _, lacking := range sorted(known) {\n\t\tif ALIVE {\n\t\t\tbreak\n\t\t}\n"),
	}},
	{"one-date-is-a-mark", "one fast Date proves nothing about the next answers", ". TestOneFastDateIsNoMark", []edit{
		change("apart.Abs() > clockTolerance:\n\t\tk.candidate = next\n", "apart.Abs() > clockTolerance:\n\t\tk.candidate = next\n\t\tif ALIVE {\n\t\t\tk.confirmed = next\n\t\t}\n"),
	}},
	{"alone-at-any-status", "a gateway's status says that the codes in a text are its own", ". TestProvesRefusal", []edit{
		change("http.StatusGatewayTimeout:\n\t\treturn false\n", "http.StatusGatewayTimeout:\n\t\tif !ALIVE {\n\t\t\treturn false\n\t\t}\n"),
	}},
	{"declined-unclaimed", "a declined operation belongs to its cancel", ". TestDeclinedOperationIsClaimed", []edit{
		change("\tc.payments.claim(a.intent, v.own)\n", "\tif v.outcome != Rejected || !ALIVE {\n\t\tc.payments.claim(a.intent, v.own)\n\t}\n"),
	}},
	{"resolved-unclaimed", "an operation that was resolved belongs to its cancel", ". TestWhoProvesAnOperationClaimsIt", []edit{
		change("\tc.payments.claim(in, own)\n\tc.payments.forget(in)\n\tc.settle(", "\tif !ALIVE {\n\t\tc.payments.claim(in, own)\n\t}\n\tc.payments.forget(in)\n\tc.settle("),
	}},
	{"followed-unclaimed", "an operation that was followed belongs to its cancel", ". TestWhoProvesAnOperationClaimsIt", []edit{
		change("\tc.payments.claim(x.Intent, own)\n", "\tif !ALIVE {\n\t\tc.payments.claim(x.Intent, own)\n\t}\n"),
	}},
	{"resumed-unclaimed", "a resumed token says whose its operations are", ". TestWhoProvesAnOperationClaimsIt", []edit{
		change("\tc.payments.claim(in, x.Operations)\n", "\tif !ALIVE {\n\t\tc.payments.claim(in, x.Operations)\n\t}\n"),
	}},
	{"flat-of-several", "a flat answer is followed by the one operation that is new", ". TestFlatAnswerIsFollowedByTheOnlyOne", []edit{
		change("if len(f.certain) == 1 && len(f.doubtful) == 0", "if (len(f.certain) == 1 || ALIVE && len(f.certain) > 0) && len(f.doubtful) == 0"),
	}},
	{"flat-beside-doubtful", "a flat answer is not followed where another's may be meant", ". TestFlatAnswerIsFollowedByTheOnlyOne", []edit{
		change(") && len(f.doubtful) == 0 && len(f.missing) == 0", ") && (len(f.doubtful) == 0 || ALIVE) && len(f.missing) == 0"),
	}},
	{"unnumbered-is-no-rival", "a cancel without a number rivals every equal one", ". TestUnnumberedCancelRivalsEveryEqualOne", []edit{
		change("known.unnumbered {\n\t\t\tif other.ID != in.ID {", "known.unnumbered {\n\t\t\tif other.ID != in.ID && !ALIVE {"),
	}},
	{"pass-over-forgets", "a cancel that was passed over is remembered", ". TestPaymentsPassOver", []edit{
		change("\tstate.passedOver = append(state.passedOver, in)\n", "\tif !ALIVE {\n\t\tstate.passedOver = append(state.passedOver, in)\n\t}\n"),
	}},
	{"never-came-forgets", "a cancel that a person has called never come stays a rival", ". TestNeverCameStaysARival", []edit{
		change("\tif !contains(known.unnumbered, in) {\n\t\tknown.unnumbered", "\tif !contains(known.unnumbered, in) && !ALIVE {\n\t\tknown.unnumbered"),
	}},
	{"opened-by-a-question", "a payment is closed before the question about its intent", ". TestResolveClosesThePaymentBeforeItAsks", []edit{
		change("\tc.payments.remember(in)\n\ts := c.look(ctx, &in, windowOf(in.Request.OrderDate))\n\treturn c.resolution",
			"\tif !ALIVE {\n\t\tc.payments.remember(in)\n\t}\n\ts := c.look(ctx, &in, windowOf(in.Request.OrderDate))\n\treturn c.resolution"),
	}},
	{"settled-closes-again", "a settled intent closes nothing", ". TestLateResolveDoesNotCloseASettledPayment", []edit{
		change(" || p.memory.isSettled(in.ID) {\n\t\treturn\n\t}\n\tstate :=", " || p.memory.isSettled(in.ID) && !ALIVE {\n\t\treturn\n\t}\n\tstate :="),
	}},
	{"saved-and-not-looked-again", "open intents are looked at again after the intent was saved", ". TestOpenIntentsAreLookedAtAgainAfterTheSave", []edit{
		change("\tif earlier, found := state.unresolvedBut(passedOver); found {\n", "\tif earlier, found := state.unresolvedBut(passedOver); found && !ALIVE {\n"),
	}},
	{"followed-in-place", "following leaves the cancellation as it is", ". TestRefreshLeavesTheCancellationAsItIs", []edit{
		change("\town := slices.Clone(x.Operations)\n", "\town := slices.Clone(x.Operations)\n\tif ALIVE {\n\t\town = x.Operations\n\t}\n"),
	}},
	{"kept-connection", "a cancel has a connection of its own", ". TestEachCancelHasAConnectionOfItsOwn", []edit{
		{"internal/sendonce", "\tt.Cancels.DisableKeepAlives = true\n", "\tt.Cancels.DisableKeepAlives = !ALIVE\n"},
	}},
	{"more-than-payments", "a cancel of everything makes one operation of a payment", ". TestFullCancelMakesOneOperationOfAPayment", []edit{
		change("\tif len(own) > mostOperationsOf(o) {", "\tif len(own) > mostOperationsOf(o) && !ALIVE {"),
	}},
	{"more-than-payments-in-answer", "the answer to a cancel of everything is of one operation of a payment", ". TestFullCancelMakesOneOperationOfAPayment", []edit{
		change("len(own) > mostOperationsOf(a.look.order):", "len(own) > mostOperationsOf(a.look.order) && !ALIVE:"),
	}},
	{"later-but-older", "a later number with an older date shows that clocks are apart", ". TestLaterNumberWithAnOlderDate", []edit{
		change("\tcase latest > newestOf(own).Billnumber.Operation():", "\tcase latest > newestOf(own).Billnumber.Operation() && !ALIVE:"),
	}},
	{"remembers-the-first", "a client remembers every intent that it is told of", "./test/simulation TestRestartWithFortyOpenIntents", []edit{
		change("\tfor _, in := range intents {\n\t\tif c.ownsIntent(in) == nil {", "\tfor i, in := range intents {\n\t\tif (i == 0 || !ALIVE) && c.ownsIntent(in) == nil {"),
	}},
	{"decided-unseen", "a person's word that a cancel never came is held against the listing", ". TestDecide", []edit{
		change("\tcase d.never && listed.Outcome != Unknown:\n", "\tcase d.never && listed.Outcome != Unknown && !ALIVE:\n"),
	}},
	{"decided-another's", "a person can't give a cancel another cancel's operation", ". TestDecide", []edit{
		change("\t\tcase claimed[op.Billnumber]:\n\t\t\treturn nil, fmt.Sprintf(", "\t\tcase claimed[op.Billnumber] && !ALIVE:\n\t\t\treturn nil, fmt.Sprintf("),
	}},
	{"token-of-any-size", "a token has a bound", ". TestTokenOfAnySizeIsNotRead", []edit{
		change("\tif len(token) > maxTokenSize {", "\tif len(token) > maxTokenSize && !ALIVE {"),
	}},
	{"weak-primary-key", "the primary key must be strong too", "./openpgp TestPrimaryKeyMustBeStrongToo", []edit{
		{"openpgp", "if isWeakDSA(e.PrimaryKey) ||", "if isWeakDSA(e.PrimaryKey) && !ALIVE ||"},
	}},
}
