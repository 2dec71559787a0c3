// Package otelassist turns what an [assist.Client] tells of its exchanges into
// OpenTelemetry spans and metrics, by the semantic conventions for HTTP clients.
//
//	observe, err := otelassist.New()
//	if err != nil {
//		return err
//	}
//	client, err := assist.NewClient(baseURL, credentials, assist.WithObserver(observe))
//
// Every exchange becomes a span of kind client, a child of the span in the
// context of the call, named after the method and the path of the service, and a
// point of two histograms:
//
//   - http.client.request.duration, in seconds
//   - http.client.response.body.size, in bytes, where there was an answer
//
// Beside the attributes of the conventions they have assist.service, and where
// they apply assist.outcome and assist.cause. Spans also have assist.protocol,
// assist.merchant_id, assist.intent_id, assist.attempt, assist.status,
// assist.response_code, assist.first_code and assist.second_code.
//
// None of it is personal: no text of a customer or of the server reaches this
// package at all. The numbers of orders and payments are left out too, because
// traces are read by many and the number of an order may be somebody's telephone
// number: the intent's ID leads to the log record that has them. See
// [WithPaymentNumbers].
//
// A cancel that ended Unknown or NotSent is an error by error.type, the class of
// its cause. A refusal is none: Assist answered, and the answer is the result.
package otelassist

import (
	"context"
	"errors"
	"net/url"
	"strconv"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/semconv/v1.41.0/httpconv"
	"go.opentelemetry.io/otel/trace"

	"github.com/assist-go/assist"
)

// scope names this package as the source of spans and metrics.
const scope = "github.com/assist-go/assist/otelassist"

// Option sets one thing about an observer.
type Option func(*observer)

// WithTracerProvider sets where spans go. The default is the global provider.
func WithTracerProvider(p trace.TracerProvider) Option {
	return func(o *observer) { o.tracers = p }
}

// WithMeterProvider sets where metrics go. The default is the global provider.
func WithMeterProvider(p metric.MeterProvider) Option {
	return func(o *observer) { o.meters = p }
}

// WithPaymentNumbers also puts assist.order_number, assist.billnumber and
// assist.operation on spans, where everybody who may see traces may see them.
// Metrics never have them.
func WithPaymentNumbers() Option {
	return func(o *observer) { o.numbers = true }
}

// WithAttributes puts attributes on every span and metric, such as the name of
// the shop where one program serves several merchants.
func WithAttributes(attributes ...attribute.KeyValue) Option {
	return func(o *observer) { o.always = append(o.always, attributes...) }
}

// New makes a function for [assist.WithObserver]. It is safe for concurrent use
// by any number of clients. An error means that a provider refuses an
// instrument or is nil.
func New(opts ...Option) (func(context.Context, assist.Exchange), error) {
	o := &observer{tracers: otel.GetTracerProvider(), meters: otel.GetMeterProvider()}
	for _, opt := range opts {
		if opt == nil {
			return nil, errors.New("otelassist: an option must not be nil")
		}
		opt(o)
	}
	if o.tracers == nil || o.meters == nil {
		return nil, errors.New("otelassist: a provider must not be nil")
	}
	o.tracer = o.tracers.Tracer(scope, trace.WithSchemaURL(semconv.SchemaURL))
	meter := o.meters.Meter(scope, metric.WithSchemaURL(semconv.SchemaURL))
	var err error
	if o.duration, err = httpconv.NewClientRequestDuration(meter); err != nil {
		return nil, err
	}
	if o.size, err = httpconv.NewClientResponseBodySize(meter); err != nil {
		return nil, err
	}
	return o.observe, nil
}

type observer struct {
	tracers trace.TracerProvider
	meters  metric.MeterProvider
	numbers bool
	always  []attribute.KeyValue

	tracer   trace.Tracer
	duration httpconv.ClientRequestDuration
	size     httpconv.ClientResponseBodySize
}

