package otelassist_test

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/otelassist"
)

func Example() {
	spans := tracetest.NewInMemoryExporter()
	observe, err := otelassist.New(otelassist.WithTracerProvider(trace.NewTracerProvider(trace.WithSyncer(spans))))
	if err != nil {
		fmt.Println(err)
		return
	}
	// Nobody listens at this address.
	client, err := assist.NewClient("http://127.0.0.1:1", assist.Credentials{
		MerchantID: "515089", Login: "shop_login", Password: assist.NewSecret("from a vault"),
	}, assist.WithObserver(observe))
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.CancelFull(context.Background(), assist.CancelRequest{Billnumber: "5700027202722028", OrderNumber: "2013.10.23-700027-5"})
	fmt.Println(assist.OutcomeOf(err))
	for _, span := range spans.GetSpans() {
		fmt.Println(span.Name, span.Status.Code)
	}
	// Output:
	// not sent
	// POST /cancel/wscancel.cfm Error
}
