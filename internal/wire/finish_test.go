package wire

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPutCode(t *testing.T) {
	t.Parallel()
	var a Answer
	for _, name := range []string{"count", "secondcode", "firstcode"} {
		known, err := a.PutCode(name, "the "+name)
		require.True(t, known)
		require.NoError(t, err)
		known, err = a.PutCode(name, "planted")
		require.True(t, known)
		require.ErrorIs(t, err, ErrDuplicate)
		require.Equal(t, name+": given twice", err.Error())
	}
	require.Equal(t, &Codes{First: "the firstcode", Second: "the secondcode"}, a.Codes)
	require.Equal(t, "the count", a.Count)

	var other Answer
	known, err := other.PutCode("billnumber", "1")
	require.False(t, known)
	require.NoError(t, err)
	known, err = other.PutCode("count", "1")
	require.True(t, known)
	require.NoError(t, err)
	require.Nil(t, other.Codes, "a count is no code")
}

func TestFinishGivesThePacketToItsOrder(t *testing.T) {
	t.Parallel()
	a := Answer{Orders: make([]Order, 1)}
	require.NoError(t, a.PutBeside(PacketDate, "p"))
	require.NoError(t, a.PutBeside(CheckValue, ""))
	require.ErrorIs(t, a.PutBeside(CheckValue, "c"), ErrDuplicate)
	require.NoError(t, a.Finish(OrderState))
	o := &a.Orders[0]
	require.Equal(t, "p", o.Text(PacketDate))
	require.True(t, o.Has(CheckValue))
	require.False(t, o.Has(Signature))

	twice := Answer{Orders: []Order{{Record: record(map[Field]string{Signature: "s"})}}}
	require.NoError(t, twice.PutBeside(Signature, "s"))
	require.ErrorIs(t, twice.Finish(OrderState), ErrDuplicate)

	two := Answer{Orders: make([]Order, 2)}
	require.NoError(t, two.PutBeside(Signature, "s"))
	require.ErrorIs(t, two.Finish(OrderState), ErrMisplaced)

	var none Answer
	require.NoError(t, none.PutBeside(Signature, "s"))
	require.NoError(t, none.Finish(OrderState))
}

func TestFinishMarksFlatOrders(t *testing.T) {
	t.Parallel()
	code := map[Field]string{ResponseCode: "AS000"}
	for name, test := range map[string]struct {
		order   Order
		service Service
		want    bool
	}{
		"a cancel":                         {Order{Record: record(code)}, Cancel, true},
		"a cancel without a response code": {Order{}, Cancel, false},
		"a cancel with operations":         {Order{Record: record(code), Operations: make([]Record, 1)}, Cancel, false},
		"an order result":                  {Order{Record: record(code)}, OrderResult, false},
		"an order state":                   {Order{Record: record(code)}, OrderState, false},
		"a payment":                        {Order{}, ResultByDate, true},
		"marked by the codec":              {Order{Flat: true}, Cancel, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := Answer{Orders: []Order{test.order}}
			require.NoError(t, a.Finish(test.service))
			require.Equal(t, test.want, a.Orders[0].Flat)
		})
	}
}

func TestFinishHoldsTheCount(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		count  string
		codes  *Codes
		orders int
		want   error
	}{
		"none":                     {"", nil, 1, nil},
		"as many":                  {"1", nil, 1, nil},
		"of something else":        {"3", nil, 1, nil},
		"nothing found":            {"0", &Codes{First: "0"}, 0, nil},
		"no number":                {"one", nil, 0, nil},
		"beside a refusal":         {"1", &Codes{First: "10"}, 0, nil},
		"of nothing, padded":       {" 0 ", nil, 1, ErrCount},
		"without orders":           {"1", &Codes{First: "0"}, 0, ErrCount},
		"without orders and codes": {"1", nil, 0, ErrCount},
		"with an empty code":       {"1", &Codes{}, 0, ErrCount},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := Answer{Count: test.count, Codes: test.codes, Orders: make([]Order, test.orders)}
			require.ErrorIs(t, a.Finish(OrderState), test.want)
		})
	}
}
