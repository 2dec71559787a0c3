package assist

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const planted = "pl4ntedPassw0rd"

func TestSecretShowsNothing(t *testing.T) {
	t.Parallel()
	secret := NewSecret(planted)
	type exported struct{ Password Secret }
	type hidden struct {
		password Secret
		pointer  *Secret
	}
	values := map[string]any{
		"value":            secret,
		"pointer":          &secret,
		"exported field":   exported{secret},
		"unexported field": hidden{secret, &secret},
		"credentials":      Credentials{MerchantID: "1", Login: "login", Password: secret},
		"slice":            []Secret{secret},
		"map":              map[string]Secret{"a": secret},
	}
	for name, value := range values {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%p", "%10.3s", "%t"} {
				shown := fmt.Sprintf(verb, value)
				assert.NotContains(t, shown, planted, verb)
				assert.NotContains(t, shown, fmt.Sprintf("%x", planted), verb)
			}
			text, err := json.Marshal(value)
			if err == nil {
				assert.NotContains(t, string(text), planted)
			}
			text, err = xml.Marshal(value)
			if err == nil {
				assert.NotContains(t, string(text), planted)
			}
			var log bytes.Buffer
			slog.New(slog.NewTextHandler(&log, nil)).Info("x", "secret", value)
			slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", value)
			assert.NotContains(t, log.String(), planted)
			var stream bytes.Buffer
			_ = gob.NewEncoder(&stream).Encode(value)
			assert.NotContains(t, stream.String(), planted)
		})
	}
	assert.Equal(t, "[redacted]", fmt.Sprint(secret))
	assert.Equal(t, "[redacted]", secret.String())
	assert.Equal(t, "[redacted]", secret.GoString())
	assert.Equal(t, planted, secret.Reveal())
	require.Empty(t, Secret{}.Reveal())
	assert.Equal(t, Secret{}, NewSecret(""), "an empty secret is the zero value")
}

func TestSecretEqual(t *testing.T) {
	t.Parallel()
	assert.True(t, NewSecret(planted).Equal(NewSecret(planted)))
	assert.True(t, Secret{}.Equal(NewSecret("")))
	for _, other := range []string{"", planted + "x", planted[1:], "x" + planted[1:]} {
		assert.False(t, NewSecret(planted).Equal(NewSecret(other)), other)
	}
}
