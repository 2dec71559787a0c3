package openpgp_test

import (
	"errors"
	"fmt"
	"os"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/openpgp"
)

// An answer whose signature is right is believed; the same signature under
// another state is a forgery.
func ExampleNewVerifier() {
	keys, err := os.ReadFile("testdata/assist.asc") // Assist's public keys
	if err != nil {
		fmt.Println(err)
		return
	}
	verifier, err := openpgp.NewVerifier(keys)
	if err != nil {
		fmt.Println(err)
		return
	}
	// The client asks its verifiers about every answer.
	_, err = assist.NewClient("https://payments.example", assist.Credentials{
		MerchantID: "515089", Login: "shop_login", Password: assist.NewSecret("from a vault"),
	}, assist.WithVerifier(verifier))
	if err != nil {
		fmt.Println(err)
		return
	}

	signature, err := os.ReadFile("testdata/sha1_short.b64")
	if err != nil {
		fmt.Println(err)
		return
	}
	answer := assist.SignedAnswer{
		Service: "orderresult", OrderNumber: "28042010_fffffffffffsd", OrderAmount: "2.00", OrderCurrency: "RUB",
		OrderState: "PartialCanceled", PacketDate: "28.01.2014 14:30:02", Signature: string(signature),
	}
	fmt.Println(verifier.Verify(answer))
	answer.OrderState = "Canceled"
	err = verifier.Verify(answer)
	var refused *assist.SignatureError
	fmt.Println(errors.As(err, &refused) && refused.Reason == assist.SignatureOtherText)
	fmt.Println(assist.OutcomeOf(err))
	// Output:
	// <nil>
	// true
	// unknown
}
