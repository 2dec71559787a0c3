package form

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assist-go/assist/internal/wire"
)

func TestDecodeJSONCancelSample(t *testing.T) {
	t.Parallel()
	var a wire.Answer
	require.NoError(t, DecodeJSON(sample(t, "wscancel.json"), wire.Cancel, &a))
	require.NoError(t, a.Complete(wire.Cancel))
	require.Equal(t, "order 5554143265883170 5554143265883170.4", shape(&a))
	o := &a.Orders[0]
	for f, want := range map[wire.Field]string{
		wire.TestMode: "0", wire.OrderAmount: "100", wire.Rate: "1.0", wire.OrderComment: "тестовый платеж", wire.FirstName: "qwertyq",
		wire.PacketDate: "28.01.2014 14:30:02", wire.Signature: "kA0DAAIR\r\nzfHw",
	} {
		require.Equal(t, want, o.Text(f), f.String())
	}
	require.False(t, o.Has(wire.MiddleName), "null is absent")
	require.True(t, o.Has(wire.CheckValue))
	operation := &o.Operations[0]
	require.Equal(t, "0.10", operation.Text(wire.Amount), "the literal, not its value")
	require.Equal(t, "300", operation.Text(wire.OperationType))
	require.Equal(t, "Завершено успешно.", operation.Text(wire.CustomerMessage))
}

func TestDecodeJSONOrderResultSample(t *testing.T) {
	t.Parallel()
	var a wire.Answer
	require.NoError(t, DecodeJSON(sample(t, "orderresult.json"), wire.OrderResult, &a))
	require.Equal(t, "order 5700027202722028 5700027202722028.1 5700027202722028.3, order 5700027202722029", shape(&a))
	require.Equal(t, "24.10.2013 14:10", a.Orders[0].Text(wire.PacketDate))
	require.Equal(t, "24.10.2013 14:11", a.Orders[1].Text(wire.PacketDate))
}

func TestDecodeJSONShapes(t *testing.T) {
	t.Parallel()
	const order = `{"billnumber":"1","operations":[{"billnumber":"1.2"}]}`
	for name, test := range map[string]struct {
		doc     string
		service wire.Service
		want    string
	}{
		"an order":                           {`{"wscancel":{"order":` + order + `}}`, wire.Cancel, "order 1 1.2"},
		"a byte order mark":                  {"\ufeff" + ` {"wscancel":{"order":` + order + `}} `, wire.Cancel, "order 1 1.2"},
		"orders, one not in a list":          {`{"orderresult":{"orders":` + order + `}}`, wire.OrderResult, "order 1 1.2"},
		"order, in a list":                   {`{"orderresult":{"order":[` + order + `,` + order + `]}}`, wire.OrderResult, "order 1 1.2, order 1 1.2"},
		"one operation not in a list":        {`{"wscancel":{"order":{"billnumber":1,"operation":{"billnumber":1.2}}}}`, wire.Cancel, "order 1 1.2"},
		"a flat cancel":                      {`{"wscancel":{"billnumber":"1.2","responsecode":"AS000"}}`, wire.Cancel, "order 1.2!"},
		"a nested cancel in place":           {`{"wscancel":` + order + `}`, wire.Cancel, "order 1 1.2"},
		"an order state in place":            {`{"orderstate":{"billnumber":"1","orderstate":"Approved","responsecode":"AS000","checkdata":{"checkvalue":"AB"}}}`, wire.OrderState, "order 1"},
		"order states in a list":             {`{"orderstate":[{"billnumber":"1"},{"billnumber":"2"}]}`, wire.OrderState, "order 1, order 2"},
		"payments":                           {`{"resultbydate":[{"billnumber":"1.1"}]}`, wire.ResultByDate, "order 1.1!"},
		"nothing found":                      {`{"orderresult":{"orders":[],"firstcode":0,"secondcode":0,"count":0}}`, wire.OrderResult, "codes 0/0"},
		"nulls":                              {`{"orderresult":{"orders":null,"customer":null,"operations":null,"checkdata":null,"fault":null},"fault":null,"faultcode":null,"firstcode":null}`, wire.OrderResult, ""},
		"null for an answer":                 {`{"orderresult":null}`, wire.OrderResult, ""},
		"codes at the top":                   {`{"firstcode":7,"secondcode":"102"}`, wire.Cancel, "codes 7/102"},
		"codes in the answer":                {`{"wscancel":{"firstcode":"7","secondcode":102}}`, wire.Cancel, "codes 7/102"},
		"codes with an echo":                 {`{"wscancel":{"ordernumber":"a","message":"m","firstcode":"7","secondcode":102}}`, wire.Cancel, "codes 7/102"},
		"codes beside an order":              {`{"wscancel":{"order":` + order + `},"firstcode":"7","secondcode":102}`, wire.Cancel, "codes 7/102, order 1 1.2"},
		"a fault in place":                   {`{"faultcode":"Server","faultstring":"s","detail":{"message":"m","recomendation":"r","firstcode":5,"secondcode":108}}`, wire.Cancel, "fault Server|s|m|r|5/108"},
		"a fault in an object":               {`{"fault":{"faultcode":"Server","faultstring":"s","detail":{"firstcode":"5","secondcode":"108"}}}`, wire.Cancel, "fault Server|s|||5/108"},
		"a fault in the answer":              {`{"wscancel":{"fault":{"firstcode":5,"secondcode":108,"message":"m","recommendation":"r"}}}`, wire.Cancel, "fault ||m|r|5/108"},
		"a fault with a wrapped detail":      {`{"fault":{"detail":{"error":{"firstcode":"5","secondcode":"108","deeper":{"message":"m"}},"other":[1,{"a":null}]}}}`, wire.Cancel, "fault ||||5/108"},
		"a fault of a proxy":                 {`{"fault":{"faultstring":"Gateway Timeout","detail":{"errorcode":"messaging.adaptors.http.flow.GatewayTimeout"}}}`, wire.Cancel, "fault |Gateway Timeout|||/"},
		"an empty fault":                     {`{"fault":{}}`, wire.Cancel, "fault ||||/"},
		"a detail that is a text":            {`{"faultcode":"x","detail":"5/108"}`, wire.Cancel, "fault x||||/"},
		"a fault beside an order":            {`{"wscancel":{"order":` + order + `},"faultcode":"x"}`, wire.Cancel, "fault x||||/, order 1 1.2"},
		"other names are passed over":        {`{"a":[{"order":1}],"wscancel":{"b":{"order":{}},"order":{"c":1e400,"billnumber":"1"}},"Order":{}}`, wire.Cancel, "order 1"},
		"the packet in place beside":         {`{"wscancel":{"packetdate":"p","responsecode2":1,"order":` + order + `}}`, wire.Cancel, "order 1 1.2"},
		"a name in another case is no field": {`{"orderstate":{"billnumber":"1","Billnumber":"2"}}`, wire.OrderState, "order 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var a wire.Answer
			require.NoError(t, DecodeJSON(test.doc, test.service, &a))
			require.Equal(t, test.want, shape(&a))
		})
	}
}

