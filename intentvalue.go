package assist

import (
	"bytes"
	"database/sql/driver"
	"encoding/json"
	"fmt"
)

// MarshalText gives the token of the intent, so that JSON and XML hold it as one
// text. The zero Intent is an empty text.
func (in Intent) MarshalText() ([]byte, error) {
	if in.isZero() {
		return nil, nil
	}
	return []byte(in.Token()), nil
}

// UnmarshalText reads a token as [ParseIntent] does. An empty text is the zero
// Intent. Errors are [ErrToken].
func (in *Intent) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*in = Intent{}
		return nil
	}
	parsed, err := ParseIntent(string(text))
	if err != nil {
		return err
	}
	*in = parsed
	return nil
}

// UnmarshalJSON reads a token, and also the object of fields that the JSON of an
// intent was before it was its token: what was stored stays readable. Errors are
// [ErrToken].
func (in *Intent) UnmarshalJSON(text []byte) error {
	text = bytes.TrimSpace(text)
	if bytes.HasPrefix(text, []byte("{")) {
		// A type without the methods, which would be called again.
		type fields Intent
		var stored fields
		if err := json.Unmarshal(text, &stored); err != nil {
			return fmt.Errorf("%w: damaged", ErrToken)
		}
		// By the token, so that the same is checked of both forms.
		return in.UnmarshalText([]byte(Intent(stored).Token()))
	}
	if bytes.Equal(text, []byte("null")) {
		return nil
	}
	var token string
	if err := json.Unmarshal(text, &token); err != nil {
		return fmt.Errorf("%w: want a text", ErrToken)
	}
	return in.UnmarshalText([]byte(token))
}

// Value gives the token to a database, for a text column. The zero Intent is
// NULL.
func (in Intent) Value() (driver.Value, error) {
	if in.isZero() {
		return nil, nil
	}
	return in.Token(), nil
}

// Scan reads a token as [ParseIntent] does. NULL is the zero Intent. Errors are
// [ErrToken].
func (in *Intent) Scan(stored any) error {
	text, err := storedText(stored)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrToken, err)
	}
	return in.UnmarshalText(text)
}

// Equal says that two intents have the same token: a test that compares what it
// stored with what was sent needs no more.
func (in Intent) Equal(other Intent) bool { return in.Token() == other.Token() }

func (in Intent) isZero() bool {
	return in.ID == "" && in.MerchantID == "" && in.Request.Billnumber == ""
}
