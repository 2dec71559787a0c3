// Package assisttest is a simulated Assist server, for the tests of programs
// that give money back through package assist, and of programs in any language
// that speak to Assist.
//
// What a refund handler has to survive, and no stub of an HTTP client shows:
//   - The answer is lost after the money has moved ([DieAfter], [CutShort],
//     [HTMLError]). Sending again pays twice.
//   - The answer is lost before anything was done ([DieBefore]), which looks
//     the same from outside.
//   - A cancel answers "in process" and is refused an hour later ([InProcess]).
//   - A cancel that was made isn't listed yet when one looks ([ListLate]).
//   - Somebody refunds the same payment by hand meanwhile ([Server.RefundByHand],
//     [HandRefundAfter]).
//   - A gateway writes a fault with numbers that look like codes ([GatewayFault]),
//     or repeats an old answer ([ReplayVerbatim]).
//   - The clocks of Assist's hosts differ ([Server.SetOffsets], [Server.AddHost]).
//   - A wallet refuses a refund because the day's turnover is too small, or because
//     the payment is of the same Moscow day.
//
// The server keeps orders, operations and money, so that at the end a test can
// ask what really happened: [Server.Moved] tells how much went back.
//
//	func TestRefund(t *testing.T) {
//		server := assisttest.NewServer(t)
//		order := server.Pay(assisttest.Payment{})
//		server.Next(assisttest.DieAfter()) // the money moves, the answer is lost
//
//		amount, _ := assist.ParseMoney("10.00", "RUB")
//		_, err := server.Client().Cancel(t.Context(), order.CancelRequest(amount))
//
//		if assist.OutcomeOf(err) != assist.Unknown {
//			t.Error("an answer that is lost says nothing about the money")
//		}
//		if server.Moved(order.Billnumber) != amount {
//			t.Error("the money has moved all the same")
//		}
//	}
//
// It offers cancel, order state, order result and result by date in every
// protocol and format of protocol §2, with the rules of protocol §3 to §8. Where
// the protocol is silent or inferred, the page docs/assisttest.md says what was
// chosen, and what is not modelled at all. Nothing here proves anything about
// Assist's own server.
//
// The server reads and writes with its own code, and with the types generated
// from soap/wsdl; it shares no codec, money arithmetic or time zone with the
// client, so that an error in one is seen by the other.
//
// # Time
//
// Cancels in process settle on the server's clock ([Server.SetClock],
// [Server.Advance]), and all rules go by it, whatever its hosts write as dates. Nothing waits for that clock: what is due happens when
// somebody looks. So the server starts no goroutine but those of its
// connections, and works in a bubble of testing/synctest with [InMemory].
package assisttest
