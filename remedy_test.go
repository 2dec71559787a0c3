package assist

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/assist-go/assist/internal/moscow"
	"github.com/assist-go/assist/internal/sendonce"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var remedyTime = time.Date(2026, 7, 1, 9, 0, 0, 0, time.UTC)

// remedySamples are errors by the first cell of their row in docs/outcomes.md §9,
// each as the library gives it.
func remedySamples() map[string][]error {
	unknown := func(err error) error { return &UnknownOutcomeError{Err: &HTTPError{Status: 200, Err: err}} }
	follow := func(err error) error { return &FollowError{Service: "orderresult", Err: err} }
	stopped := func(err error) error { return &NotSentError{Step: "somewhere", Err: err} }
	rule := func(rule error, notBefore time.Time) error {
		return &WalletRuleError{Rule: rule, NotBefore: notBefore}
	}
	answers := func(err error) []error { return []error{unknown(err), follow(err), follow(&HTTPError{Err: err})} }
	values := []error{ErrMoney, ErrCurrencyMismatch, ErrBillnumber}
	var invalid []error
	for _, err := range values {
		invalid = append(invalid, &ValidationError{Field: "Amount", Err: err})
	}
	const turnover = "Сумма отмены больше оборота мерчанта за текущий день"
	return map[string][]error{
		"no error":                   {nil},
		"any error that isn't known": {errors.New("anything"), fmt.Errorf("shop: %w", fs.ErrNotExist), errors.Join(&DeclinedError{}, &TransportError{})},
		"`UnknownOutcomeError`":      {&UnknownOutcomeError{}, unknown(&APIError{First: 7, Second: 100}), unknown(rule(ErrDayBalance, remedyTime)), stopped(&UnknownOutcomeError{})},
		"`UnresolvedError`, `ErrUnresolved`": {&UnresolvedError{}, stopped(&UnresolvedError{}), ErrUnresolved, stopped(fmt.Errorf("shop: %w", ErrUnresolved)),
			errors.Join(&UnresolvedError{}, rule(ErrDayBalance, remedyTime))},
		"`DecisionError`": {&DecisionError{}, stopped(&DecisionError{})},
		"`FollowError`":   {follow(nil), follow(context.DeadlineExceeded), follow(&APIError{First: 7, Second: 100}), follow(&ValidationError{Field: "From"})},
		"`OrderNotFoundError`, `ErrOrderNotFound`": {follow(&OrderNotFoundError{}), &OrderNotFoundError{}, ErrOrderNotFound,
			follow(&OrderNotFoundError{Err: &APIError{First: 10, Second: 201}})},
		"`HTTPError`":                    {&HTTPError{Status: 503}, follow(&HTTPError{Status: 429, RetryAfter: time.Minute}), unknown(&HTTPError{Status: 401})},
		"`ErrUnreadable`, `ErrTooLarge`": append(answers(ErrUnreadable), answers(ErrTooLarge)...),
		"`ErrOtherAnswer`":               answers(ErrOtherAnswer),
		"`ErrContradiction`":             answers(ErrContradiction),
		"`SignatureError`":               append(answers(&SignatureError{}), &SignatureError{}),
		"`WaitTimeoutError` with what is known of the cancel": {&WaitTimeoutError{Last: &Cancellation{}},
			&WaitTimeoutError{Last: &Cancellation{}, Err: follow(context.Canceled)}, fmt.Errorf("shop: %w", &WaitTimeoutError{Last: &Cancellation{}, Err: unknown(nil)})},
		"`WaitTimeoutError` without": {&WaitTimeoutError{}, &WaitTimeoutError{Err: context.Canceled}},
		"`NotSentError`":             {&NotSentError{}, stopped(context.Canceled), stopped(errors.New("the store is away")), stopped(follow(context.DeadlineExceeded))},
		"`ErrTooLate`":               {stopped(ErrTooLate)},
		"`TransportError`":           {&TransportError{}, &TransportError{Err: errors.New("connection refused")}},
		"`TransportError`: the client's certificate was refused, or the server speaks HTTP/2 alone": {
			&TransportError{Err: fmt.Errorf("%w: alert 42", sendonce.ErrCertificateRefused)}, &TransportError{Err: sendonce.ErrHTTP2Alone}},
		"`ValidationError`":                    {&ValidationError{}, &ValidationError{Field: "Amount"}, stopped(&ValidationError{Field: "CredentialsOfNobody"})},
		"`ValidationError` of the credentials": {&ValidationError{Field: "Credentials"}, &ValidationError{Field: "Credentials.MerchantID"}, stopped(&ValidationError{Field: "Credentials.Login"})},
		"`ErrMoney`, `ErrCurrencyMismatch`, `ErrBillnumber` in a `ValidationError`":        invalid,
		"`ErrMoney`, `ErrCurrencyMismatch`, `ErrBillnumber` alone: not about a cancel":     values,
		"`ErrToken`: the cancel behind a damaged text is unknown":                          {ErrToken, fmt.Errorf("%w: damaged", ErrToken)},
		"`WalletRuleError`, `ErrExceedsPayment`":                                           {rule(ErrExceedsPayment, time.Time{}), rule(ErrExceedsPayment, remedyTime), &WalletRuleError{}},
		"`ErrCancelInDoubt`: a person decides about the earlier cancel":                    {rule(ErrCancelInDoubt, time.Time{}), rule(ErrCancelInDoubt, remedyTime), stopped(rule(ErrCancelInDoubt, time.Time{}))},
		"`ErrPartialSameDay`, `ErrQIWISameDay`":                                            {rule(ErrPartialSameDay, remedyTime), rule(ErrQIWISameDay, remedyTime), rule(ErrQIWISameDay, time.Time{}), stopped(rule(ErrPartialSameDay, remedyTime))},
		"`ErrDayBalance` of the library, or of Assist: 5/108 with the wallet or the words": {rule(ErrDayBalance, remedyTime), rule(ErrDayBalance, time.Time{}), stopped(rule(ErrDayBalance, remedyTime)), &APIError{First: 5, Second: 108, Wallet: QIWI, At: remedyTime}, &APIError{First: 5, Second: 108, Message: turnover}},
		"`ErrNoRate`":         {rule(ErrNoRate, time.Time{}), rule(ErrNoRate, remedyTime), stopped(rule(ErrNoRate, time.Time{}))},
		"`DeclinedError`":     {&DeclinedError{}, &DeclinedError{ResponseCode: ResponseAssistLimit}, fmt.Errorf("shop: %w", &DeclinedError{})},
		"`ErrAuthentication`": {&APIError{First: 7, Second: 100}, &APIError{First: 7}},
	}
}

