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
	require.NoError(t, f.Put("recommendation", "planted"), "both spellings are one text")
	require.ErrorIs(t, f.Put("recommendation", "planted"), ErrDuplicate)
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
	const (
		turnoverText = "Сумма отмены больше оборота мерчанта за текущий день"
		another      = "The amount of  cancellation is\nmore than merchant TURNOVER for the current day."
	)
	type codes struct {
		first, second int
		place         Place
	}
	nowhere := codes{}
	for name, test := range map[string]struct {
		fault Fault
		want  codes
	}{
		"nothing":                         {Fault{}, nowhere},
		"own fields":                      {Fault{Detail: Codes{First: "7", Second: "102"}}, codes{7, 102, Own}},
		"own fields, padded":              {Fault{Detail: Codes{First: " 7 ", Second: "102\n"}}, codes{7, 102, Own}},
		"own fields ahead of texts":       {Fault{Detail: Codes{First: "7", Second: "102"}, Text: "5-108"}, codes{7, 102, Own}},
		"one own field":                   {Fault{Detail: Codes{First: "7"}, Text: "5-108"}, nowhere},
		"own fields of no numbers":        {Fault{Detail: Codes{First: "seven", Second: "102"}}, nowhere},
		"own fields of too large numbers": {Fault{Detail: Codes{First: "7", Second: "10200"}}, nowhere},
		"own fields, negative":            {Fault{Detail: Codes{First: "-7", Second: "102"}}, nowhere},

		"faultcode beside faultstring":        {Fault{Code: "7", Text: "102"}, codes{7, 102, Alone}},
		"these padded":                        {Fault{Code: " 10 ", Text: "\n201"}, codes{10, 201, Alone}},
		"these and a message":                 {Fault{Code: "5", Text: "143", Message: "BILLNUMBER"}, codes{5, 143, Alone}},
		"these and the same pair":             {Fault{Code: "5", Text: "108", Message: "5 - 108"}, codes{5, 108, Alone}},
		"these and another pair":              {Fault{Code: "5", Text: "108", Message: "7-102"}, nowhere},
		"these and words that mean another":   {Fault{Code: "7", Text: "102", Message: turnoverText}, nowhere},
		"these and the words for them":        {Fault{Code: "5", Text: "108", Message: turnoverText}, codes{5, 108, Words}},
		"a number beside prose":               {Fault{Code: "5", Text: "wrong amount 108"}, nowhere},
		"prose beside a number":               {Fault{Code: "soapenv:Server", Text: "108"}, nowhere},
		"a number with a prefix":              {Fault{Code: "ns:5", Text: "108"}, nowhere},
		"a number beside nothing":             {Fault{Code: "504"}, nowhere},
		"a number with a leading zero":        {Fault{Code: "05", Text: "108"}, nowhere},
		"a number beside a message":           {Fault{Code: "5", Message: "108"}, nowhere},
		"faultcode alone":                     {Fault{Code: "7-102", Text: "refused"}, codes{7, 102, Alone}},
		"faultstring alone":                   {Fault{Code: "soapenv:Server", Text: "5 - 108"}, codes{5, 108, Alone}},
		"a message alone":                     {Fault{Code: "soapenv:Server", Text: "refused", Message: " 5/108 "}, codes{5, 108, Alone}},
		"with the sign of a document":         {Fault{Text: "5 \u2013 108"}, codes{5, 108, Alone}},
		"the same twice":                      {Fault{Code: "5-108", Text: "5/108"}, codes{5, 108, Alone}},
		"different pairs":                     {Fault{Code: "5-108", Text: "7-102"}, nowhere},
		"a pair, and words that mean another": {Fault{Text: "7-102", Message: turnoverText}, nowhere},
		"a recommendation decides nothing":    {Fault{Recommendation: "5-108"}, nowhere},
		"a pair and prose with numbers":       {Fault{Text: "5-108", Message: "attempt 3/5"}, codes{5, 108, Alone}},
		"words":                               {Fault{Message: turnoverText}, codes{5, 108, Words}},
		"words in English":                    {Fault{Text: another}, codes{5, 108, Words}},
		"words in a recommendation":           {Fault{Recommendation: "Внимание. " + turnoverText + "."}, codes{5, 108, Words}},
		"words where the code should be":      {Fault{Code: turnoverText}, codes{5, 108, Words}},
		"words and a pair that disagrees":     {Fault{Text: another, Message: "7/7"}, nowhere},
		"words in prose with a pair":          {Fault{Text: "12/200 connections", Message: turnoverText}, codes{5, 108, Words}},
		"a pair in prose":                     {Fault{Text: "Error 10 - 201: no such order"}, nowhere},
		"a pair with a full stop":             {Fault{Message: "5/108."}, nowhere},
		"a pair in brackets":                  {Fault{Message: "(5/108)"}, nowhere},
		"two pairs in one text":               {Fault{Text: "5-108 7-102"}, nowhere},
		"a pair and the same in words":        {Fault{Text: "5-108, that is 5/108"}, nowhere},
		"a pair with a prefix":                {Fault{Code: "soapenv:5/108"}, nowhere},
		"a range of three":                    {Fault{Text: "1 - 2 - 3"}, nowhere},
		"a date":                              {Fault{Text: "24-10-2013"}, nowhere},
		"a date by slashes":                   {Fault{Text: "24/10/2013"}, nowhere},
		"leading zeros":                       {Fault{Text: "05-0108"}, nowhere},
		"a first code too long":               {Fault{Text: "12345-108"}, nowhere},
		"a sign without numbers":              {Fault{Text: "5 -"}, nowhere},
		"a sign alone":                        {Fault{Text: "/"}, nowhere},
		"numbers in other digits":             {Fault{Text: "٥-١٠٨"}, nowhere},
		"a minus sign ahead":                  {Fault{Text: "-5-108"}, nowhere},
		"a number with a point":               {Fault{Text: "5.0/108"}, nowhere},
		"two signs":                           {Fault{Text: "5--108"}, nowhere},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, second, place := test.fault.Codes()
			require.Equal(t, test.want, codes{first, second, place})
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