func TestDecodeJSONTexts(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ value, want string }{
		"a string":                 {`"a"`, "a"},
		"spaces kept":              {`" a "`, " a "},
		"escapes":                  {`"\"\\\/\b\f\n\r\t"`, "\"\\/\b\f\n\r\t"},
		"escapes amid text":        {`"a\u0041б\u0411z"`, "aAбБz"},
		"hexadecimal of any case":  {`"\u00e9\u00E9"`, "éé"},
		"a surrogate pair":         {`"\ud83d\udcb3"`, "\U0001f4b3"},
		"a high surrogate alone":   {`"\ud83d"`, "\ufffd"},
		"a low surrogate alone":    {`"a\udcb3z"`, "a\ufffdz"},
		"two high surrogates":      {`"\ud83d\ud83d\udcb3"`, "\ufffd\U0001f4b3"},
		"a surrogate and a letter": {`"\ud83d\u0041"`, "\ufffdA"},
		"a surrogate and a sign":   {`"\ud83d\n"`, "\ufffd\n"},
		"line ends as they stand":  {"\"a\r\n\tb\"", "a\r\n\tb"},
		"a replacement character":  {`"\ufffd"`, "\ufffd"},
		"a number":                 {`100`, "100"},
		"a number with zeros":      {`100.00`, "100.00"},
		"a large number":           {`5700027202722028`, "5700027202722028"},
		"more than a float has":    {`0.10000000000000000001`, "0.10000000000000000001"},
		"a negative number":        {`-0.5`, "-0.5"},
		"an exponent":              {`1E+2`, "1E+2"},
		"another exponent":         {`1e-2`, "1e-2"},
		"zero":                     {`0`, "0"},
		"true":                     {`true`, "true"},
		"false":                    {`false`, "false"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var a wire.Answer
			require.NoError(t, DecodeJSON(`{"orderstate":{"billnumber":1,"ordercomment":`+test.value+`}}`, wire.OrderState, &a))
			require.Equal(t, test.want, a.Orders[0].Text(wire.OrderComment))
		})
	}
}

// A field by two of its names is one text: the records hold both.
func TestDecodeJSONOneFieldByTwoNames(t *testing.T) {
	t.Parallel()
	var a wire.Answer
	require.NoError(t, DecodeJSON(`{"wscancel":{"order":{"billnumber":"1","operations":[{"billnumber":"1","protocolname":"POS","protocoltypename":"WEB","recomendation":"r","recommendation":""}]}}}`, wire.Cancel, &a))
	operation := &a.Orders[0].Operations[0]
	require.Equal(t, "WEB", operation.Text(wire.ProtocolTypeName))
	require.Equal(t, "POS", operation.Text(wire.ProtocolName))
	require.Equal(t, "r", operation.Text(wire.Recomendation))
}