// asLook is the error of a cancel whose look failed so.
func asLook(err error) error {
	if !errors.As(err, new(*FollowError)) {
		err = &FollowError{Service: "orderresult", Err: err}
	}
	return &NotSentError{Step: "looking at the order", Err: err}
}

func isRowOfCodes(cell string) bool {
	return regexp.MustCompile("^`APIError`: [0-9,x]+/[0-9,x]+$").MatchString(cell)
}

func TestOutcomesPageKnowsTheRemedies(t *testing.T) {
	t.Parallel()
	samples := remedySamples()
	for _, row := range pageTable(t, "9", "error or codes") {
		require.Len(t, row, 3)
		if isRowOfCodes(row[0]) {
			continue
		}
		require.NotEmpty(t, samples[row[0]], row[0])
		for _, err := range samples[row[0]] {
			assert.Equal(t, row[1], RemedyOf(err).String(), "%s: %v", row[0], err)
			if err != nil {
				assert.Equal(t, row[1], RemedyOf(fmt.Errorf("shop: %w", err)).String(), "%s, wrapped: %v", row[0], err)
			}
		}
		delete(samples, row[0])
	}
	assert.Empty(t, samples, "rows that the page lacks")
}

// The third column: the samples that can be the error of a question.
func TestOutcomesPageKnowsTheRemediesOfALook(t *testing.T) {
	t.Parallel()
	samples := remedySamples()
	for _, row := range pageTable(t, "9", "error or codes") {
		if row[2] == "" || isRowOfCodes(row[0]) {
			continue
		}
		for _, err := range samples[row[0]] {
			if errors.As(err, new(*UnknownOutcomeError)) {
				continue // an answer to a cancel, not to a question
			}
			if row[0] == "`FollowError`" && (errors.As(err, new(*APIError)) || errors.As(err, new(*ValidationError))) {
				continue // these have rows of their own
			}
			assert.Equal(t, row[2], RemedyOf(asLook(err)).String(), "%s: %v", row[0], err)
		}
	}
}

