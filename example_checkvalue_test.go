package assist_test

import (
	"fmt"

	"github.com/assist-go/assist"
)

// The known answer of Assist's documentation.
func ExampleNewCheckValueVerifier() {
	verifier, err := assist.NewCheckValueVerifier(assist.NewSecret("secret"), "111111")
	if err != nil {
		fmt.Println(err)
		return
	}
	answer := assist.SignedAnswer{
		Service: "orderstate", OrderNumber: "ok", OrderAmount: "4.00", OrderCurrency: "RUB", OrderState: "Canceled",
		CheckValue: "74DEB154081757F1E8097DDFAC35FC5C",
	}
	fmt.Println(verifier.Verify(answer))
	answer.OrderAmount = "400.00"
	fmt.Println(verifier.Verify(answer))
	// Output:
	// <nil>
	// assist: the answer is not proved to be Assist's: a wrong check value
}
