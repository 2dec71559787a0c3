package desk_test

import (
	"context"

	"github.com/assist-go/assist/desk/demo"
	"github.com/assist-go/assist/refunds"
)

// exampleWorld is a simulated Assist and a store, for an example.
func exampleWorld() (*demo.World, func()) {
	w, err := demo.New(context.Background(), refunds.Memory())
	if err != nil {
		panic(err)
	}
	return w, func() { _ = w.Close() }
}