func (o *observer) observe(ctx context.Context, x assist.Exchange) {
	end := x.Start.Add(x.Duration)
	endpoint, err := url.Parse(x.URL)
	if err != nil {
		// The client has parsed it before; an exchange made by hand may hold anything.
		endpoint = new(url.URL)
	}
	shared := o.sharedAttributes(x, endpoint)
	spanCtx, span := o.tracer.Start(ctx, "POST "+endpoint.Path, trace.WithSpanKind(trace.SpanKindClient), trace.WithTimestamp(x.Start),
		trace.WithAttributes(shared...), trace.WithAttributes(o.spanAttributes(x)...))
	if failed(x) {
		span.SetStatus(codes.Error, "")
	}
	// With the span in the context a metric can point at it.
	set := attribute.NewSet(shared...)
	o.duration.RecordSet(spanCtx, x.Duration.Seconds(), set)
	if x.HTTPStatus != 0 {
		o.size.RecordSet(spanCtx, int64(x.Bytes), set)
	}
	span.End(trace.WithTimestamp(end))
}

// sharedAttributes are those of spans and metrics, so none of them may have many
// values.
func (o *observer) sharedAttributes(x assist.Exchange, endpoint *url.URL) []attribute.KeyValue {
	attributes := append(make([]attribute.KeyValue, 0, 12+len(o.always)), o.always...)
	attributes = append(attributes,
		semconv.HTTPRequestMethodPost, semconv.ServerAddress(endpoint.Hostname()), semconv.ServerPort(port(endpoint)),
		attribute.String("assist.service", x.Service))
	if x.HTTPStatus != 0 {
		attributes = append(attributes, semconv.HTTPResponseStatusCode(x.HTTPStatus))
	}
	if failed(x) {
		attributes = append(attributes, semconv.ErrorTypeKey.String(errorType(x)))
	}
	if x.IsCancel() {
		attributes = append(attributes, attribute.String("assist.outcome", x.Outcome.String()))
	}
	if x.Cause != assist.CauseNone {
		attributes = append(attributes, attribute.String("assist.cause", string(x.Cause)))
	}
	return attributes
}

// spanAttributes are those of spans alone.
func (o *observer) spanAttributes(x assist.Exchange) []attribute.KeyValue {
	attributes := []attribute.KeyValue{
		semconv.URLFull(x.URL),
		attribute.String("assist.protocol", x.Protocol),
		attribute.Int("assist.attempt", x.Attempt),
	}
	text := func(key, value string) {
		if value != "" {
			attributes = append(attributes, attribute.String(key, value))
		}
	}
	text("assist.merchant_id", x.MerchantID)
	text("assist.intent_id", x.IntentID)
	text("assist.response_code", string(x.ResponseCode))
	if x.Operation != "" {
		text("assist.status", x.Status.String())
	}
	if x.First != 0 || x.Second != 0 {
		attributes = append(attributes, attribute.Int("assist.first_code", x.First), attribute.Int("assist.second_code", x.Second))
	}
	if o.numbers {
		text("assist.order_number", x.OrderNumber)
		text("assist.billnumber", string(x.Billnumber))
		text("assist.operation", string(x.Operation))
	}
	return attributes
}

// failed tells an exchange that brought no result. Refusals are results, also of
// a question; a status of 400 or more is a failure by the conventions.
func failed(x assist.Exchange) bool {
	switch {
	case x.HTTPStatus >= 400:
		return true
	case x.IsCancel():
		return x.Outcome == assist.Unknown || x.Outcome == assist.NotSent
	}
	return x.Cause != assist.CauseNone && x.Cause != assist.CauseCodes
}

// errorType is the status where that alone tells of the failure, and else the
// class of the cause.
func errorType(x assist.Exchange) string {
	switch {
	case x.HTTPStatus >= 400:
		return strconv.Itoa(x.HTTPStatus)
	case x.Cause != assist.CauseNone:
		return string(x.Cause)
	}
	return "_OTHER"
}

func port(endpoint *url.URL) int {
	if n, err := strconv.Atoi(endpoint.Port()); err == nil {
		return n
	}
	if endpoint.Scheme == "http" {
		return 80
	}
	return 443
}
