package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
)

func TestDocumentedCancels(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{"soap", "json", "form-xml", "form-csv", "form-json", "form-soap"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			var out, errOut strings.Builder
			code := run(t.Context(), []string{"-protocol", protocol}, environment(nil), &out, &errOut)
			require.Equal(t, exitDone, code, errOut.String())
			assert.Empty(t, errOut.String())
			rest := out.String()
			for _, line := range []string{
				"sending      5700027202722028  0.10 RUB  (order 2013.10.23-700027-5)\n",
				"kept first   assist-intent-1.",
				"answer       5700027202722028.3  0.10 RUB  AS300  in process\n",
				"go on with   assist-cancel-1.",
				"result       5700027202722028.3  0.10 RUB  AS000  succeeded\n",
				"server       moved 0.10 RUB\n",
				"sending      5554143265883170  0.11 RUB  (order 28042010_fffffffffffsd)\n",
				"answer       5554143265883170.4  0.11 RUB  AS000  succeeded\n",
				"server       moved 0.11 RUB\n",
			} {
				_, after, found := strings.Cut(rest, line)
				require.True(t, found, "%q in its place in\n%s", line, out.String())
				rest = after
			}
		})
	}
}

func environment(vars map[string]string) func(string) string {
	return func(name string) string { return vars[name] }
}

// shop runs the program against a server that stands for a real one.
type shop struct {
	t      *testing.T
	server *assisttest.Server
	vars   map[string]string
}

func newShop(t *testing.T, opts ...assisttest.Option) *shop {
	server := assisttest.NewServer(t, opts...)
	cred := server.Credentials()
	return &shop{t, server, map[string]string{
		"ASSIST_URL": server.URL, "ASSIST_MERCHANT_ID": cred.MerchantID,
		"ASSIST_LOGIN": cred.Login, "ASSIST_PASSWORD": cred.Password.Reveal(),
	}}
}

func (s *shop) run(ctx context.Context, args ...string) (code int, out, errOut string) {
	s.t.Helper()
	var o, e strings.Builder
	code = run(ctx, args, environment(s.vars), &o, &e)
	cred := s.server.Credentials()
	for _, secret := range []string{cred.Password.Reveal(), cred.Login} {
		require.NotContains(s.t, o.String()+e.String(), secret)
	}
	return code, o.String(), e.String()
}

func refundOf(order assist.Order, more ...string) []string {
	return append([]string{"-billnumber", string(order.Billnumber), "-order", order.Number, "-amount", "10.00"}, more...)
}

// lastToken is the token that the program printed last.
func lastToken(t *testing.T, out string) string {
	t.Helper()
	at := strings.LastIndex(out, "assist-")
	require.GreaterOrEqual(t, at, 0, "no token in %q", out)
	return strings.Fields(out[at:])[0]
}

func (s *shop) sent() (n int) {
	for _, r := range s.server.Requests() {
		if r.Service == assisttest.Cancels {
			n++
		}
	}
	return n
}

func TestRefundAtAServer(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{"soap", "json", "form-xml", "form-csv", "form-json"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			order := s.server.Pay(assisttest.Payment{})
			code, out, errOut := s.run(t.Context(), refundOf(order, "-protocol", protocol)...)
			require.Equal(t, exitDone, code, errOut)
			assert.Contains(t, out, string(order.Billnumber)+".2  10.00 RUB  AS000  succeeded")
			assert.Equal(t, "10.00 RUB", s.server.Moved(order.Billnumber).String())
		})
	}
}

func TestOlderThanAYear(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	order := s.server.Pay(assisttest.Payment{PaidAt: time.Now().AddDate(-3, 0, 0)})
	code, _, errOut := s.run(t.Context(), refundOf(order)...)
	assert.Equal(t, exitNotMoved, code)
	assert.Contains(t, errOut, "10/201")
	assert.Zero(t, s.sent())
	code, _, errOut = s.run(t.Context(), refundOf(order, "-date", order.Date.Format(time.DateOnly))...)
	assert.Equal(t, exitDone, code, errOut)
}

