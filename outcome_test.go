package assist

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOutcomeOf(t *testing.T) {
	t.Parallel()
	rejected := &APIError{First: 5, Second: 108}
	unknown := &UnknownOutcomeError{Err: rejected}
	notSent := &TransportError{Err: errors.New("no route")}
	tests := []struct {
		name string
		err  error
		want Outcome
	}{
		{"nil", nil, Accepted},
		{"a foreign error", errors.New("x"), Unknown},
		{"a context", context.DeadlineExceeded, Unknown},
		{"validation", &ValidationError{}, NotSent},
		{"stopped", &NotSentError{Err: unknown}, NotSent},
		{"transport", notSent, NotSent},
		{"unresolved", &UnresolvedError{}, NotSent},
		{"refused", rejected, Rejected},
		{"declined", &DeclinedError{}, Rejected},
		{"unknown around a refusal", unknown, Unknown},
		{"a question that failed to connect", &FollowError{Err: notSent}, Unknown},
		{"a question that was refused", &FollowError{Err: rejected}, Unknown},
		{"a wait that ended early", &WaitTimeoutError{Last: &Cancellation{}, Err: context.Canceled}, Accepted},
		{"a wait that ended early on a failed question", &WaitTimeoutError{Last: &Cancellation{}, Err: &FollowError{Err: notSent}}, Accepted},
		{"a wait made by hand that knows nothing", &WaitTimeoutError{}, Unknown},
		{"an order that isn't found", &OrderNotFoundError{Err: rejected}, Unknown},
		{"wrapped", fmt.Errorf("refund 7: %w", rejected), Rejected},
		{"wrapped twice", fmt.Errorf("a: %w", fmt.Errorf("b: %w", notSent)), NotSent},
		{"joined with a foreign one", errors.Join(errors.New("x"), rejected), Rejected},
		{"joined, disagreeing", errors.Join(notSent, rejected), Unknown},
		{"joined with an unknown", errors.Join(rejected, unknown), Unknown},
		{"joined, agreeing", fmt.Errorf("%w and %w", rejected, &DeclinedError{}), Rejected},
		{"joined with a wait that ended", errors.Join(context.Canceled, &FollowError{Err: notSent}), Unknown},
		{"nil pointer", (*APIError)(nil), Unknown},
		{"a sentinel alone proves nothing", ErrUnresolved, Unknown},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, OutcomeOf(test.err))
		})
	}
}

func TestOutcomeOfEachCode(t *testing.T) {
	t.Parallel()
	refusing := map[int]bool{3: true, 4: true, 5: true, 6: true, 7: true, 9: true, 10: true, 12: true, 14: true, 15: true,
		17: true, 18: true, 19: true, 20: true, 21: true}
	for first := -1; first <= 30; first++ {
		for _, second := range []int{0, 3, 4, 5, 100, 108, 143, 147, 150, 158, 163, 176, 185, 190, 201, 308, 403} {
			want := Unknown
			if refusing[first] {
				want = Rejected
			}
			assert.Equal(t, want, OutcomeOf(&APIError{First: first, Second: second}), "%d/%d", first, second)
		}
		for _, second := range []int{1, 2, -1, 7, 99, 151, 160, 191, 199, 999, 10000} {
			assert.Equal(t, Unknown, OutcomeOf(&APIError{First: first, Second: second}), "%d/%d", first, second)
		}
	}
}