func TestDecodeJSONTellsNumbers(t *testing.T) {
	t.Parallel()
	var a wire.Answer
	require.NoError(t, DecodeJSON(`{"wscancel":{"order":{"billnumber":1,"operations":[{"billnumber":1.10},{"billnumber":"1.1"}]}}}`, wire.Cancel, &a))
	o := &a.Orders[0]
	require.True(t, o.IsNumber(wire.Billnumber))
	require.True(t, o.Operations[0].IsNumber(wire.Billnumber))
	require.Equal(t, "1.10", o.Operations[0].Text(wire.Billnumber))
	require.False(t, o.Operations[1].IsNumber(wire.Billnumber))
}

func TestDecodeJSONRefuses(t *testing.T) {
	t.Parallel()
	in := func(value string) string { return `{"wscancel":{"order":{"billnumber":"1","message":` + value + `}}}` }
	for name, test := range map[string]struct {
		doc  string
		want error
	}{
		"nothing":                           {``, wire.ErrForeign},
		"plain text":                        {`planted`, wire.ErrForeign},
		"HTML":                              {`<html>planted</html>`, wire.ErrForeign},
		"a list":                            {`[{"wscancel":{}}]`, wire.ErrForeign},
		"a string":                          {`"wscancel"`, wire.ErrForeign},
		"nothing of ours":                   {`{"planted":{"order":{}}}`, wire.ErrForeign},
		"an empty object":                   {`{}`, wire.ErrForeign},
		"another service":                   {`{"charge":{"billnumber":"1"}}`, wire.ErrForeign},
		"the older cancel":                  {`{"cancel":{"billnumber":"1"}}`, wire.ErrForeign},
		"a proxy's detail":                  {`{"detail":"planted"}`, wire.ErrForeign},
		"cut in an object":                  {`{"wscancel":{`, errJSONTruncated},
		"cut in a name":                     {`{"wscan`, errJSONTruncated},
		"cut behind a name":                 {`{"wscancel"`, errJSONTruncated},
		"cut in an escape":                  {`{"wscancel":{"a":"\`, errJSONTruncated},
		"cut in a hexadecimal escape":       {`{"wscancel":{"a":"\u00`, errJSONTruncated},
		"cut in a pair":                     {`{"wscancel":{"a":"\ud83d\u`, errJSONTruncated},
		"cut behind a minus sign":           {`{"wscancel":{"a":-`, errJSONTruncated},
		"something behind":                  {in(`1`) + `planted`, errJSONTrailing},
		"a second document":                 {in(`1`) + in(`1`), errJSONTrailing},
		"a comma behind":                    {`{"wscancel":{"a":1,}}`, errJSONSyntax},
		"a comma too many in a list":        {`{"wscancel":{"a":[1,]}}`, errJSONSyntax},
		"no comma":                          {`{"wscancel":{"a":1 "b":2}}`, errJSONSyntax},
		"no colon":                          {`{"wscancel" {}}`, errJSONSyntax},
		"a name without quotes":             {`{wscancel:{}}`, errJSONSyntax},
		"single quotes":                     {in(`'planted'`), errJSONSyntax},
		"a comment":                         {`{/* planted */}`, errJSONSyntax},
		"a bare word":                       {in(`planted`), errJSONSyntax},
		"a word in capitals":                {in(`True`), errJSONSyntax},
		"a word that goes on":               {in(`trueish`), errJSONSyntax},
		"no number":                         {in(`NaN`), errJSONSyntax},
		"a leading zero":                    {in(`01`), errJSONSyntax},
		"a plus sign":                       {in(`+1`), errJSONSyntax},
		"no digit behind the point":         {in(`1.`), errJSONSyntax},
		"no digit ahead of the point":       {in(`.5`), errJSONSyntax},
		"no digit in the exponent":          {in(`1e+`), errJSONSyntax},
		"a minus sign alone":                {in(`-`), errJSONSyntax},
		"a hexadecimal number":              {in(`0x10`), errJSONSyntax},
		"a NUL in a string":                 {in("\"a\x00b\""), errJSONSyntax},
		"an escape ahead of a colon":        {`{"wscancel":{"\:1}}`, errJSONSyntax},
		"an unknown escape":                 {in(`"\a"`), errJSONSyntax},
		"an escape of no hexadecimals":      {in(`"\u00g0"`), errJSONSyntax},
		"an escape of a slash":              {in(`"\u00/0"`), errJSONSyntax},
		"an escape of an at sign":           {in(`"\u00@0"`), errJSONSyntax},
		"an escape of a back quote":         {in("\"\\u00`0\""), errJSONSyntax},
		"bytes that are no UTF-8":           {in("\"planted\xff\""), errNotUTF8},
		"a service twice":                   {`{"wscancel":{},"wscancel":{}}`, errJSONDuplicate},
		"a field twice":                     {`{"wscancel":{"order":{"billnumber":"1","billnumber":"1"}}}`, errJSONDuplicate},
		"a name twice around an object":     {`{"wscancel":{},"a":1,"x":{"y":{"a":1}},"a":2}`, errJSONDuplicate},
		"a name twice around many":          {`{"wscancel":{},"a":{` + manyNames() + `},"a":1}`, errJSONDuplicate},
		"a field twice by an escape":        {`{"wscancel":{"order":{"billnumber":"1","\u0062illnumber":"1"}}}`, errJSONDuplicate},
		"a name twice where we don't look":  {`{"wscancel":{},"x":{"a":1,"a":2}}`, errJSONDuplicate},
		"orders in two places":              {`{"wscancel":{"order":{"billnumber":"1"},"orders":[{"billnumber":"1"}]}}`, wire.ErrDuplicate},
		"operations in two places":          {`{"wscancel":{"order":{"billnumber":"1","operation":{"billnumber":"1"},"operations":[]}}}`, wire.ErrDuplicate},
		"an email in two places":            {`{"wscancel":{"order":{"email":"planted","customer":{"email":"planted"}}}}`, wire.ErrDuplicate},
		"a packet date in two places":       {`{"wscancel":{"packetdate":"1","checkdata":{"packetdate":"1"}}}`, wire.ErrDuplicate},
		"a packet date in order and beside": {`{"wscancel":{"order":{"billnumber":"1","packetdate":"1"},"checkdata":{"packetdate":"1"}}}`, wire.ErrDuplicate},
		"codes in two places":               {`{"wscancel":{"firstcode":1},"firstcode":1}`, wire.ErrDuplicate},
		"a fault in two places":             {`{"fault":{"faultcode":"planted"},"faultcode":"planted"}`, wire.ErrDuplicate},
		"packets of nothing certain":        {`{"wscancel":[{"checkdata":{"packetdate":"1"}},{"checkdata":{"packetdate":"1"}}]}`, wire.ErrDuplicate},
		"a packet date of two orders":       {`{"wscancel":{"orders":[{"billnumber":"1"},{"billnumber":"1"}],"checkdata":{"packetdate":"1"}}}`, wire.ErrMisplaced},
		"operations beside orders":          {`{"wscancel":{"orders":[{"billnumber":"1"}],"operations":[{"billnumber":"1"}]}}`, wire.ErrMisplaced},
		"an order without a billnumber":     {`{"wscancel":{"order":{}}}`, wire.ErrMissing},
		"a crowd of orders":                 {`{"wscancel":{"orders":[` + strings.Repeat(`{"billnumber":"1"},`, 1000) + `{"billnumber":"1"}]}}`, wire.ErrCrowded},
		"a crowd of operations":             {`{"wscancel":{"order":{"billnumber":"1","operations":[` + strings.Repeat(`{"billnumber":"1"},`, 1000) + `{"billnumber":"1"}]}}}`, wire.ErrCrowded},
		"an operation without one":          {`{"wscancel":{"order":{"billnumber":"1","operations":[{}]}}}`, wire.ErrMissing},
		"a flat cancel without one":         {`{"wscancel":{"responsecode":"AS000"}}`, wire.ErrMissing},
		"a count of none":                   {`{"wscancel":{"count":0,"order":{"billnumber":"1"}}}`, wire.ErrCount},
		"an order that is a text":           {`{"wscancel":{"order":"planted"}}`, errJSONKind},
		"an answer that is a text":          {`{"wscancel":"planted"}`, errJSONKind},
		"a fault that is a text":            {`{"fault":"planted"}`, errJSONKind},
		"a customer that is a list":         {`{"wscancel":{"order":{"customer":[]}}}`, errJSONKind},
		"a field that is an object":         {in(`{"planted":1}`), errJSONKind},
		"a field that is a list":            {in(`["planted"]`), errJSONKind},
		"a code that is an object":          {`{"firstcode":{}}`, errJSONKind},
		"a fault's code that is a list":     {`{"faultcode":[]}`, errJSONKind},
		"too deep":                          {`{"a":` + strings.Repeat("[", maxJSONDepth), errJSONLimit},
		"too many names":                    {`{"a":1,` + manyNames() + `}`, errJSONLimit},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireRefused(t, DecodeJSON, test.doc, wire.Cancel, test.want)
		})
	}
}

func manyNames() string {
	var names []string
	for i := range maxJSONMembers {
		names = append(names, `"`+strings.Repeat("b", i+1)+`":1`)
	}
	return strings.Join(names, ",")
}
