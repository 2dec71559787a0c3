package otelassist_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/otelassist"
)

// telemetry keeps spans and metrics in memory.
type telemetry struct {
	spans   *tracetest.InMemoryExporter
	tracers *sdktrace.TracerProvider
	reader  *sdkmetric.ManualReader
	meters  *sdkmetric.MeterProvider
}

func newTelemetry() *telemetry {
	spans, reader := tracetest.NewInMemoryExporter(), sdkmetric.NewManualReader()
	return &telemetry{
		spans: spans, tracers: sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)),
		reader: reader, meters: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)),
	}
}

func (tel *telemetry) observer(t testing.TB, opts ...otelassist.Option) func(context.Context, assist.Exchange) {
	t.Helper()
	observe, err := otelassist.New(append([]otelassist.Option{otelassist.WithTracerProvider(tel.tracers), otelassist.WithMeterProvider(tel.meters)}, opts...)...)
	require.NoError(t, err)
	return observe
}

func (tel *telemetry) metrics(t testing.TB) map[string]metricdata.Metrics {
	t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(t, tel.reader.Collect(t.Context(), &all))
	found := make(map[string]metricdata.Metrics)
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			found[m.Name] = m
		}
	}
	return found
}

func valuesOf(attributes []attribute.KeyValue) map[string]any {
	values := make(map[string]any)
	for _, a := range attributes {
		values[string(a.Key)] = a.Value.AsInterface()
	}
	return values
}

var start = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func exchange(change func(*assist.Exchange)) assist.Exchange {
	x := assist.Exchange{
		Service: "wscancel", Protocol: "soap", URL: "https://payments.example/shop/cancel/wscancel.cfm",
		MerchantID: "515089", OrderNumber: "2013.10.23-700027-5", Billnumber: "5700027202722028", IntentID: "PKZ7W2",
		Outcome: assist.Accepted, Operation: "5700027202722028.3", ResponseCode: "AS000", Status: assist.Succeeded,
		HTTPStatus: 200, Bytes: 2048, Attempt: 1, Start: start, Duration: 1500 * time.Millisecond,
	}
	change(&x)
	return x
}

// none takes away what an accepted cancel has.
func none(x *assist.Exchange) {
	x.Operation, x.ResponseCode, x.Status = "", "", assist.InProcess
}

