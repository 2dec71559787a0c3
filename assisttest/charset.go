package assisttest

import "strings"

// retold is a record with the texts of a fault in the place of its own.
func (v view) retold(r record) record {
	for _, text := range v.fault.texts {
		if _, ok := r[text[0]]; ok {
			r[text[0]] = text[1]
		}
	}
	return r
}

// inWindows1251 writes Cyrillic letters as one byte each, and a question mark for
// what the character set lacks here.
func inWindows1251(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for _, char := range string(text) {
		switch {
		case char < 0x80:
			out = append(out, byte(char))
		case char >= 'А' && char <= 'я':
			out = append(out, byte(0xC0+char-'А'))
		case char == 'Ё':
			out = append(out, 0xA8)
		case char == 'ё':
			out = append(out, 0xB8)
		case char == '«':
			out = append(out, 0xAB)
		case char == '»':
			out = append(out, 0xBB)
		case char == '№':
			out = append(out, 0xB9)
		default:
			out = append(out, '?')
		}
	}
	return out
}

// recoded is the answer in another character set, and Content-Type says so.
func (r *reply) recoded(charset string) *reply {
	if charset == "" {
		return r
	}
	media, _, _ := strings.Cut(r.media, ";")
	recoded := *r
	recoded.media, recoded.body = media+"; charset="+charset, inWindows1251(r.body)
	return &recoded
}
