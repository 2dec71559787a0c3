package conformance_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
)

// faultCases lose, spoil and falsify answers. What the caller is told is held
// against what the server really did.
func faultCases() []conformanceCase {
	undone := func(f assisttest.Fault) assisttest.Fault { return f.WithoutDoing() }
	var cases []conformanceCase
	for _, f := range []struct {
		name  string
		fault assisttest.Fault
		moved string
		is    error
	}{
		{"connection closed before", assisttest.DieBefore(), "0.00", nil},
		{"connection closed after", assisttest.DieAfter(), "10.00", nil},
		{"cut short", assisttest.CutShort(), "10.00", io.ErrUnexpectedEOF},
		{"incomplete", assisttest.Incomplete(), "10.00", assist.ErrUnreadable},
		{"garbage", assisttest.Garbage(), "10.00", assist.ErrUnreadable},
		{"garbage, undone", undone(assisttest.Garbage()), "0.00", assist.ErrUnreadable},
		{"empty", assisttest.Answer(http.StatusOK, "text/xml", ""), "10.00", assist.ErrUnreadable},
		{"HTML, 200", assisttest.HTMLError(http.StatusOK), "10.00", assist.ErrUnreadable},
		{"HTML, 502", assisttest.HTMLError(http.StatusBadGateway), "10.00", assist.ErrUnreadable},
		{"HTML, 502, undone", undone(assisttest.HTMLError(http.StatusBadGateway)), "0.00", assist.ErrUnreadable},
		{"HTML, 401, undone", undone(assisttest.HTMLError(http.StatusUnauthorized)), "0.00", assist.ErrUnreadable},
		{"a proxy's JSON", assisttest.Answer(http.StatusGatewayTimeout, "application/json", `{"fault":{"faultstring":"upstream timed out"}}`), "10.00", assist.ErrContradiction},
		{"redirect 302", assisttest.Redirect(http.StatusFound, "/cancel/wscancel.cfm"), "0.00", assist.ErrUnreadable},
		{"redirect 307", assisttest.Redirect(http.StatusTemporaryRedirect, "/cancel/wscancel.cfm"), "0.00", assist.ErrUnreadable},
		{"redirect 308", assisttest.Redirect(http.StatusPermanentRedirect, "/cancel/cancel.cfm"), "0.00", assist.ErrUnreadable},
		{"a code that isn't known", assisttest.Claim("AS001", "Success"), "10.00", assist.ErrContradiction},
		{"AS107", assisttest.Claim("AS107", "Declined"), "10.00", assist.ErrContradiction},
		{"AS200", assisttest.Claim("AS200", "Declined"), "10.00", assist.ErrContradiction},
		{"AS998", assisttest.Claim("AS998", "Declined"), "10.00", assist.ErrContradiction},
		{"no code", assisttest.Claim("", "Success"), "10.00", assist.ErrUnreadable},
	} {
		cases = append(cases, conformanceCase{name: f.name, play: func(s *scene) { s.lose(f.fault, f.moved, f.is) }})
	}
	// Only where the answer has an operation state can it contradict the code.
	for _, f := range []struct{ name, code, state string }{
		{"AS000 with Declined", "AS000", "Declined"},
		{"AS000 with Timeout", "AS000", "Timeout"},
		{"AS300 with Declined", "AS300", "Declined"},
		{"AS300 with Success", "AS300", "Success"},
		{"AS100 with Success", "AS100", "Success"},
		{"AS100 with In Process", "AS100", "In Process"},
		{"a state that isn't known", "AS000", "Deferred"},
	} {
		cases = append(cases, conformanceCase{name: f.name, in: isNested, play: func(s *scene) {
			s.lose(assisttest.Claim(f.code, f.state), "10.00", assist.ErrContradiction)
		}})
	}
	return append(cases, lossCases()...)
}

