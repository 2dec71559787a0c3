package assist

import (
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"encoding/xml"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func storedIntents(t testing.TB) map[string]Intent {
	in := Intent{
		ID: "PKZ7W2", MerchantID: "515089", Request: webMoneyRequest(t), Before: []Billnumber{"5700027202722028.1"},
		SentAt: time.Date(2026, 1, 2, 3, 4, 5, 678, time.UTC), LookedAt: time.Date(2026, 1, 2, 3, 4, 4, 0, time.UTC),
	}
	full := in
	full.Full, full.Request.Amount, full.Before = true, Money{}, nil
	none := in
	none.Before = []Billnumber{}
	known := in
	known.Request.Order = &Order{Billnumber: "5700027202722028", Number: in.Request.OrderNumber, Operations: []Operation{{Billnumber: "5700027202722028.2"}}}
	return map[string]Intent{"part": in, "full": full, "without operations before": none, "with an order": known, "zero": {}}
}

func TestIntentAsAValue(t *testing.T) {
	t.Parallel()
	for name, in := range storedIntents(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			type document struct {
				Intent Intent
			}
			text, err := json.Marshal(document{in})
			require.NoError(t, err)
			if name == "zero" {
				assert.JSONEq(t, `{"Intent":""}`, string(text))
			} else {
				assert.JSONEq(t, `{"Intent":"`+in.Token()+`"}`, string(text))
			}
			var back document
			require.NoError(t, json.Unmarshal(text, &back))
			assert.Equal(t, in, back.Intent)
			assert.True(t, in.Equal(back.Intent))

			text, err = xml.Marshal(document{in})
			require.NoError(t, err)
			back = document{}
			require.NoError(t, xml.Unmarshal(text, &back))
			assert.Equal(t, in, back.Intent)

			stored, err := driver.DefaultParameterConverter.ConvertValue(in)
			require.NoError(t, err)
			assert.Equal(t, name == "zero", stored == nil, "no intent is NULL, and nothing else is")
			column := sql.Null[Intent]{V: Intent{ID: "another"}}
			require.NoError(t, column.Scan(stored))
			assert.Equal(t, in, column.V)
			if token, ok := stored.(string); ok {
				require.NoError(t, column.Scan([]byte(token)))
				assert.Equal(t, in, column.V)
			}
		})
	}
}

// The JSON of an intent was an object of its fields once, and somebody may have
// stored that.
func TestIntentOfOldJSON(t *testing.T) {
	t.Parallel()
	const stored = `{"ID":"PKZ7W2","MerchantID":"515089","Request":{"Billnumber":"5700027202722028","OrderNumber":"2013.10.23-700027-5",` +
		`"OrderDate":"2013-10-23T12:59:44Z","Amount":"0.10 RUB","Reason":0,"ClientIP":"","ExternalRefundID":"","ChequeItems":null,"Order":null},` +
		`"Full":false,"SentAt":"2026-01-02T03:04:05.000000678Z","Before":["5700027202722028.1"],"LookedAt":"2026-01-02T03:04:04Z"}`
	var in Intent
	require.NoError(t, json.Unmarshal([]byte(stored), &in))
	assert.Equal(t, storedIntents(t)["part"], in)
}

func TestIntentThatCantBeRead(t *testing.T) {
	t.Parallel()
	kept := storedIntents(t)["part"]
	token := kept.Token()
	for _, wrong := range []string{`"x"`, `17`, `[]`, `{}`, `{"ID":7}`, `"` + token[:len(token)-4] + `"`, `"assist-cancel-1.` + token[16:] + `"`} {
		in := kept
		require.ErrorIs(t, json.Unmarshal([]byte(wrong), &in), ErrToken, wrong)
		assert.Equal(t, kept, in, "what can't be read changes nothing")
	}
	for _, wrong := range []any{int64(1), 1.5, true, "x", []byte(token[:40]), time.Time{}} {
		in := kept
		require.ErrorIs(t, in.Scan(wrong), ErrToken, "%v", wrong)
		assert.Equal(t, kept, in)
	}
	require.NoError(t, json.Unmarshal([]byte("null"), &kept), "null leaves a value as it is, as json does everywhere")
	assert.False(t, kept.Equal(Intent{}))
}
