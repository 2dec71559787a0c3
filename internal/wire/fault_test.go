package wire

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFaultPut(t *testing.T) {
	t.Parallel()
	var f Fault
	for _, name := range []string{"faultcode", "faultstring", "message", "recomendation", "firstcode", "secondcode"} {
		require.True(t, IsFaultText(name))
		require.NoError(t, f.Put(name, "the "+name))
		err := f.Put(name, "planted")
		require.ErrorIs(t, err, ErrDuplicate)
		require.Equal(t, name+": given twice", err.Error())
		var named *NameError
		require.ErrorAs(t, err, &named)
	}
	require.True(t, IsFaultText("recommendation"))
	require.ErrorIs(t, f.Put("recommendation", "planted"), ErrDuplicate, "both spellings are one text")
	require.False(t, IsFaultText("detail"))
	require.NoError(t, f.Put("detail", "planted"))
	f.seen = 0
	require.Equal(t, Fault{
		Code: "the faultcode", Text: "the faultstring", Message: "the message", Recommendation: "the recomendation",
		Detail: Codes{First: "the firstcode", Second: "the secondcode"},
	}, f)

	var empty Fault
	require.NoError(t, empty.Put("faultcode", ""))
	require.ErrorIs(t, empty.Put("faultcode", "a"), ErrDuplicate, "an empty text is one too")
}

func TestFaultCodes(t *testing.T) {
	t.Parallel()
	const turnoverText = "Сумма отмены больше оборота мерчанта за текущий день"
	type pair struct {
		first, second int
		ok            bool
	}
	for name, test := range map[string]struct {
		fault Fault
		want  pair
	}{
		"nothing":                           {Fault{}, pair{}},
		"the detail":                        {Fault{Detail: Codes{First: "7", Second: "102"}}, pair{7, 102, true}},
		"the detail, padded":                {Fault{Detail: Codes{First: " 7 ", Second: "102\n"}}, pair{7, 102, true}},
		"the detail ahead of texts":         {Fault{Detail: Codes{First: "7", Second: "102"}, Text: "5-108"}, pair{7, 102, true}},
		"half a detail":                     {Fault{Detail: Codes{First: "7"}, Text: "5-108"}, pair{}},
		"a detail of no numbers":            {Fault{Detail: Codes{First: "seven", Second: "102"}}, pair{}},
		"a detail of too large numbers":     {Fault{Detail: Codes{First: "7", Second: "10200"}}, pair{}},
		"a negative detail":                 {Fault{Detail: Codes{First: "-7", Second: "102"}}, pair{}},
		"faultcode":                         {Fault{Code: "7-102"}, pair{7, 102, true}},
		"faultcode with a prefix":           {Fault{Code: "soapenv:5/108"}, pair{5, 108, true}},
		"faultstring":                       {Fault{Code: "Server", Text: "Error 10 - 201: no such order"}, pair{10, 201, true}},
		"message":                           {Fault{Message: "отказ (5/108)."}, pair{5, 108, true}},
		"the same twice":                    {Fault{Code: "5-108", Text: "5/108"}, pair{5, 108, true}},
		"the same twice in one text":        {Fault{Text: "5-108, that is 5/108"}, pair{5, 108, true}},
		"different pairs":                   {Fault{Code: "5-108", Text: "7-102"}, pair{}},
		"different pairs in one text":       {Fault{Text: "5-108 or 7-102"}, pair{}},
		"different pairs, then a known one": {Fault{Text: "5-108 or 7-102", Message: turnoverText}, pair{}},
		"a known text":                      {Fault{Message: turnoverText}, pair{5, 108, true}},
		"a known text in other words":       {Fault{Text: "The amount of  cancellation is\nmore than merchant TURNOVER for the current day."}, pair{5, 108, true}},
		"a date":                            {Fault{Text: "since 24-10-2013"}, pair{}},
		"a date by slashes":                 {Fault{Text: "since 24/10/2013"}, pair{}},
		"a date the other way":              {Fault{Text: "since 2013-10-24"}, pair{}},
		"a version":                         {Fault{Text: "Apache/2.4 server 1-2.3"}, pair{}},
		"an order number":                   {Fault{Text: "order 2013.10.23-700027-5"}, pair{}},
		"a word":                            {Fault{Text: "step a5-108, 5-108b, x_5-108"}, pair{}},
		"an address":                        {Fault{Text: "at 10.0.0.1/24"}, pair{}},
		"a time":                            {Fault{Text: "12:30-13:30"}, pair{}},
		"a range":                           {Fault{Text: "1 - 2 - 3"}, pair{}},
		"a first code too long":             {Fault{Text: "123-108"}, pair{}},
		"a sign without numbers":            {Fault{Text: "5 -, / 7"}, pair{}},
		"a number alone":                    {Fault{Text: "error 5"}, pair{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, second, ok := test.fault.Codes()
			if !test.want.ok {
				require.False(t, ok, "%d/%d", first, second)
				return
			}
			require.Equal(t, test.want, pair{first, second, ok})
		})
	}
}

func TestIsTurnover(t *testing.T) {
	t.Parallel()
	require.True(t, IsTurnover(" сумма отмены  БОЛЬШЕ оборота мерчанта за текущий день "))
	require.True(t, IsTurnover("The amount of cancellation is more than merchant turnover for the current day"))
	require.False(t, IsTurnover("The amount of cancellation is wrong"))
	require.False(t, IsTurnover(""))
}

func TestErrorsNameWhatBroke(t *testing.T) {
	t.Parallel()
	require.Equal(t, "amount: missing or empty", (&FieldError{Field: Amount, Err: ErrMissing}).Error())
	require.Equal(t, "Body: misplaced", (&NameError{Name: "Body", Err: ErrMisplaced}).Error())
	require.ErrorIs(t, &NameError{Err: ErrCount}, ErrCount)
}