func TestLostAnswerIsFoundByToken(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	order := s.server.Pay(assisttest.Payment{})
	s.server.Next(assisttest.DieAfter())
	code, out, errOut := s.run(t.Context(), refundOf(order)...)
	require.Equal(t, exitUnknown, code)
	assert.Contains(t, errOut, "don't refund again")

	code, out, errOut = s.run(t.Context(), "-token", lastToken(t, out))
	require.Equal(t, exitDone, code, errOut)
	assert.Contains(t, out, "AS000  succeeded")
	assert.Equal(t, "10.00 RUB", s.server.Moved(order.Billnumber).String())
	assert.Equal(t, 1, s.sent())
}

func TestLostRequestStaysUnknown(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	order := s.server.Pay(assisttest.Payment{})
	s.server.Next(assisttest.DieBefore())
	code, out, _ := s.run(t.Context(), refundOf(order)...)
	require.Equal(t, exitUnknown, code)
	code, _, errOut := s.run(t.Context(), "-wait", "50ms", "-token", lastToken(t, out))
	assert.Equal(t, exitUnknown, code)
	assert.Contains(t, errOut, "don't refund again")
	assert.Equal(t, 1, s.sent())
}

func TestLostRefusalIsFoundByToken(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	order := s.server.Pay(assisttest.Payment{})
	s.server.Next(assisttest.Decline("AS102").And(assisttest.CutShort()))
	code, out, _ := s.run(t.Context(), refundOf(order)...)
	require.Equal(t, exitUnknown, code)
	code, _, errOut := s.run(t.Context(), "-token", lastToken(t, out))
	assert.Equal(t, exitNotMoved, code)
	assert.Contains(t, errOut, "AS102")
}

func TestInProcessIsTakenUpByToken(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		settles string
		code    int
	}{"done": {"AS000", exitDone}, "declined": {"AS100", exitNotMoved}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			order := s.server.Pay(assisttest.Payment{})
			s.server.Next(assisttest.InProcess(time.Hour, test.settles))
			code, out, errOut := s.run(t.Context(), refundOf(order, "-wait", "50ms")...)
			require.Equal(t, exitUnknown, code)
			assert.Contains(t, errOut, "still in process")
			s.server.Advance(time.Hour)
			code, _, errOut = s.run(t.Context(), "-token", lastToken(t, out))
			assert.Equal(t, test.code, code, errOut)
		})
	}
}

func TestSeveralCandidatesAreShown(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	order := s.server.Pay(assisttest.Payment{})
	s.server.Next(assisttest.DieAfter(), assisttest.DieAfter())
	_, out, _ := s.run(t.Context(), refundOf(order)...)
	_, err := s.server.Client().Cancel(t.Context(), order.CancelRequest(moneyOf(t, "10.00")))
	require.Error(t, err)
	code, out, _ := s.run(t.Context(), "-wait", "50ms", "-token", lastToken(t, out))
	assert.Equal(t, exitUnknown, code)
	assert.Equal(t, 2, strings.Count(out, "perhaps"))
}

func moneyOf(t *testing.T, amount string) assist.Money {
	t.Helper()
	m, err := assist.ParseMoney(amount, "RUB")
	require.NoError(t, err)
	return m
}