// lose spoils the answer to a cancel of 10.00 RUB. The caller must know that it
// doesn't know, must not be let send again, and must find out by asking.
func (s *scene) lose(fault assisttest.Fault, moved string, is error) {
	order := s.pay(1)
	s.server.Next(fault)
	var saved assist.Intent
	_, err := s.client.Cancel(s.Context(), order.CancelRequest(rub(s, "10.00")), assist.SaveIntent(func(_ context.Context, in assist.Intent) error {
		saved = in
		assert.Zero(s, s.sent(), "the intent comes before the first byte")
		return nil
	}), assist.LookFirst())
	require.Equal(s, assist.Unknown, assist.OutcomeOf(err), "%v", err)
	if is != nil {
		require.ErrorIs(s, err, is)
	}
	require.Equal(s, saved, intentOf(s, err))
	s.requireMoved(order.Billnumber, moved)
	require.Equal(s, 1, s.sent())

	_, err = s.client.Cancel(s.Context(), order.CancelRequest(rub(s, "10.00")))
	require.ErrorIs(s, err, assist.ErrUnresolved)
	require.Equal(s, assist.NotSent, assist.OutcomeOf(err))
	require.Equal(s, 1, s.sent(), "nothing is sent while it is unresolved")

	// After a crash all that is left is the token.
	time.Sleep(time.Minute)
	parsed, err := assist.ParseIntent(saved.Token())
	require.NoError(s, err)
	for _, client := range []*assist.Client{s.client, s.another()} {
		r, err := client.Resolve(s.Context(), parsed)
		require.NoError(s, err)
		if moved == "0.00" {
			assert.Equal(s, assist.Unknown, r.Outcome, "nothing seen proves nothing")
			assert.Empty(s, r.Candidates)
			continue
		}
		require.Equal(s, assist.Accepted, r.Outcome)
		assert.Equal(s, assist.Succeeded, r.Cancellation.Status)
		assert.Equal(s, order.Billnumber+".2", r.Cancellation.Operation.Billnumber)
	}
	s.requireMoved(order.Billnumber, moved)
	require.Equal(s, 1, s.sent(), "resolving only asks")
}

