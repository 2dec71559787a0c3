package refunds

import (
	"errors"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/refunds/internal/storage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What keeps a cancel from being sent ends a refund only where nothing heals it.
func TestNotBegunByRemedy(t *testing.T) {
	t.Parallel()
	look := func(err error) error {
		return &assist.NotSentError{Step: "looking at the order", Err: &assist.FollowError{Service: "orderresult", Err: err}}
	}
	later := time.Now().Add(5 * time.Hour)
	for _, tt := range []struct {
		name   string
		err    error
		state  State
		waits  Waits
		person bool
		paused bool
	}{
		{"more than is left", &assist.WalletRuleError{Rule: assist.ErrExceedsPayment}, Refused, 0, false, false},
		{"an earlier cancel in doubt", &assist.WalletRuleError{Rule: assist.ErrCancelInDoubt}, Pending, ForPerson, true, false},
		{"no rate", &assist.WalletRuleError{Rule: assist.ErrNoRate}, Pending, ForSettings, false, true},
		{"a ban", &assist.WalletRuleError{Rule: assist.ErrQIWISameDay, NotBefore: later}, Pending, ForTime, false, false},
		{"the day balance", &assist.WalletRuleError{Rule: assist.ErrDayBalance, NotBefore: later}, Pending, ForMoney, false, false},
		{"too late", &assist.NotSentError{Err: assist.ErrTooLate}, Pending, ForConnection, false, false},
		{"a store that is away", errors.New("store: away"), Pending, ForConnection, false, false},
		{"a value that can't be sent", &assist.ValidationError{Field: "Amount"}, Refused, 0, false, false},
		{"an id that the protocol can't carry", &assist.ValidationError{Field: "ExternalRefundID"}, Pending, ForSettings, false, true},
		{"no credentials", &assist.NotSentError{Err: &assist.ValidationError{Field: "Credentials.Login"}}, Pending, ForSettings, false, true},
		{"a look without credentials", look(&assist.APIError{First: 7, Second: 141}), Pending, ForSettings, false, true},
		{"a look without access", look(&assist.APIError{First: 19}), Pending, ForSettings, false, true},
		{"a look that came too soon", look(&assist.APIError{First: 17, Second: 3}), Pending, ForConnection, false, false},
		{"a look that broke", look(assist.ErrUnreadable), Pending, ForConnection, false, false},
		{"a look that couldn't be asked", look(&assist.ValidationError{Field: "From"}), Pending, ForConnection, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b, v := looked(t)
			server := assisttest.NewServer(t, assisttest.InMemory())
			c, err := NewCarrier(b, map[string]*assist.Client{server.Credentials().MerchantID: server.Client()})
			require.NoError(t, err)
			require.NoError(t, c.notBegun(t.Context(), v, tt.err))
			r, err := b.row(t.Context(), v.r.ID)
			require.NoError(t, err)
			assert.Equal(t, tt.state, State(r.State))
			assert.Equal(t, tt.person, r.Person != 0)
			if tt.state == Pending {
				assert.Equal(t, tt.waits, Waits(r.Waits))
				assert.True(t, instant(r.NextAt).After(time.Now()))
			}
			m := &storage.Merchant{Merchant: "1"}
			require.NoError(t, b.store.View(t.Context(), func(tx storage.Tx) error { _, err := tx.Get(t.Context(), m, storage.NoLock); return err }))
			assert.Equal(t, tt.paused, m.Paused != 0, "paused")
		})
	}
}

// A question is never more than a reason to ask again, unless somebody has to
// mend the settings; and a doubt stays one, whatever question met it.
func TestRemedyOfQuestion(t *testing.T) {
	t.Parallel()
	follow := func(err error) error { return &assist.FollowError{Service: "orderresult", Err: err} }
	assert.Equal(t, assist.RemedyConnection, remedyOf(follow(assist.ErrOrderNotFound)))
	assert.Equal(t, assist.RemedySettings, remedyOf(follow(&assist.APIError{First: 7, Second: 1})))
	assert.Equal(t, assist.RemedyResolveFirst, remedyOf(&assist.UnknownOutcomeError{Err: follow(nil)}))
	assert.Equal(t, assist.RemedyResolveFirst, remedyOf(&assist.NotSentError{Err: errors.Join(follow(nil), &assist.UnresolvedError{})}))
	assert.Equal(t, assist.RemedyResolveFirst, remedyOf(&assist.UnknownOutcomeError{Err: &assist.ValidationError{Field: "ExternalRefundID"}}))
}