func TestRefusalsAndStops(t *testing.T) {
	t.Parallel()
	over, stop := context.WithCancel(t.Context())
	stop()
	for name, test := range map[string]struct {
		ctx    context.Context
		vars   map[string]string
		fault  *assisttest.Fault
		errOut string

		billnumber assist.Billnumber
	}{
		"refused":          {ctx: t.Context(), fault: faulty(assisttest.Refuse(15, 308)), errOut: "15/308"},
		"declined":         {ctx: t.Context(), fault: faulty(assisttest.Decline("AS100")), errOut: "AS100"},
		"can't look first": {ctx: t.Context(), fault: faulty(assisttest.DieAfter().For(assisttest.OrderResults)), errOut: "looking for the order"},
		"another payment":  {ctx: t.Context(), billnumber: "5700027202722028", errOut: "no such order"},
		"wrong password":   {ctx: t.Context(), vars: map[string]string{"ASSIST_PASSWORD": "WrongPassword1"}, errOut: "7/102"},
		"interrupted":      {ctx: over, errOut: "context canceled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			for k, v := range test.vars {
				s.vars[k] = v
			}
			order := s.server.Pay(assisttest.Payment{})
			if test.fault != nil {
				s.server.Next(*test.fault)
			}
			asked := order
			if test.billnumber != "" {
				asked.Billnumber = test.billnumber
			}
			code, _, errOut := s.run(test.ctx, refundOf(asked)...)
			assert.Equal(t, exitNotMoved, code)
			assert.Contains(t, errOut, test.errOut)
			assert.True(t, s.server.Moved(order.Billnumber).IsZero())
		})
	}
}

func faulty(f assisttest.Fault) *assisttest.Fault { return &f }

func TestPartOfCardAndBonus(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	order := s.server.Pay(assisttest.Payment{Bonus: moneyOf(t, "20.00")})
	named := order
	named.Billnumber += ".2"
	code, _, errOut := s.run(t.Context(), refundOf(named)...)
	require.Equal(t, exitDone, code, errOut)
	assert.Equal(t, "10.00 RUB", s.server.Moved(named.Billnumber).String())
}

func TestUsage(t *testing.T) {
	t.Parallel()
	good := []string{"-billnumber", "5700027202722028", "-order", "order-1", "-amount", "0.10"}
	for name, test := range map[string]struct {
		args   []string
		vars   map[string]string
		server bool
		code   int
	}{
		"help":                    {args: []string{"-help"}, code: exitDone},
		"unknown flag":            {args: []string{"-password", "x"}, code: exitUsage},
		"unknown protocol":        {args: []string{"-protocol", "smtp"}, code: exitUsage},
		"something behind":        {args: []string{"now"}, code: exitUsage},
		"a refund without server": {args: good, code: exitUsage},
		"a token without server":  {args: []string{"-token", "x"}, code: exitUsage},
		"a server alone":          {server: true, code: exitUsage},
		"no amount":               {args: good[:4], server: true, code: exitUsage},
		"a wrong amount":          {args: append(good[:4:4], "-amount", "0,10"), server: true, code: exitUsage},
		"a wrong currency":        {args: append(good[:6:6], "-currency", "rub"), server: true, code: exitUsage},
		"a wrong date":            {args: append(good[:6:6], "-date", "23.10.2013"), server: true, code: exitUsage},
		"a wrong billnumber":      {args: append(good[2:6:6], "-billnumber", "57"), server: true, code: exitUsage},
		"a wrong URL":             {args: good, server: true, vars: map[string]string{"ASSIST_URL": "ftp://assist.example"}, code: exitUsage},
		"a wrong URL, by token":   {args: []string{"-token", "x"}, server: true, vars: map[string]string{"ASSIST_URL": "ftp://assist.example"}, code: exitUsage},
		"no password":             {args: good, server: true, vars: map[string]string{"ASSIST_PASSWORD": ""}, code: exitUsage},
		"no token":                {args: []string{"-token", "x"}, server: true, code: exitUsage},
		"a damaged token":         {args: []string{"-token", "assist-cancel-1.x"}, server: true, code: exitUsage},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			if !test.server {
				s.vars = nil
			}
			for k, v := range test.vars {
				s.vars[k] = v
			}
			code, _, errOut := s.run(t.Context(), test.args...)
			assert.Equal(t, test.code, code, errOut)
			assert.Empty(t, s.server.Requests())
		})
	}
}
