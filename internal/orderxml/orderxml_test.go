package orderxml

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assist-go/assist/internal/wire"
	"github.com/assist-go/assist/internal/xmlscan"
)

const space = "urn:ours"

// read reads the inside of a root element; the container is called list.
func read(t *testing.T, s wire.Service, inside string) (*wire.Answer, error) {
	t.Helper()
	a := new(wire.Answer)
	a.Begin(inside, Mark)
	scan := xmlscan.New(`<root xmlns:our="` + space + `" xmlns:x="urn:x" secondcode="0">` + inside + `</root>`)
	_, err := scan.Next()
	require.NoError(t, err)
	r := Reader{Scan: scan, Service: s, Space: space, Answer: a}
	return a, r.Read("list")
}

// A document of almost empty rows costs far more memory than its own size.
func TestReadRefusesACrowd(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]string{
		"orders":     "<order><billnumber>1</billnumber></order>",
		"operations": "<operation><billnumber>1</billnumber></operation>",
	} {
		inside := strings.Repeat(row, 1000)
		if name == "operations" {
			inside = "<order><billnumber>1</billnumber>" + inside + "</order>"
		}
		_, err := read(t, wire.OrderResult, inside)
		require.ErrorIs(t, err, wire.ErrCrowded, name)
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	a, err := read(t, wire.OrderResult, `
<list firstcode="0" count="2"><new/>
 <order><billnumber>1</billnumber><customer><email>e</email><new/></customer><x:billnumber>2</x:billnumber>
  <operation><our:billnumber>1.1</our:billnumber><chequeitem><amount>5</amount></chequeitem></operation>
  <operation><billnumber>1.2</billnumber><amount> 0.10 </amount></operation></order>
</list><x:order/><message>m</message><our:packetdate>p</our:packetdate>`)
	require.NoError(t, err)
	require.Equal(t, &wire.Codes{First: "0", Second: "0"}, a.Codes)
	require.Equal(t, "2", a.Count)
	require.Len(t, a.Orders, 1)
	o := &a.Orders[0]
	require.Equal(t, "1", o.Text(wire.Billnumber))
	require.Equal(t, "e", o.Text(wire.Email))
	require.Equal(t, "p", o.Text(wire.PacketDate))
	require.False(t, o.Has(wire.Message), "only the packet's texts belong to the order beside them")
	require.Len(t, o.Operations, 2)
	require.False(t, o.Operations[0].Has(wire.Amount), "a cheque item's amount is not the operation's")
	require.Equal(t, " 0.10 ", o.Operations[1].Text(wire.Amount))

	a, err = read(t, wire.ResultByDate, `<payment><billnumber>1.1</billnumber></payment><payment><billnumber>1.2</billnumber></payment>`)
	require.NoError(t, err)
	require.Len(t, a.Orders, 2)
	require.True(t, a.Orders[1].Flat)
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		inside string
		want   error
	}{
		"a row of another service":          {`<payment/>`, wire.ErrForeign},
		"a container twice":                 {`<list/><list/>`, wire.ErrDuplicate},
		"a code twice":                      {`<secondcode>0</secondcode>`, wire.ErrDuplicate},
		"a code that is no text":            {`<firstcode><a/></firstcode>`, xmlscan.ErrNotText},
		"a packet date that is no text":     {`<packetdate><a/></packetdate>`, xmlscan.ErrNotText},
		"a field that is no text":           {`<order><billnumber><a/></billnumber></order>`, xmlscan.ErrNotText},
		"a field twice":                     {`<order><amount/><amount/></order>`, wire.ErrDuplicate},
		"a customer twice":                  {`<order><customer/><customer/></order>`, wire.ErrDuplicate},
		"a customer's field twice":          {`<order><customer><email/><email/></customer></order>`, wire.ErrDuplicate},
		"an order without a billnumber":     {`<order/>`, wire.ErrMissing},
		"an operation without a billnumber": {`<order><operation/></order>`, wire.ErrMissing},
		"text in an order":                  {`<order>text</order>`, xmlscan.ErrMixed},
		"text in an operation":              {`<order><operation>text</operation></order>`, xmlscan.ErrMixed},
		"a broken order":                    {`<order><a></order>`, xmlscan.ErrMismatch},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := read(t, wire.Cancel, test.inside)
			require.ErrorIs(t, err, test.want)
		})
	}
}
