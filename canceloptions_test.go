package assist

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/assist-go/assist/internal/hostile"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCancelOptionsOf(t *testing.T) {
	t.Parallel()
	assert.Zero(t, CancelOptionsOf())
	assert.Zero(t, CancelOptionsOf(nil))
	full := errors.New("disk full")
	in := storedIntents(t)["part"]
	by := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	got := CancelOptionsOf(LookFirst(), nil, SendBy(by), CheckOrder(func(*Order) error { return full }), DespiteUnknown(in), SaveIntent(func(context.Context, Intent) error { return full }), DespiteUnknown(Intent{}))
	assert.True(t, got.LookFirst)
	assert.Equal(t, by, got.SendBy)
	assert.Equal(t, full, got.CheckOrder(&Order{}))
	assert.Equal(t, []Intent{in, {}}, got.DespiteUnknown)
	assert.Equal(t, full, got.SaveIntent(t.Context(), in))
	assert.Equal(t, reflect.TypeFor[cancelOptions]().NumField(), reflect.TypeFor[CancelOptions]().NumField(),
		"whatever an option can set can be looked at")
}

func TestNilCancelOption(t *testing.T) {
	t.Parallel()
	d := &scripted{cancel: soapAnswer(cancelled())}
	_, err := d.client(t).Cancel(t.Context(), webMoneyRequest(t), nil)
	var wrong *ValidationError
	require.True(t, errors.As(err, &wrong), "%v", err)
	assert.Equal(t, "CancelOption", wrong.Field)
	assert.Empty(t, d.sends)
}

func TestUnresolvedUntilDespiteUnknown(t *testing.T) {
	t.Parallel()
	d := &scripted{}
	client := d.client(t)
	first := try(t.Context(), t, client)
	first.isUnknown(t)
	earlier := first.saved[0]
	d.cancel = soapAnswer(cancelled())

	other := earlier
	other.ID = "another"
	_, err := client.Cancel(t.Context(), webMoneyRequest(t), DespiteUnknown(other))
	assert.ErrorIs(t, err, ErrUnresolved, "another intent of the payment")
	assert.Equal(t, NotSent, OutcomeOf(err))
	elsewhere := earlier
	elsewhere.Request.Billnumber = "5700027202722029"
	for name, in := range map[string]Intent{"an intent of another payment": elsewhere, "no intent": {}} {
		_, err := client.Cancel(t.Context(), webMoneyRequest(t), DespiteUnknown(in))
		var wrong *ValidationError
		require.ErrorAs(t, err, &wrong, name)
		assert.Equal(t, "DespiteUnknown", wrong.Field)
	}
	extended := webMoneyRequest(t)
	extended.Billnumber += ".1"
	_, err = client.Cancel(t.Context(), extended)
	assert.ErrorIs(t, err, ErrUnresolved, "the same payment by its extended billnumber")
	full := webMoneyRequest(t)
	full.Amount = Money{}
	_, err = client.CancelFull(t.Context(), full)
	assert.ErrorIs(t, err, ErrUnresolved, "all of the same payment")
	require.Len(t, d.sends, 1)
	elsewhereRequest := webMoneyRequest(t)
	elsewhereRequest.Billnumber = "5700027202722029"
	d.cancel = hostile.AnswerTo("<billnumber>5700027202722029")
	_, err = client.Cancel(t.Context(), elsewhereRequest)
	require.NoError(t, err, "another payment is open")
	require.Len(t, d.sends, 2)

	d.cancel = soapAnswer(cancelled())
	second := try(t.Context(), t, client, DespiteUnknown(earlier))
	second.isAccepted(t)
	require.Len(t, d.sends, 3)
	d.cancel = soapAnswer(numbered(".4"))
	try(t.Context(), t, client).isAccepted(t)
}

// An intent says which payment it is about: it can't open another.
func TestDespiteUnknownOfAnotherPaymentOpensNothing(t *testing.T) {
	t.Parallel()
	d := &scripted{}
	client := d.client(t)
	first := try(t.Context(), t, client)
	first.isUnknown(t)
	d.cancel = hostile.AnswerTo("<billnumber>5700027202722029")
	_, err := client.Cancel(t.Context(), requestFor(t, "5700027202722029"), DespiteUnknown(first.saved[0]))
	assert.Equal(t, NotSent, OutcomeOf(err))
	_, err = client.Cancel(t.Context(), webMoneyRequest(t))
	assert.ErrorIs(t, err, ErrUnresolved, "the first payment stays closed")
	assert.Len(t, d.sends, 1)
}

// Each Unknown needs its own decision.
func TestDespiteUnknownPassesOverOne(t *testing.T) {
	t.Parallel()
	d := &scripted{}
	client := d.client(t)
	first := try(t.Context(), t, client)
	first.isUnknown(t)
	second := try(t.Context(), t, client, DespiteUnknown(first.saved[0]))
	second.isUnknown(t)
	require.Len(t, d.sends, 2)
	_, err := client.Cancel(t.Context(), webMoneyRequest(t), DespiteUnknown(first.saved[0]))
	assert.ErrorIs(t, err, ErrUnresolved)
	require.Len(t, d.sends, 2)

	// A later refusal says nothing about an Unknown.
	d.cancel = codesFault(5, 108)
	_, err = client.Cancel(t.Context(), webMoneyRequest(t))
	assert.ErrorIs(t, err, ErrUnresolved)
	require.Len(t, d.sends, 2)
}

// What stops a cancel before its send leaves the earlier one unresolved.
func TestDespiteUnknownThatIsNotSentKeepsTheEarlier(t *testing.T) {
	t.Parallel()
	for name, opt := range map[string]CancelOption{
		"not saved":       SaveIntent(func(context.Context, Intent) error { return errPlanned }),
		"order not found": LookFirst(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &scripted{order: codesFault(10, 201)}
			client := d.client(t)
			first := try(t.Context(), t, client)
			first.isUnknown(t)
			_, err := client.Cancel(t.Context(), webMoneyRequest(t), DespiteUnknown(first.saved[0]), opt)
			require.Equal(t, NotSent, OutcomeOf(err), "%v", err)
			_, err = client.Cancel(t.Context(), webMoneyRequest(t))
			assert.ErrorIs(t, err, ErrUnresolved)
			assert.Len(t, d.sends, 1)
		})
	}
}
