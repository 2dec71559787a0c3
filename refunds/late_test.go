package refunds

import (
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds/internal/storage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Money has moved by a cancel that a person had closed, while the next one was on its
// way: however that ends, the refund is done, and nothing more of it is sent.
func TestEndsOfARefundThatHasMoved(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		end  ending
		want State
	}{
		"not sent":           {ending{outcome: assist.NotSent, state: Pending}, Done},
		"refused for now":    {ending{outcome: assist.Rejected, state: Pending, renew: true, person: "a person"}, Done},
		"refused for good":   {ending{outcome: assist.Rejected, state: Refused, renew: true}, Done},
		"in process":         {ending{outcome: assist.Accepted, state: InProcess, cancellation: "token"}, InProcess},
		"it moves, a second": {ending{outcome: assist.Accepted, state: Done}, Done},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, v := looked(t)
			ctx := t.Context()
			passed := &storage.Attempt{IntentID: "first", Refund: v.r.ID, Merchant: "1", Payment: v.r.Payment, Number: 7, Minor: v.r.Minor, Currency: v.r.Currency,
				Told: 1, Ended: 1, ClosedBy: "anna", Outcome: int64(assist.Accepted), WatchUntil: micros(time.Now())}
			require.NoError(t, b.store.Update(ctx, func(tx storage.Tx) error { return tx.Add(ctx, passed) }))
			require.NoError(t, b.begin(ctx, v, assist.Intent{ID: "second"}, sender{client: "me"}, nil, ""))
			require.NoError(t, b.finish(ctx, "second", tt.end))
			rec, err := b.Get(ctx, ID(v.r.ID))
			require.NoError(t, err)
			assert.Equal(t, tt.want, rec.State)
			assert.True(t, rec.MovedLate)
			assert.True(t, rec.NeedsPerson.IsZero())
			pay, err := b.Payment(ctx, "1", rec.Request.Billnumber)
			require.NoError(t, err)
			want := v.r.Minor
			if tt.end.state == Done {
				want *= 2
			}
			assert.Equal(t, want, pay.Moved.Minor(), "by each cancel that was performed")
		})
	}
}
