package assist_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/ledger"
	"github.com/assist-go/assist/openpgp"
)

// The code of README.md and README.ru.md. readme_test.go holds them equal to
// what stands here, and runs it.

func Example() {
	client, err := assist.NewClient(os.Getenv("ASSIST_URL"), assist.Credentials{
		MerchantID: os.Getenv("ASSIST_MERCHANT_ID"),
		Login:      os.Getenv("ASSIST_LOGIN"),
		Password:   assist.NewSecret(os.Getenv("ASSIST_PASSWORD")),
	})
	if err != nil {
		log.Fatal(err)
	}
	amount, err := assist.ParseMoney("0.10", "RUB")
	if err != nil {
		log.Fatal(err)
	}
	req := assist.CancelRequest{Billnumber: "5700027202722028", OrderNumber: "2013.10.23-700027-5", Amount: amount}
	kept := false
	keep := func(_ context.Context, intent assist.Intent) error { // runs before the first byte is sent
		file, err := os.OpenFile("refund.token", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err // the token of an earlier run is there, and what became of that cancel comes first
		}
		kept = true
		_, err = file.WriteString(intent.Token())
		return errors.Join(err, file.Sync(), file.Close())
	}
	cancellation, err := client.Cancel(context.Background(), req, assist.LookFirst(), assist.SaveIntent(keep))
	switch assist.OutcomeOf(err) {
	case assist.Accepted:
		fmt.Println(cancellation.Operation.Billnumber, cancellation.Status)
	case assist.NotSent:
		if kept { // no send ever comes of this run's token
			err = errors.Join(err, os.Remove("refund.token"))
		}
		fmt.Println("this run sent nothing:", err)
	case assist.Rejected:
		fmt.Println("refused, no money moved:", err)
	default:
		fmt.Println("don't send again before it is resolved:", err)
	}
}

// afterCrash finds out what became of a cancel, by the token that was kept
// before it was sent. It sends nothing.
func afterCrash(ctx context.Context, client *assist.Client, token string) (*assist.Cancellation, error) {
	intent, err := assist.ParseIntent(token)
	if err != nil {
		return nil, err
	}
	found, err := client.ResolveWait(ctx, intent, 10*time.Minute)
	if err != nil {
		return nil, err // the question failed: ask again later
	}
	switch found.Outcome {
	case assist.Accepted:
		return found.Cancellation, nil // read its Status
	case assist.Rejected:
		return nil, found.Err // no money moved: a new refund is safe
	}
	return nil, fmt.Errorf("not known yet, %d operations may be it: a person decides", len(found.Candidates))
}

// goOn follows a cancel in process, perhaps in another process than the one
// that sent it. The token is that of Cancellation.Token.
func goOn(ctx context.Context, client *assist.Client, token string, keep func(token string) error) error {
	cancellation, err := client.Resume(token)
	if err != nil {
		return err
	}
	_, err = client.Wait(ctx, cancellation, time.Hour)
	var late *assist.WaitTimeoutError
	if errors.As(err, &late) {
		return keep(late.Last.Token()) // still in process: neither done nor failed
	}
	return err // nil: the money went back; a *DeclinedError: it did not
}

// walletClient refuses what the rules for e-wallets forbid, before it is sent.
func walletClient(baseURL string, cred assist.Credentials) (*assist.Client, error) {
	asker, err := assist.NewClient(baseURL, cred)
	if err != nil {
		return nil, err
	}
	// What the bank keeps of each payment, in parts per million: 0.8 % and 3.5 %.
	balance, err := ledger.FromResults(asker, ledger.Rates{assist.WebMoney: 8_000, assist.QIWI: 35_000})
	if err != nil {
		return nil, err
	}
	return assist.NewClient(baseURL, cred, assist.WithWalletRules(balance))
}

// verifyingClient believes only answers that Assist has signed.
func verifyingClient(baseURL string, cred assist.Credentials, assistKeys []byte) (*assist.Client, error) {
	verifier, err := openpgp.NewVerifier(assistKeys)
	if err != nil {
		return nil, err
	}
	return assist.NewClient(baseURL, cred, assist.WithVerifier(verifier))
}

func TestRefund(t *testing.T) {
	server := assisttest.NewServer(t)
	order := server.Pay(assisttest.Payment{})
	server.Next(assisttest.DieAfter()) // the money moves, the answer is lost

	amount, _ := assist.ParseMoney("10.00", "RUB")
	_, err := server.Client().Cancel(t.Context(), order.CancelRequest(amount))

	if assist.OutcomeOf(err) != assist.Unknown {
		t.Error("an answer that is lost says nothing about the money")
	}
	if server.Moved(order.Billnumber) != amount {
		t.Error("the money has moved all the same")
	}
}