// codeSet reads "3,4,5" or "x".
func codeSet(t *testing.T, text string) func(int) bool {
	t.Helper()
	if text == "x" {
		return func(int) bool { return true }
	}
	var codes []int
	for _, code := range strings.Split(text, ",") {
		n, err := strconv.Atoi(code)
		require.NoError(t, err)
		codes = append(codes, n)
	}
	return func(n int) bool { return slices.Contains(codes, n) }
}

func TestOutcomesPageKnowsTheRemediesOfTheCodes(t *testing.T) {
	t.Parallel()
	type group struct {
		first, second func(int) bool
		cancel, look  string
	}
	var groups []group
	for _, row := range pageTable(t, "9", "error or codes") {
		if codes, ok := strings.CutPrefix(row[0], "`APIError`: "); ok && isRowOfCodes(row[0]) {
			first, second, _ := strings.Cut(codes, "/")
			groups = append(groups, group{codeSet(t, first), codeSet(t, second), row[1], row[2]})
		}
	}
	require.NotEmpty(t, groups)
	for first := range 100 {
		for second := range 1000 {
			i := slices.IndexFunc(groups, func(g group) bool { return g.first(first) && g.second(second) })
			require.GreaterOrEqual(t, i, 0)
			api := &APIError{First: first, Second: second}
			want := groups[i].cancel
			if api.Outcome() == Unknown {
				want = "resolve first"
			}
			require.Equal(t, want, RemedyOf(api).String(), "%d/%d", first, second)
			require.Equal(t, groups[i].look, RemedyOf(asLook(api)).String(), "%d/%d of a look", first, second)
		}
	}
	assert.Equal(t, RemedyConnection, RemedyOf(asLook(&APIError{First: 5, Second: 108, Wallet: QIWI, At: remedyTime})), "a look has no amount")
}

// exportedErrors are the names of the package's errors, out of its source.
func exportedErrors(t *testing.T) (names []string) {
	t.Helper()
	files, err := fs.Glob(os.DirFS("."), "*.go")
	require.NoError(t, err)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, decl := range file.Decls {
			general, ok := decl.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range general.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					if spec.Name.IsExported() && strings.HasSuffix(spec.Name.Name, "Error") {
						names = append(names, spec.Name.Name)
					}
				case *ast.ValueSpec:
					for _, id := range spec.Names {
						if general.Tok == token.VAR && strings.HasPrefix(id.Name, "Err") {
							names = append(names, id.Name)
						}
					}
				}
			}
		}
	}
	return names
}

func TestOutcomesPageHasARemedyForEveryError(t *testing.T) {
	t.Parallel()
	var told []string
	for _, row := range pageTable(t, "9", "error or codes") {
		for _, quoted := range regexp.MustCompile("`([A-Za-z]+)`").FindAllStringSubmatch(row[0], -1) {
			told = append(told, quoted[1])
		}
	}
	names := exportedErrors(t)
	require.Greater(t, len(names), 25)
	slices.Sort(names)
	slices.Sort(told)
	assert.Equal(t, names, slices.Compact(told))
}

// What isn't proved is never called harmless, and no moment is promised for what
// time or money don't heal: of every sample, however it is wrapped.
func TestRemedyAgreesWithOutcomeAndNotBefore(t *testing.T) {
	t.Parallel()
	var all []error
	for _, errs := range remedySamples() {
		all = append(all, errs...)
	}
	moments := 0
	for _, inner := range all {
		for _, err := range []error{inner, fmt.Errorf("shop: %w", inner), asLook(inner), &NotSentError{Err: inner}, &UnknownOutcomeError{Err: inner},
			&WaitTimeoutError{Last: &Cancellation{}, Err: inner}, errors.Join(inner, errors.New("anything")),
			errors.Join(inner, &WalletRuleError{Rule: ErrDayBalance, NotBefore: remedyTime}), errors.Join(&WalletRuleError{NotBefore: remedyTime}, inner)} {
			remedy := RemedyOf(err)
			switch OutcomeOf(err) {
			case Unknown:
				assert.Equal(t, RemedyResolveFirst, remedy, "%v", err)
			case Accepted:
				assert.Equal(t, RemedyWait, remedy, "%v", err)
			default:
				assert.NotEqual(t, RemedyWait, remedy, "%v", err)
			}
			if _, ok := NotBefore(err); ok {
				moments++
				assert.Contains(t, []Remedy{RemedyTime, RemedyMoney}, remedy, "%v", err)
			}
		}
	}
	assert.Greater(t, moments, 10)
}

