package wire

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryFieldHasAName(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for f := range fieldCount {
		name := f.String()
		require.NotEmpty(t, name)
		require.False(t, seen[name], name)
		seen[name] = true
		found, ok := FieldOf(name)
		require.True(t, ok)
		require.Equal(t, f, found)
	}
	require.LessOrEqual(t, int(fieldCount), 64, "a record counts them in 64 bits")
	require.Equal(t, "unknown field", fieldCount.String())
}

func TestFieldOf(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]Field{
		"billnumber": Billnumber, "orderstate": OrderStateText, "meantype_id": MeanTypeID, "slipno": SlipNumber,
		"protocoltypename": ProtocolTypeName, "protocolname": ProtocolName, "checkvalue": CheckValue,
	} {
		got, ok := FieldOf(name)
		require.True(t, ok, name)
		require.Equal(t, want, got, name)
	}
	for _, name := range []string{"", "Billnumber", " billnumber", "order", "count", "firstcode"} {
		_, ok := FieldOf(name)
		require.False(t, ok, name)
	}
}

func TestPacket(t *testing.T) {
	t.Parallel()
	for f := range fieldCount {
		require.Equal(t, f == PacketDate || f == Signature || f == CheckValue, f.Packet(), f.String())
	}
}

func TestRecord(t *testing.T) {
	t.Parallel()
	var r Record
	require.False(t, r.Has(Amount))
	require.Empty(t, r.Text(Amount))
	require.NoError(t, r.Put(Amount, ""))
	require.True(t, r.Has(Amount), "empty isn't absent")
	require.False(t, r.Has(Currency))
	require.NoError(t, r.Put(CheckValue, " as sent "))
	require.Equal(t, " as sent ", r.Text(CheckValue))

	err := r.Put(Amount, "planted")
	require.ErrorIs(t, err, ErrDuplicate)
	var field *FieldError
	require.ErrorAs(t, err, &field)
	require.Equal(t, Amount, field.Field)
	require.Equal(t, "amount: given twice", err.Error())
	require.Empty(t, r.Text(Amount), "the first text stays")
}

func TestServiceString(t *testing.T) {
	t.Parallel()
	for s, want := range map[Service]string{
		Cancel: "wscancel", OrderResult: "orderresult", OrderState: "orderstate", ResultByDate: "resultbydate", 0: "unknown service", 9: "unknown service",
	} {
		require.Equal(t, want, s.String())
	}
}

func record(fields map[Field]string) Record {
	var r Record
	for f, text := range fields {
		_ = r.Put(f, text)
	}
	return r
}

// without gives a copy of fields that lacks one.
func without(fields map[Field]string, f Field) map[Field]string {
	left := map[Field]string{}
	for g, text := range fields {
		if g != f {
			left[g] = text
		}
	}
	return left
}

func TestComplete(t *testing.T) {
	t.Parallel()
	order := map[Field]string{Billnumber: "1", OrderStateText: "Approved"}
	operation := map[Field]string{Billnumber: "1.2", OperationType: "300", Amount: "0.10", Currency: "RUB", ResponseCode: "AS000", OperationState: "Success"}
	flat := map[Field]string{Billnumber: "1.2", OrderStateText: "Approved", OperationType: "300", Amount: "0.10", Currency: "RUB", ResponseCode: "AS000"}

	answer := func(o, op map[Field]string, isFlat bool) *Answer {
		a := &Answer{Orders: []Order{{Record: record(o), Flat: isFlat}}}
		if op != nil {
			a.Orders[0].Operations = []Record{record(op)}
		}
		return a
	}
	require.NoError(t, new(Answer).Complete(Cancel))
	require.NoError(t, (&Answer{Codes: &Codes{First: "7"}, Fault: new(Fault)}).Complete(Cancel))
	require.NoError(t, answer(order, nil, false).Complete(OrderState))
	require.NoError(t, answer(order, operation, false).Complete(Cancel))
	require.NoError(t, answer(flat, nil, true).Complete(ResultByDate))
	require.NoError(t, answer(order, nil, true).Complete(OrderState), "an order state is never flat")

	lacks := func(a *Answer, s Service, f Field) {
		t.Helper()
		err := a.Complete(s)
		require.ErrorIs(t, err, ErrMissing)
		var field *FieldError
		require.ErrorAs(t, err, &field)
		require.Equal(t, f, field.Field)
	}
	for f := range order {
		lacks(answer(without(order, f), operation, false), OrderResult, f)
	}
	for f := range operation {
		lacks(answer(order, without(operation, f), false), Cancel, f)
		blank := without(operation, f)
		blank[f] = " \n"
		lacks(answer(order, blank, false), Cancel, f)
	}
	for f := range flat {
		lacks(answer(without(flat, f), nil, true), Cancel, f)
	}
}