func TestSentinels(t *testing.T) {
	t.Parallel()
	turnoverRU := "Сумма отмены больше  оборота мерчанта за текущий день"
	turnoverEN := "The amount of cancellation is more than merchant turnover for the current day"
	tests := []struct {
		name   string
		err    error
		target error
		want   bool
	}{
		{"7/102", &APIError{First: 7, Second: 102}, ErrAuthentication, true},
		{"14/200", &APIError{First: 14, Second: 200}, ErrAuthentication, false},
		{"10/201", &APIError{First: 10, Second: 201}, ErrOrderNotFound, true},
		{"10/100", &APIError{First: 10, Second: 100}, ErrOrderNotFound, false},
		{"5/108 on a card", &APIError{First: 5, Second: 108}, ErrDayBalance, false},
		{"5/108 on a wallet", &APIError{First: 5, Second: 108, Wallet: QIWI}, ErrDayBalance, true},
		{"5/108 with the message in Russian", &APIError{First: 5, Second: 108, Message: turnoverRU}, ErrDayBalance, true},
		{"5/108 with the message in English", &APIError{First: 5, Second: 108, Message: turnoverEN}, ErrDayBalance, true},
		{"5/105 on a wallet", &APIError{First: 5, Second: 105, Wallet: QIWI}, ErrDayBalance, false},
		{"the message under other codes", &APIError{First: 8, Second: 108, Message: turnoverEN}, ErrDayBalance, false},
		{"unresolved", &UnresolvedError{}, ErrUnresolved, true},
		{"inside an unknown", &UnknownOutcomeError{Err: ErrUnreadable}, ErrUnreadable, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, errors.Is(test.err, test.target))
		})
	}
}

func TestErrorTexts(t *testing.T) {
	t.Parallel()
	in := Intent{ID: "ABC", Request: CancelRequest{Billnumber: "5700027202722028"}}
	tests := []struct {
		err  error
		want string
	}{
		{&ValidationError{Field: "Amount", Reason: "is required"}, "assist: Amount: is required (nothing was sent)"},
		{&NotSentError{Step: "saving the intent", Billnumber: "5700027202722028", Err: errors.New("disk full")},
			"assist: cancel 5700027202722028: not sent, stopped while saving the intent: disk full"},
		{&TransportError{Billnumber: "5700027202722028", Err: errors.New("connection refused")},
			"assist: cancel 5700027202722028: not sent, no connection: connection refused"},
		{&UnresolvedError{Intent: in},
			"assist: cancel 5700027202722028: not sent, the earlier cancel ABC of this payment has an unknown outcome: resolve it first"},
		{&APIError{First: 5, Second: 108, Billnumber: "5700027202722028", Message: "too much"},
			`assist: cancel 5700027202722028: rejected: 5/108: wrong parameter value (AMOUNT): "too much"`},
		{&APIError{First: 77, Second: 777}, "assist: 77/777: unknown code (unknown code)"},
		{&APIError{First: 8}, "assist: 8/0: authorisation failed"},
		{&DeclinedError{ResponseCode: ResponseNoFunds, Operation: Operation{Billnumber: "5700027202722028.3"}},
			"assist: cancel 5700027202722028.3: declined: AS102: no funds"},
		{&UnknownOutcomeError{Intent: in, Err: errors.New("EOF")},
			"assist: cancel 5700027202722028: outcome unknown, the money may have moved; resolve intent ABC, don't send again: EOF"},
		{&FollowError{Service: "orderresult", Err: errors.New("EOF")},
			"assist: orderresult: the question failed, which says nothing about the money: EOF"},
	}
	for _, test := range tests {
		assert.Equal(t, test.want, test.err.Error())
	}
}

func TestCodeTables(t *testing.T) {
	t.Parallel()
	api := &APIError{First: 10, Second: 201}
	assert.Equal(t, "объект отсутствует (заказ)", api.Meaning(LanguageRU))
	assert.Equal(t, "object missing (order)", api.Meaning(LanguageEN))
	assert.True(t, ResponseDone.Known())
	assert.Equal(t, "выполнено", ResponseDone.Meaning(LanguageRU))
	strange := ResponseCode("AS777")
	assert.False(t, strange.Known())
	assert.Equal(t, "unknown code", strange.Meaning(LanguageEN))
	for code, w := range secondCodes {
		assert.True(t, code == 0 || w[0] != "" && w[1] != "", "second code %d has both texts", code)
	}
	for _, o := range []Outcome{Unknown, NotSent, Rejected, Accepted} {
		assert.NotEmpty(t, o.String())
	}
	assert.Equal(t, []string{"unknown", "not sent", "rejected", "accepted"},
		[]string{Unknown.String(), NotSent.String(), Rejected.String(), Accepted.String()})
}

