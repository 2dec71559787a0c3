package assist

import (
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseBillnumber(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text      string
		payment   Billnumber
		operation int
	}{
		{"5700027202722028", "5700027202722028", 0},
		{"5700027202722028.3", "5700027202722028", 3},
		{"570002720272202", "570002720272202", 0},
		{"570002720272202.12", "570002720272202", 12},
	} {
		b, err := ParseBillnumber(test.text)
		require.NoError(t, err, test.text)
		assert.Equal(t, Billnumber(test.text), b)
		assert.Equal(t, test.payment, b.Payment())
		assert.Equal(t, test.operation, b.Operation())
	}
}

func TestParseBillnumberRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "1", "57000272027220", "57000272027220281", "5700027202722028.", "5700027202722028.0", "5700027202722028.03",
		"5700027202722028.x", "5700027202722028.1.2", "5700027202722028.-1", " 5700027202722028", "5700027202722028 ",
		"570002720272202٨", "5700027202722028.1234567", "-700027202722028",
	} {
		b, err := ParseBillnumber(text)
		require.ErrorIs(t, err, ErrBillnumber, text)
		assert.Empty(t, b)
	}
}

func TestBillnumberOfAnyText(t *testing.T) {
	t.Parallel()
	assert.Equal(t, 0, Billnumber("x.y").Operation())
	assert.Equal(t, 0, Billnumber("1.99999999999999999999").Operation())
	assert.Equal(t, Billnumber(""), Billnumber("").Payment())
}

func TestBillnumberOfADatabase(t *testing.T) {
	t.Parallel()
	for _, b := range []Billnumber{"", "5700027202722028", "570002720272202", "5700027202722028.3", "5700027202722028.10"} {
		stored, err := driver.DefaultParameterConverter.ConvertValue(b)
		require.NoError(t, err)
		assert.Equal(t, b == "", stored == nil)
		back := sql.Null[Billnumber]{V: "5700027202722029"}
		require.NoError(t, back.Scan(stored))
		assert.Equal(t, b, back.V)
		text, err := json.Marshal(b)
		require.NoError(t, err)
		assert.Equal(t, `"`+string(b)+`"`, string(text))
		read := Billnumber("5700027202722029")
		require.NoError(t, json.Unmarshal(text, &read))
		assert.Equal(t, b, read)
	}
	for _, wrong := range []any{int64(5700027202722028), 5700027202722028.1, "5700027202722028.", " 5700027202722028", []byte("x")} {
		kept := Billnumber("5700027202722029")
		require.ErrorIs(t, kept.Scan(wrong), ErrBillnumber, "%v", wrong)
		assert.Equal(t, Billnumber("5700027202722029"), kept)
	}
	for _, wrong := range []string{`"1"`, `5700027202722028`, `5700027202722028.10`, `{}`} {
		require.Error(t, json.Unmarshal([]byte(wrong), new(Billnumber)), wrong)
	}
}

func FuzzParseBillnumber(f *testing.F) {
	f.Add("5700027202722028.3")
	f.Add("5700027202722028")
	f.Fuzz(func(t *testing.T, text string) {
		b, err := ParseBillnumber(text)
		if err != nil {
			return
		}
		if _, err := ParseBillnumber(string(b.Payment())); err != nil || b.Payment().Operation() != 0 {
			t.Fatalf("%q has payment %q", b, b.Payment())
		}
	})
}