func lossCases() []conformanceCase {
	return []conformanceCase{
		{name: "answered after the caller has gone", play: func(s *scene) {
			order := s.pay(1)
			s.server.Next(assisttest.AnswerLate(time.Minute))
			ctx, cancel := context.WithTimeout(s.Context(), 10*time.Second)
			defer cancel()
			began := time.Now()
			_, err := s.client.Cancel(ctx, order.CancelRequest(rub(s, "10.00")), assist.LookFirst())
			assert.Equal(s, 10*time.Second, time.Since(began))
			require.Equal(s, assist.Unknown, assist.OutcomeOf(err))
			require.ErrorIs(s, err, context.DeadlineExceeded)
			s.requireMoved(order.Billnumber, "10.00")
			r, err := s.client.Resolve(s.Context(), intentOf(s, err))
			require.NoError(s, err)
			assert.Equal(s, assist.Accepted, r.Outcome)
			assert.Equal(s, 1, s.sent())
		}},
		{name: "answered late, but in time", play: func(s *scene) {
			order := s.pay(1)
			s.server.Next(assisttest.AnswerLate(40 * time.Second))
			x, err := s.client.Cancel(s.Context(), order.CancelRequest(rub(s, "10.00")))
			require.NoError(s, err)
			assert.Equal(s, assist.Succeeded, x.Status)
		}},
		{name: "held up on its way", play: func(s *scene) {
			order := s.pay(1)
			s.server.Next(assisttest.DieAndDoLater(time.Hour))
			_, err := s.client.Cancel(s.Context(), order.CancelRequest(rub(s, "10.00")), assist.LookFirst())
			in := intentOf(s, err)
			time.Sleep(59 * time.Minute)
			r, err := s.client.Resolve(s.Context(), in)
			require.NoError(s, err)
			require.Equal(s, assist.Unknown, r.Outcome, "an hour of nothing is no proof")
			s.requireMoved(order.Billnumber, "0.00")

			r, err = s.client.ResolveWait(s.Context(), in, time.Hour)
			require.NoError(s, err)
			require.Equal(s, assist.Accepted, r.Outcome)
			s.requireMoved(order.Billnumber, "10.00")
			assert.Equal(s, 1, s.sent())
		}},
		{name: "lost and listed late", play: func(s *scene) {
			order := s.pay(1)
			s.server.Next(assisttest.DieAfter().And(assisttest.ListLate(10 * time.Minute)))
			_, err := s.client.Cancel(s.Context(), order.CancelRequest(rub(s, "10.00")), assist.LookFirst())
			r, err := s.client.ResolveWait(s.Context(), intentOf(s, err), time.Hour)
			require.NoError(s, err)
			assert.Equal(s, assist.Accepted, r.Outcome)
		}},
		{name: "lost and declined", play: func(s *scene) {
			order := s.pay(1)
			s.server.Next(assisttest.DieAfter().And(assisttest.Decline("AS100")))
			_, err := s.client.Cancel(s.Context(), order.CancelRequest(rub(s, "10.00")), assist.LookFirst())
			in := intentOf(s, err)
			assert.Equal(s, []assist.Billnumber{order.Billnumber + ".1"}, in.Before)
			r, err := s.client.Resolve(s.Context(), in)
			require.NoError(s, err)
			require.Equal(s, assist.Rejected, r.Outcome)
			assert.Equal(s, assist.Rejected, assist.OutcomeOf(r.Err))
			s.requireMoved(order.Billnumber, "0.00")
		}},
		{name: "lost while in process", play: func(s *scene) {
			order := s.pay(30)
			s.server.Next(assisttest.DieAfter())
			_, err := s.client.Cancel(s.Context(), order.CancelRequest(rub(s, "10.00")), assist.LookFirst())
			r, err := s.client.Resolve(s.Context(), intentOf(s, err))
			require.NoError(s, err)
			require.Equal(s, assist.Accepted, r.Outcome)
			require.Equal(s, assist.InProcess, r.Cancellation.Status)
			x, err := s.client.Wait(s.Context(), r.Cancellation, time.Hour)
			require.NoError(s, err)
			assert.Equal(s, assist.Succeeded, x.Status)
			s.requireMoved(order.Billnumber, "10.00")
		}},
		{name: "all of a payment, lost", play: func(s *scene) {
			order := s.pay(1)
			s.server.Next(assisttest.DieAfter())
			_, err := s.client.CancelFull(s.Context(), order.CancelRequest(assist.Money{}), assist.LookFirst())
			r, err := s.client.Resolve(s.Context(), intentOf(s, err))
			require.NoError(s, err)
			assert.Equal(s, assist.Accepted, r.Outcome)
			s.requireMoved(order.Billnumber, "100.00")
		}},
		{name: "card and bonus, lost", in: isNested, play: func(s *scene) {
			order := s.payWithBonus()
			s.server.Next(assisttest.DieAfter())
			_, err := s.client.CancelFull(s.Context(), order.CancelRequest(assist.Money{}), assist.LookFirst())
			r, err := s.client.Resolve(s.Context(), intentOf(s, err))
			require.NoError(s, err)
			require.Equal(s, assist.Accepted, r.Outcome)
			assert.Len(s, r.Cancellation.Operations, 2)
			s.requireMoved(order.Billnumber, "100.00")
		}},
		{name: "sent again on a person's word", play: func(s *scene) {
			order := s.pay(1)
			s.server.Next(assisttest.DieBefore())
			_, err := s.client.Cancel(s.Context(), order.CancelRequest(rub(s, "10.00")))
			in := intentOf(s, err)
			x, err := s.client.Cancel(s.Context(), order.CancelRequest(rub(s, "10.00")), assist.DespiteUnknown(in))
			require.NoError(s, err)
			assert.Equal(s, assist.Succeeded, x.Status)
			s.requireMoved(order.Billnumber, "10.00")
			assert.Equal(s, 2, s.sent())
		}},
		{name: "the answer to an earlier cancel", play: func(s *scene) {
			order := s.pay(1)
			_, err := s.client.Cancel(s.Context(), order.CancelRequest(rub(s, "10.00")))
			require.NoError(s, err)
			s.server.Next(assisttest.Replay())
			_, err = s.client.Cancel(s.Context(), order.CancelRequest(rub(s, "10.00")), assist.LookFirst())
			require.Equal(s, assist.Unknown, assist.OutcomeOf(err), "%v", err)
			require.ErrorIs(s, err, assist.ErrOtherAnswer)
			s.requireMoved(order.Billnumber, "20.00")
			r, err := s.client.Resolve(s.Context(), intentOf(s, err))
			require.NoError(s, err)
			require.Equal(s, assist.Accepted, r.Outcome)
			assert.Equal(s, order.Billnumber+".3", r.Cancellation.Operation.Billnumber)
		}},
		{name: "the answer to an earlier cancel, undone", play: func(s *scene) {
			order := s.pay(1)
			_, err := s.client.Cancel(s.Context(), order.CancelRequest(rub(s, "10.00")))
			require.NoError(s, err)
			s.server.Next(assisttest.Replay().WithoutDoing())
			_, err = s.another().Cancel(s.Context(), order.CancelRequest(rub(s, "10.00")), assist.LookFirst())
			require.Equal(s, assist.Unknown, assist.OutcomeOf(err), "%v", err)
			s.requireMoved(order.Billnumber, "10.00")
		}},
		{name: "the answer about another payment", play: func(s *scene) {
			other := s.pay(1)
			order := s.server.Pay(assisttest.Payment{OrderNumber: other.Number, PaidAt: other.Date})
			_, err := s.client.Cancel(s.Context(), other.CancelRequest(rub(s, "10.00")))
			require.NoError(s, err)
			s.server.Next(assisttest.Replay())
			_, err = s.client.Cancel(s.Context(), order.CancelRequest(rub(s, "10.00")))
			require.Equal(s, assist.Unknown, assist.OutcomeOf(err), "%v", err)
			require.ErrorIs(s, err, assist.ErrOtherAnswer)
		}},
		{name: "the order can't be looked at first", play: func(s *scene) {
			order := s.pay(1)
			for _, fault := range []assisttest.Fault{assisttest.DieAfter(), assisttest.HTMLError(http.StatusBadGateway), assisttest.Incomplete(), assisttest.Refuse(2, 0)} {
				s.server.Next(fault.For(assisttest.OrderResults))
				_, err := s.client.Cancel(s.Context(), order.CancelRequest(rub(s, "10.00")), assist.LookFirst())
				assert.Equal(s, assist.NotSent, assist.OutcomeOf(err), "%v", err)
			}
			assert.Zero(s, s.sent())
		}},
		{name: "the intent can't be saved", play: func(s *scene) {
			order, full := s.pay(1), errors.New("the disk is full")
			_, err := s.client.Cancel(s.Context(), order.CancelRequest(rub(s, "10.00")), assist.SaveIntent(func(context.Context, assist.Intent) error { return full }))
			require.ErrorIs(s, err, full)
			assert.Equal(s, assist.NotSent, assist.OutcomeOf(err))
			assert.Zero(s, s.sent())
		}},
		{name: "no server", play: func(s *scene) {
			order := s.pay(1)
			s.server.Close()
			_, err := s.client.Cancel(s.Context(), order.CancelRequest(rub(s, "10.00")))
			var transport *assist.TransportError
			require.ErrorAs(s, err, &transport)
			assert.Equal(s, assist.NotSent, assist.OutcomeOf(err))
		}},
		{name: "cut after any byte", play: func(s *scene) {
			order := s.pay(1)
			s.cutAnywhere(order.CancelRequest(rub(s, "10.00")))
			s.cutAnywhere(order.CancelRequest(rub(s, "100.01")))
		}},
	}
}