// pageTable gives the rows of one table of docs/outcomes.md, by the section's
// number and the header's first cell.
func pageTable(t *testing.T, section, header string) [][]string {
	t.Helper()
	text, err := os.ReadFile("docs/outcomes.md")
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(text), "\n## "+section+". ")
	require.True(t, ok, section)
	rest, _, _ = strings.Cut(rest, "\n## ")
	_, rest, ok = strings.Cut(rest, "\n| "+header+" |")
	require.True(t, ok, header)
	var rows [][]string
	for line := range strings.Lines(rest) {
		line = strings.TrimSpace(line)
		if line == "" {
			break
		}
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|--") {
			continue
		}
		var cells []string
		for _, cell := range strings.Split(strings.Trim(line, "|"), "|") {
			cells = append(cells, strings.TrimSpace(cell))
		}
		// The rest of the header's own line comes first.
		if cells[0] != "`Success`" && cells[0] != "meaning" {
			rows = append(rows, cells)
		}
	}
	return rows
}

func TestOutcomesPageKnowsTheResponseCodes(t *testing.T) {
	t.Parallel()
	states := [][]OperationState{
		{OperationSuccess, "Завершено успешно."}, {OperationInProcess, "В процессе"}, {OperationDeclined},
		{OperationTimeout, "Deferred"}, {""},
	}
	for section, judge := range map[string]func(Operation) string{
		"5": func(op Operation) string {
			return map[stage]string{stageUnknown: "Unknown", stageSucceeded: "Succeeded", stageInProcess: "InProcess", stageDeclined: "Rejected"}[stageOf(op)]
		},
		"6": func(op Operation) string {
			return map[stage]string{stageUnknown: "InProcess", stageSucceeded: "Succeeded", stageInProcess: "InProcess", stageDeclined: "Rejected"}[followedStage(op)]
		},
	} {
		var told []ResponseCode
		for _, row := range pageTable(t, section, "response code") {
			require.Len(t, row, 1+len(states))
			codes := []ResponseCode{"", "AS001", "AS111", "AS999", "XX000"}
			if row[0] != "any other code" {
				codes = nil
				for _, code := range strings.Split(row[0], ", ") {
					codes = append(codes, ResponseCode(code))
				}
				told = append(told, codes...)
			}
			for _, code := range codes {
				for i, column := range states {
					for _, state := range column {
						assert.Equal(t, row[1+i], judge(Operation{ResponseCode: code, State: state}), "section %s: %s with %q", section, code, state)
					}
				}
			}
		}
		for code := range responseCodes {
			assert.Contains(t, told, code)
		}
	}
}

func TestOutcomesPageKnowsTheFirstCodes(t *testing.T) {
	t.Parallel()
	told := map[int]string{}
	for _, row := range pageTable(t, "3", "first code") {
		require.Len(t, row, 3)
		if row[0] == "any other" {
			continue
		}
		first, err := strconv.Atoi(row[0])
		require.NoError(t, err)
		assert.Equal(t, firstCodes[first].in(LanguageEN), row[1])
		told[first] = row[2]
	}
	for first := range 100 {
		want, known := told[first]
		assert.Equal(t, known, firstCodes[first] != words{}, first)
		for second := range 1000 {
			_, inTable := secondCodes[second]
			ordinary := inTable && !slices.Contains([]int{1, 2}, second)
			expected := Unknown
			if want == "`Rejected`" && ordinary {
				expected = Rejected
			}
			got := (&APIError{First: first, Second: second}).Outcome()
			require.Equal(t, expected, got, "%d/%d", first, second)
		}
	}
}
