package main

// tables are what the page shows. The base of a cancel is its own floor:
// net/http posting the same bytes and reading the answer undecoded.
var tables = []table{
	{
		title: "A cancel, against its floor",
		rows: []row{
			{"floor, SOAP", "BenchmarkCancel/floor-soap", ""},
			{"floor over a kept connection", "BenchmarkCancel/kept-soap", "BenchmarkCancel/floor-soap"},
			{"**SDK, SOAP**", "BenchmarkCancel/sdk-soap", "BenchmarkCancel/floor-soap"},
			{"SDK, SOAP, signature verified", "BenchmarkCancel/sdk-soap-signed", "BenchmarkCancel/floor-soap"},
			{"`net/http` + `encoding/xml`", "BenchmarkCancel/encoding-xml", "BenchmarkCancel/floor-soap"},
			{"gowsdl", "BenchmarkCancel/gowsdl", "BenchmarkCancel/floor-soap"},
			{"gowsdl, made to keep its connection", "BenchmarkCancel/gowsdl-kept", "BenchmarkCancel/floor-soap"},
			{"floor, JSON", "BenchmarkCancel/floor-json", ""},
			{"**SDK, JSON**", "BenchmarkCancel/sdk-json", "BenchmarkCancel/floor-json"},
			{"floor, form and XML", "BenchmarkCancel/floor-form-xml", ""},
			{"**SDK, form and XML**", "BenchmarkCancel/sdk-form-xml", "BenchmarkCancel/floor-form-xml"},
			{"floor, form and CSV", "BenchmarkCancel/floor-form-csv", ""},
			{"**SDK, form and CSV**", "BenchmarkCancel/sdk-form-csv", "BenchmarkCancel/floor-form-csv"},
			{"floor, SOAP over TLS, session resumed", "BenchmarkCancel/floor-tls", ""},
			{"floor over TLS, a whole handshake", "BenchmarkCancel/floor-tls-full", "BenchmarkCancel/floor-tls"},
			{"floor over TLS, a kept connection", "BenchmarkCancel/kept-tls", "BenchmarkCancel/floor-tls"},
			{"**SDK, SOAP over TLS**", "BenchmarkCancel/sdk-tls", "BenchmarkCancel/floor-tls"},
		},
		figures: []string{clock, allocated, objects},
		ratios:  []string{clock, processor, allocated, objects},
	},
	{
		title: "A SOAP cancel, SDK against the others",
		rows: []row{
			{"of gowsdl's", "BenchmarkCancel/sdk-soap", "BenchmarkCancel/gowsdl"},
			{"of gowsdl's, made to keep its connection", "BenchmarkCancel/sdk-soap", "BenchmarkCancel/gowsdl-kept"},
			{"of `net/http` + `encoding/xml`", "BenchmarkCancel/sdk-soap", "BenchmarkCancel/encoding-xml"},
		},
		ratios: []string{clock, processor, allocated, objects},
	},
	{
		title: "Decoding, the standard library against the SDK",
		rows: []row{
			{"SDK, QIWI sample", "BenchmarkDecode/qiwi/sdk", ""},
			{"`encoding/xml`, QIWI sample", "BenchmarkDecode/qiwi/encoding-xml", "BenchmarkDecode/qiwi/sdk"},
			{"SDK, WebMoney sample", "BenchmarkDecode/webmoney/sdk", ""},
			{"`encoding/xml`, WebMoney sample", "BenchmarkDecode/webmoney/encoding-xml", "BenchmarkDecode/webmoney/sdk"},
			{"SDK, sample as JSON", "BenchmarkDecode/json/sdk", ""},
			{"`encoding/json`, sample as JSON", "BenchmarkDecode/json/encoding-json", "BenchmarkDecode/json/sdk"},
			{"SDK, sample as a form's XML", "BenchmarkDecode/form-xml/sdk", ""},
			{"SDK, sample as CSV", "BenchmarkDecode/form-csv/sdk", ""},
			{"SDK, 10 operations", "BenchmarkDecode/operations-10/sdk", ""},
			{"`encoding/xml`, 10 operations", "BenchmarkDecode/operations-10/encoding-xml", "BenchmarkDecode/operations-10/sdk"},
			{"SDK, 100 operations", "BenchmarkDecode/operations-100/sdk", ""},
			{"`encoding/xml`, 100 operations", "BenchmarkDecode/operations-100/encoding-xml", "BenchmarkDecode/operations-100/sdk"},
			{"SDK, 1,000 operations", "BenchmarkDecode/operations-1000/sdk", ""},
			{"`encoding/xml`, 1,000 operations", "BenchmarkDecode/operations-1000/encoding-xml", "BenchmarkDecode/operations-1000/sdk"},
			{"SDK, 10,000 operations", "BenchmarkDecode/operations-10000/sdk", ""},
			{"`encoding/xml`, 10,000 operations", "BenchmarkDecode/operations-10000/encoding-xml", "BenchmarkDecode/operations-10000/sdk"},
		},
		figures: []string{clock, allocated, objects},
		ratios:  []string{clock, processor, allocated},
	},
	{
		title: "Decoding, ten times the operations",
		rows: []row{
			{"100 after 10", "BenchmarkDecode/operations-100/sdk", "BenchmarkDecode/operations-10/sdk"},
			{"1,000 after 100", "BenchmarkDecode/operations-1000/sdk", "BenchmarkDecode/operations-100/sdk"},
			{"10,000 after 1,000", "BenchmarkDecode/operations-10000/sdk", "BenchmarkDecode/operations-1000/sdk"},
		},
		ratios: []string{clock, processor, allocated},
	},
	{
		title: "Encoding a cancel, against the SDK's SOAP",
		rows: []row{
			{"SDK, SOAP", "BenchmarkEncode/sdk-soap", ""},
			{"SDK, JSON", "BenchmarkEncode/sdk-json", "BenchmarkEncode/sdk-soap"},
			{"SDK, form", "BenchmarkEncode/sdk-form", "BenchmarkEncode/sdk-soap"},
			{"`encoding/xml`", "BenchmarkEncode/encoding-xml", "BenchmarkEncode/sdk-soap"},
		},
		figures: []string{clock, allocated, objects},
		ratios:  []string{clock, processor, allocated},
	},
	{
		title: "Verifying an answer",
		rows: []row{
			{"OpenPGP signature (DSA, SHA-1)", "BenchmarkVerify/signature", ""},
			{"check value", "BenchmarkVerify/check-value", ""},
		},
		figures: []string{clock, allocated, objects},
	},
	{
		title: "Waiting for cancellations in process",
		rows: []row{
			{"1", "BenchmarkWait/1", ""},
			{"1,000", "BenchmarkWait/1000", ""},
			{"100,000", "BenchmarkWait/100000", ""},
		},
		figures: []string{perWait, heldByWait, goroutines},
		once:    true,
	},
}