// cutAnywhere answers with every beginning of a true answer. None may say
// anything that the whole doesn't say.
func (s *scene) cutAnywhere(req assist.CancelRequest) {
	tape := &recorder{through: s.server.HTTPClient().Transport}
	whole, wholeErr := s.another(assist.WithHTTPClient(&http.Client{Transport: tape})).Cancel(s.Context(), req)
	length := len(strings.TrimRight(string(tape.body), " \t\r\n"))
	require.Greater(s, length, 5)
	for n := range length {
		client := s.another(assist.WithHTTPClient(&http.Client{Transport: tape.first(n)}))
		x, err := client.Cancel(s.Context(), req)
		switch assist.OutcomeOf(err) {
		case assist.Unknown:
		case assist.Accepted:
			// CSV has no end that could be missed: its last fields may be.
			require.Equal(s, "form-csv", s.name, "%q", tape.body[:n])
			require.NotNil(s, whole)
			require.Equal(s, whole.Operation.Billnumber, x.Operation.Billnumber)
			require.Equal(s, whole.Operation.ResponseCode, x.Operation.ResponseCode)
			require.Equal(s, whole.Status, x.Status)
		default:
			s.Fatalf("cut after %d of %d bytes: %v (whole: %v)", n, length, err, wholeErr)
		}
	}
}

// recorder keeps the answer that comes through it.
type recorder struct {
	through http.RoundTripper
	status  int
	body    []byte
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := r.through.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	r.status = resp.StatusCode
	if r.body, err = io.ReadAll(resp.Body); err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(r.body))
	return resp, nil
}

// first answers with the beginning of what was recorded.
func (r *recorder) first(n int) http.RoundTripper {
	return transportFunc(func(req *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: r.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{},
			Body: io.NopCloser(bytes.NewReader(r.body[:n])), ContentLength: int64(n), Request: req,
		}, nil
	})
}

type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }
