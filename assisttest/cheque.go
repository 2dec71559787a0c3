package assisttest

import (
	"bytes"
	"encoding/json"
)

// eanKey is the JSON key of the EAN code; its first letter is Cyrillic
// (protocol §3).
const eanKey = "\u0435ancode"

// chequeKeys are the fields of a cheque item. The first four are required, and
// a product or a name with them.
var chequeKeys = []string{"id", "price", "quantity", "amount", "product", "name", "hscode", eanKey, "gs1code", "measure", "furcode", "uncode"}

// isChequeForm takes the JSON text of a form post: {"items":[…]}.
func isChequeForm(text string) bool {
	var cheque struct {
		Items []map[string]any `json:"items"`
	}
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.UseNumber()
	decoder.DisallowUnknownFields()
	return decoder.Decode(&cheque) == nil && !decoder.More() && areChequeItems(cheque.Items)
}

func areChequeItems(items []map[string]any) bool {
	for _, item := range items {
		known := 0
		for _, key := range chequeKeys {
			value, ok := item[key]
			if !ok {
				continue
			}
			known++
			switch value := value.(type) {
			case string:
				if value == "" {
					return false
				}
			case json.Number:
			default:
				return false
			}
		}
		_, hasProduct := item["product"]
		_, hasName := item["name"]
		for _, key := range chequeKeys[:4] {
			if _, ok := item[key]; !ok {
				return false
			}
		}
		if known != len(item) || !hasProduct && !hasName {
			return false
		}
	}
	return len(items) > 0
}

func chequeText(items []map[string]any) string {
	text, err := json.Marshal(map[string]any{"items": items})
	if err != nil {
		return ""
	}
	return string(text)
}