func TestRemedyOfTheCallersOwnRule(t *testing.T) {
	t.Parallel()
	own := errors.New("the shop's own rule")
	assert.Equal(t, RemedyTime, RemedyOf(&WalletRuleError{Rule: own, NotBefore: remedyTime}))
	assert.Equal(t, RemedyNothing, RemedyOf(&WalletRuleError{Rule: own}))
	assert.Equal(t, RemedyMoney, RemedyOf(&WalletRuleError{Rule: fmt.Errorf("till: %w", ErrDayBalance)}))
	assert.Equal(t, "resolve first", Remedy(99).String())
	assert.Equal(t, RemedyResolveFirst, *new(Remedy))
}

// "Over it: refused with 5 - 108 … it can succeed later that day, once enough new
// payments have come in." (protocol §6)
func TestNotBefore(t *testing.T) {
	t.Parallel()
	at := utc(t, "2013-10-23 13:58:37")
	turnover := &APIError{First: 5, Second: 108, Message: "Сумма отмены больше оборота мерчанта за текущий день", At: at}
	midnight, late := utc(t, "2013-10-23 20:00:00"), utc(t, "2013-10-23 19:00:00")
	tests := []struct {
		name  string
		err   error
		want  time.Time
		known bool
	}{
		{"the server's refusal by its words", turnover, late, true},
		{"the server's refusal of a wallet", &APIError{First: 5, Second: 108, Wallet: QIWI, At: at}, late, true},
		{"wrapped", fmt.Errorf("refund: %w", turnover), late, true},
		{"a rule", &WalletRuleError{Rule: ErrQIWISameDay, NotBefore: midnight}, midnight, true},
		{"a rule, wrapped", &NotSentError{Err: &WalletRuleError{Rule: ErrDayBalance, NotBefore: late}}, late, true},
		{"no rate is a setting", &WalletRuleError{Rule: ErrNoRate}, time.Time{}, false},
		{"a doubt is a person's", &WalletRuleError{Rule: ErrCancelInDoubt, DoubtfulAt: at}, time.Time{}, false},
		{"the server's refusal of a wallet, by the codes once more", &APIError{First: 5, Second: 108, Wallet: QIWI, At: at, Message: "5 - 108"}, late, true},
		{"another message, of a wallet", &APIError{First: 5, Second: 108, Wallet: QIWI, At: at, Message: "Неверное значение параметра AMOUNT"}, time.Time{}, false},
		{"in the final hour", &APIError{First: 5, Second: 108, Wallet: QIWI, At: late.Add(20 * time.Minute)}, late.Add(30 * time.Minute), true},
		{"after the day's last moment", &APIError{First: 5, Second: 108, Wallet: QIWI, At: late.Add(58 * time.Minute)}, late.Add(24 * time.Hour), true},
		{"5/108 of a card is a wrong amount", &APIError{First: 5, Second: 108, At: at}, time.Time{}, false},
		{"another refusal", &APIError{First: 15, Second: 308, Wallet: QIWI, At: at}, time.Time{}, false},
		{"no time of the answer", &APIError{First: 5, Second: 108, Wallet: QIWI}, time.Time{}, false},
		{"time doesn't heal it", &WalletRuleError{Rule: ErrExceedsPayment}, time.Time{}, false},
		{"it may have been performed", &UnknownOutcomeError{Err: turnover}, time.Time{}, false},
		{"a question", &FollowError{Err: turnover}, time.Time{}, false},
		{"anything", errors.New("anything"), time.Time{}, false},
		{"no error", nil, time.Time{}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, known := NotBefore(test.err)
			assert.Equal(t, test.known, known)
			assert.Equal(t, test.want, got)
		})
	}
}

// Money heals a day balance: at midnight there is none. Whatever the instant of
// the refusal, on days of 23, 24 and 25 hours.
func TestNotBeforeOfADayBalanceIsNeverAMidnight(t *testing.T) {
	t.Parallel()
	for _, start := range []string{"2011-03-26 20:00:00", "2013-10-23 13:58:37", "2014-10-25 19:00:00", "2026-07-01 00:00:01"} {
		for n := range 300 {
			at := utc(t, start).Add(time.Duration(n) * 7 * time.Minute)
			balance := rub(t, "0.99")
			for _, err := range []error{
				&APIError{First: 5, Second: 108, Message: "The amount of cancellation is more than merchant turnover for the current day", At: at},
				CheckWallet(facts(t, QIWI, func(f *WalletFacts) { f.PaidAt, f.Now, f.Balance = at.Add(-72*time.Hour), at, &balance })),
			} {
				before, heals := NotBefore(err)
				assert.True(t, heals)
				assert.True(t, before.After(at), "never in the past")
				assert.LessOrEqual(t, moscow.DayOf(before).End().Sub(before), time.Hour, "%s: %s", at, before)
				if left := moscow.DayOf(at).End().Sub(at); left > 5*time.Minute {
					assert.Equal(t, moscow.DayOf(at), moscow.DayOf(before), "%s: %s", at, before)
				}
			}
		}
	}
}

func TestNextBalanceTry(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ first, last, want string }{
		"just refused":                  {"2026-07-01 06:00:00", "2026-07-01 06:00:00", "2026-07-01 06:10:00"},
		"twice":                         {"2026-07-01 06:00:00", "2026-07-01 06:10:00", "2026-07-01 06:20:00"},
		"the pauses grow":               {"2026-07-01 06:00:00", "2026-07-01 06:40:00", "2026-07-01 07:20:00"},
		"to two hours":                  {"2026-07-01 06:00:00", "2026-07-01 10:00:00", "2026-07-01 12:00:00"},
		"not past the final hour":       {"2026-07-01 06:00:00", "2026-07-01 19:00:00", "2026-07-01 20:00:00"},
		"near it":                       {"2026-07-01 06:00:00", "2026-07-01 19:55:00", "2026-07-01 20:00:00"},
		"in it":                         {"2026-07-01 06:00:00", "2026-07-01 20:00:00", "2026-07-01 20:10:00"},
		"the day's last":                {"2026-07-01 06:00:00", "2026-07-01 20:50:00", "2026-07-01 20:55:00"},
		"after that":                    {"2026-07-01 06:00:00", "2026-07-01 20:55:00", "2026-07-01 22:00:00"},
		"the second day":                {"2026-07-01 06:00:00", "2026-07-01 22:00:00", "2026-07-01 23:00:00"},
		"later on it":                   {"2026-07-01 06:00:00", "2026-07-01 23:00:00", "2026-07-02 01:00:00"},
		"refused in the day's first":    {"2026-06-30 21:00:30", "2026-06-30 21:00:30", "2026-06-30 22:00:00"},
		"a first that lies behind last": {"2026-07-01 08:00:00", "2026-07-01 06:00:00", "2026-07-01 06:10:00"},
	} {
		assert.Equal(t, utc(t, test.want), NextBalanceTry(utc(t, test.first), utc(t, test.last)), name)
	}
}

// A wait of a month tries every day some times, in its final hour too, and never
// in its first.
func TestNextBalanceTryThroughDays(t *testing.T) {
	t.Parallel()
	for _, start := range []string{"2011-03-20 09:13:00", "2014-10-20 09:13:00", "2026-07-01 20:59:59", "2026-07-01 21:00:00"} {
		first := utc(t, start)
		tries, final := map[moscow.Day]int{}, map[moscow.Day]int{}
		last := first
		for last.Before(first.Add(30 * 24 * time.Hour)) {
			next := NextBalanceTry(first, last)
			assert.GreaterOrEqual(t, next.Sub(last), 5*time.Minute)
			assert.LessOrEqual(t, next.Sub(last), 2*time.Hour+5*time.Minute)
			day := moscow.DayOf(next)
			assert.GreaterOrEqual(t, next.Sub(day.Start()), time.Hour)
			tries[day]++
			if day.End().Sub(next) <= time.Hour {
				final[day]++
			}
			last = next
		}
		for day := moscow.DayOf(first) + 1; day < moscow.DayOf(last); day++ {
			assert.InDelta(t, 19, tries[day], 2)
			assert.Equal(t, 7, final[day])
		}
	}
}