func TestSpansAndMetrics(t *testing.T) {
	t.Parallel()
	shared := map[string]any{
		"http.request.method": "POST", "server.address": "payments.example", "server.port": int64(443), "assist.service": "wscancel",
	}
	alone := map[string]any{
		"url.full": "https://payments.example/shop/cancel/wscancel.cfm", "assist.protocol": "soap", "assist.attempt": int64(1),
		"assist.merchant_id": "515089", "assist.intent_id": "PKZ7W2",
	}
	for name, test := range map[string]struct {
		exchange assist.Exchange
		shared   map[string]any
		alone    map[string]any
		failed   bool
	}{
		"accepted": {exchange(func(*assist.Exchange) {}),
			map[string]any{"http.response.status_code": int64(200), "assist.outcome": "accepted"},
			map[string]any{"assist.response_code": "AS000", "assist.status": "succeeded"}, false},
		"rejected": {exchange(func(x *assist.Exchange) {
			none(x)
			x.Outcome, x.Cause, x.First, x.Second = assist.Rejected, assist.CauseCodes, 5, 108
		}),
			map[string]any{"http.response.status_code": int64(200), "assist.outcome": "rejected", "assist.cause": "codes"},
			map[string]any{"assist.first_code": int64(5), "assist.second_code": int64(108)}, false},
		"rejected by a fault": {exchange(func(x *assist.Exchange) {
			none(x)
			x.Outcome, x.Cause, x.First, x.Second, x.HTTPStatus = assist.Rejected, assist.CauseCodes, 7, 102, 500
		}),
			map[string]any{"http.response.status_code": int64(500), "error.type": "500", "assist.outcome": "rejected", "assist.cause": "codes"},
			map[string]any{"assist.first_code": int64(7), "assist.second_code": int64(102)}, true},
		"unknown": {exchange(func(x *assist.Exchange) {
			none(x)
			x.Outcome, x.Cause, x.HTTPStatus, x.Bytes = assist.Unknown, assist.CauseTimeout, 0, 0
		}),
			map[string]any{"error.type": "timeout", "assist.outcome": "unknown", "assist.cause": "timeout"}, nil, true},
		"unreadable": {exchange(func(x *assist.Exchange) {
			none(x)
			x.Outcome, x.Cause = assist.Unknown, assist.CauseUnreadable
		}),
			map[string]any{"http.response.status_code": int64(200), "error.type": "unreadable", "assist.outcome": "unknown", "assist.cause": "unreadable"}, nil, true},
		"not sent": {exchange(func(x *assist.Exchange) {
			none(x)
			x.Outcome, x.Cause, x.HTTPStatus = assist.NotSent, assist.CauseConnection, 0
		}),
			map[string]any{"error.type": "connection", "assist.outcome": "not sent", "assist.cause": "connection"}, nil, true},
		"a question": {exchange(func(x *assist.Exchange) {
			none(x)
			x.Service, x.Outcome, x.Attempt = "orderresult", assist.Unknown, 2
		}),
			map[string]any{"http.response.status_code": int64(200), "assist.service": "orderresult"}, map[string]any{"assist.attempt": int64(2)}, false},
		"a question that was refused": {exchange(func(x *assist.Exchange) {
			none(x)
			x.Service, x.Outcome, x.Cause, x.First, x.Second = "orderresult", assist.Unknown, assist.CauseCodes, 10, 201
		}),
			map[string]any{"http.response.status_code": int64(200), "assist.service": "orderresult", "assist.cause": "codes"},
			map[string]any{"assist.first_code": int64(10), "assist.second_code": int64(201)}, false},
		"a question that failed": {exchange(func(x *assist.Exchange) {
			none(x)
			x.Service, x.Outcome, x.Cause, x.HTTPStatus, x.IntentID = "orderstate", assist.Unknown, assist.CauseConnection, 0, ""
		}),
			map[string]any{"assist.service": "orderstate", "error.type": "connection", "assist.cause": "connection"}, map[string]any{"assist.intent_id": nil}, true},
		"another port": {exchange(func(x *assist.Exchange) { x.URL = "http://127.0.0.1:8080/cancel/wscancel.cfm" }),
			map[string]any{"http.response.status_code": int64(200), "assist.outcome": "accepted", "server.address": "127.0.0.1", "server.port": int64(8080)},
			map[string]any{"url.full": "http://127.0.0.1:8080/cancel/wscancel.cfm", "assist.response_code": "AS000", "assist.status": "succeeded"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tel := newTelemetry()
			tel.observer(t)(t.Context(), test.exchange)
			wantShared, wantSpan := merged(shared, test.shared), merged(shared, test.shared, alone, test.alone)

			spans := tel.spans.GetSpans()
			require.Len(t, spans, 1)
			span := spans[0]
			assert.Equal(t, wantSpan, valuesOf(span.Attributes))
			assert.Equal(t, trace.SpanKindClient, span.SpanKind)
			assert.Equal(t, start, span.StartTime)
			assert.Equal(t, start.Add(1500*time.Millisecond), span.EndTime)
			assert.Equal(t, test.failed, span.Status.Code == codes.Error)
			assert.Regexp(t, `^POST (/shop)?/cancel/wscancel.cfm$`, span.Name)

			metrics := tel.metrics(t)
			duration := metrics["http.client.request.duration"]
			assert.Equal(t, "s", duration.Unit)
			points := duration.Data.(metricdata.Histogram[float64]).DataPoints
			require.Len(t, points, 1)
			assert.Equal(t, wantShared, valuesOf(points[0].Attributes.ToSlice()))
			assert.InDelta(t, 1.5, points[0].Sum, 0)
			assert.Equal(t, []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}, points[0].Bounds, "those of the conventions")

			size, hasSize := metrics["http.client.response.body.size"]
			assert.Equal(t, test.exchange.HTTPStatus != 0, hasSize)
			if hasSize {
				assert.Equal(t, "By", size.Unit)
				points := size.Data.(metricdata.Histogram[int64]).DataPoints
				require.Len(t, points, 1)
				assert.EqualValues(t, 2048, points[0].Sum)
				assert.Equal(t, wantShared, valuesOf(points[0].Attributes.ToSlice()))
			}
		})
	}
}

