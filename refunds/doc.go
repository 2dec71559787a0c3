// Package refunds makes refunds durable: what is enqueued is carried to a known
// end, through crashes, by any number of processes, in SQLite or PostgreSQL.
//
//	store, err := sqlite.Open("refunds.db") // or postgres.Open(dsn, "")
//	…
//	err = refunds.Migrate(ctx, store)
//	…
//	book, err := refunds.NewBook(ctx, store)
//	…
//	carrier, err := refunds.NewCarrier(book, map[string]*assist.Client{"515089": client})
//	…
//	go carrier.Run(ctx)
//
//	id, err := book.Enqueue(ctx, refunds.Refund{
//		Key:        "order-17-refund-1", // the same key is the same refund, for ever
//		MerchantID: "515089",
//		Request:    order.CancelRequest(amount),
//	})
//	…
//	record, err := book.Await(ctx, id)
//	fmt.Println(record.State) // done
//
// # What it promises
//
// One refund moves money at most once, whatever is killed, and whenever. A
// refund that is [Done] moved money by an operation at Assist that is its own;
// one that is [Refused] or [Withdrawn] moved none. While that isn't known it is
// [Sent] or [InProcess], is asked about and never sent again, and after a while
// a person is called. A [Handle] function's own rows are written exactly once.
//
// It rests on two transactions. Before the one send, and inside
// assist.SaveIntent, the attempt is stored by a compare-and-set on the refund and
// its payment; after that commit nobody ever sends this attempt. After it, the
// outcome is stored by the intent's id, by whoever learns it first. The database
// itself holds that a payment has one cancel at a time whose outcome isn't
// known, and that an operation has one owner. Leases, clocks and rests are about
// speed alone.
//
// # What it can't promise
//
// A process that stands still between its stored intent and its send, for hours,
// while a person declares the cancel lost and another is sent, can only be held
// by Assist: both bear one ExternalRefundID, which Assist is documented to
// refuse the second time (protocol §3). Who can write the database can do
// everything; the chain over the history ([Book.Verify]) shows it afterwards, if
// anchors are kept elsewhere.
//
// # Persons
//
// Programs enqueue; persons propose ([Book.Propose], [Book.Approve]). What only a
// person can decide is found with [Filter].NeedsPerson, decided with
// [Book.ProposeDecision], confirmed by a second person where money could move
// twice, and carried out by the carrier, which asks Assist first and refuses
// what the answer contradicts. Nothing here needs Assist's password but the
// carrier.
package refunds
