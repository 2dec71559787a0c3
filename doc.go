// Package assist cancels and refunds payments through the Assist gateway
// (assist.ru, belassist.by).
//
// # What can go wrong
//
// A cancel that is sent twice pays twice. A cancel whose answer is lost may
// have moved money or not. A cancel of an e-wallet payment is answered "in
// process" and may be refused minutes later. So every call of this package ends
// in one of four ways, and [OutcomeOf] tells which:
//
//   - [Accepted] (a nil error): read [Cancellation.Status]: Succeeded, or
//     InProcess with the result still to come. Beside an error it is a wait that
//     ended early, and not done.
//   - [Rejected]: Assist refused; no money moved or will move by this cancel.
//   - [NotSent]: nothing left this process. Sending again is safe.
//   - [Unknown]: the money may have moved. Never send again on your own; the
//     error carries the [Intent] by which it can be found out.
//
// The package sends a cancel once, and lets nothing below it send it again. It
// stores nothing: keep the Intent that [SaveIntent] hands out before the first
// byte, and a crash loses nothing either.
//
// # A short program
//
//	client, err := assist.NewClient("https://payments.example", assist.Credentials{
//		MerchantID: "515089", Login: "shop_login", Password: assist.NewSecret(password),
//	})
//	if err != nil {
//		return err
//	}
//	amount, err := assist.ParseMoney("0.10", "RUB")
//	if err != nil {
//		return err
//	}
//	cancellation, err := client.Cancel(ctx, assist.CancelRequest{
//		Billnumber:  "5700027202722028",
//		OrderNumber: "2013.10.23-700027-5",
//		Amount:      amount,
//	}, assist.LookFirst(), assist.SaveIntent(store.Save))
//	switch assist.OutcomeOf(err) {
//	case assist.Accepted:
//		fmt.Println(cancellation.Operation.Billnumber, cancellation.Status)
//	case assist.Rejected, assist.NotSent:
//		fmt.Println("no money moved by this cancel:", err)
//	default:
//		fmt.Println("don't send again, resolve first:", err)
//	}
//
// What the wire looks like, and how sure each fact is, stands in
// docs/protocol.md; its sections are cited as "protocol §4".
package assist