// merged lays maps over each other; nil takes away.
func merged(maps ...map[string]any) map[string]any {
	all := make(map[string]any)
	for _, m := range maps {
		for key, value := range m {
			if all[key] = value; value == nil {
				delete(all, key)
			}
		}
	}
	return all
}

func TestPaymentNumbersAreShownOnlyOnDemand(t *testing.T) {
	t.Parallel()
	for _, asked := range []bool{false, true} {
		tel := newTelemetry()
		opts := []otelassist.Option{otelassist.WithAttributes(attribute.String("shop", "tea"))}
		if asked {
			opts = append(opts, otelassist.WithPaymentNumbers())
		}
		tel.observer(t, opts...)(t.Context(), exchange(func(*assist.Exchange) {}))
		values := valuesOf(tel.spans.GetSpans()[0].Attributes)
		assert.Equal(t, "tea", values["shop"])
		shown := fmt.Sprint(tel.spans.GetSpans())
		for key, number := range map[string]string{
			"assist.order_number": "2013.10.23-700027-5", "assist.billnumber": "5700027202722028", "assist.operation": "5700027202722028.3",
		} {
			if asked {
				assert.Equal(t, number, values[key])
			} else {
				assert.NotContains(t, shown, number)
			}
			text, err := json.Marshal(tel.metrics(t))
			require.NoError(t, err)
			assert.NotContains(t, string(text), number, "metrics never have them")
			assert.Contains(t, string(text), "tea")
		}
	}
}

// A real client, with a question and a cancel whose answer is lost: the spans are
// children of the caller's, and hold nothing personal.
func TestWithAClient(t *testing.T) {
	t.Parallel()
	tel := newTelemetry()
	server := assisttest.NewServer(t)
	order := server.Pay(assisttest.Payment{})
	client, err := assist.NewClient(server.URL, server.Credentials(), assist.WithObserver(tel.observer(t)))
	require.NoError(t, err)
	t.Cleanup(client.CloseIdleConnections)
	amount, err := assist.ParseMoney("10.00", "RUB")
	require.NoError(t, err)

	ctx, checkout := tel.tracers.Tracer("shop").Start(t.Context(), "checkout")
	server.Next(assisttest.DieAfter())
	var in assist.Intent
	_, err = client.Cancel(ctx, order.CancelRequest(amount), assist.SaveIntent(func(_ context.Context, saved assist.Intent) error { in = saved; return nil }))
	require.Equal(t, assist.Unknown, assist.OutcomeOf(err))
	_, err = client.Resolve(ctx, in)
	require.NoError(t, err)
	checkout.End()

	spans := tel.spans.GetSpans()
	require.Len(t, spans, 3)
	for i, service := range []string{"wscancel", "orderresult"} {
		values := valuesOf(spans[i].Attributes)
		assert.Equal(t, service, values["assist.service"])
		assert.Equal(t, in.ID, values["assist.intent_id"])
		assert.Equal(t, checkout.SpanContext().SpanID(), spans[i].Parent.SpanID())
		assert.False(t, spans[i].EndTime.Before(spans[i].StartTime))
	}
	assert.Equal(t, codes.Error, spans[0].Status.Code)
	assert.Equal(t, codes.Unset, spans[1].Status.Code)
	shown := fmt.Sprintf("%+v", spans)
	cred := server.Credentials()
	for _, hidden := range []string{cred.Login, cred.Password.Reveal(), order.Number, string(order.Billnumber), order.Customer.Email, order.Customer.LastName} {
		if hidden != "" {
			assert.NotContains(t, shown, hidden)
		}
	}
}

func TestWrongSettings(t *testing.T) {
	t.Parallel()
	for name, opt := range map[string]otelassist.Option{
		"nil option": nil, "nil tracers": otelassist.WithTracerProvider(nil), "nil meters": otelassist.WithMeterProvider(nil),
	} {
		_, err := otelassist.New(opt)
		require.Error(t, err, name)
	}
	observe, err := otelassist.New()
	require.NoError(t, err, "the global providers")
	observe(t.Context(), assist.Exchange{})
	observe(t.Context(), assist.Exchange{URL: "://%"})
}
