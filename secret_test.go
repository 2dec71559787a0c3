package assist

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"fmt"
	htmltemplate "html/template"
	"log/slog"
	"strings"
	"testing"
	texttemplate "text/template"

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

// A program prints, logs and stores its configuration in many ways. None of them
// may show a login or a password.
func TestCredentialsAreSilent(t *testing.T) {
	t.Parallel()
	cred := Credentials{MerchantID: "515089", Login: "pl4ntedLogin", Password: NewSecret(planted)}
	type config struct {
		URL    string
		Assist Credentials
	}
	type deep struct {
		Configs  []config
		ByName   map[string]*Credentials
		Anything any
		Pointer  *Secret
	}
	password := cred.Password
	for name, value := range map[string]any{
		"value": cred, "pointer": &cred, "in a struct": config{"https://x", cred}, "in an interface": any(&config{"https://x", cred}),
		"deep": deep{[]config{{"a", cred}}, map[string]*Credentials{"a": &cred}, cred, &password},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var shown bytes.Buffer
			for _, verb := range "vsqxXdTtbcoOUeEfFgG" { // %w and %p of a struct call no method of it
				for _, flag := range []string{"", "+", "#", "-", " ", "0", "10.3", "+10"} {
					fmt.Fprintf(&shown, "%"+flag+string(verb)+"\n", value)
				}
			}
			fmt.Fprintln(&shown, value)
			text, err := json.Marshal(value)
			require.NoError(t, err)
			shown.Write(text)
			if text, err = xml.Marshal(value); err == nil { // it has no maps
				shown.Write(text)
			}
			for _, handler := range []slog.Handler{slog.NewTextHandler(&shown, nil), slog.NewJSONHandler(&shown, nil)} {
				log := slog.New(handler).With("with", value).WithGroup("group")
				log.Info("x", "value", value, slog.Group("nested", slog.Any("value", value)), "around", struct{ V any }{value})
			}
			_ = gob.NewEncoder(&shown).Encode(value)
			require.NoError(t, texttemplate.Must(texttemplate.New("").Parse(`{{.}} {{printf "%#v" .}} {{html .}} {{js .}}`)).Execute(&shown, value))
			require.NoError(t, htmltemplate.Must(htmltemplate.New("").Parse(`<p>{{.}}</p><script>var c = {{.}};</script>`)).Execute(&shown, value))
			for _, hidden := range []string{planted, cred.Login, fmt.Sprintf("%x", planted), fmt.Sprintf("%x", cred.Login), fmt.Sprintf("%X", cred.Login)} {
				if _, rest, found := strings.Cut(shown.String(), hidden); found {
					t.Errorf("%s shows before %.100q", hidden, rest)
				}
			}
		})
	}
	text, err := json.Marshal(config{"https://x", cred})
	require.NoError(t, err)
	assert.JSONEq(t, `{"URL":"https://x","Assist":"assist.Credentials(515089)"}`, string(text), "what isn't secret is there")
	var stream bytes.Buffer
	require.NoError(t, gob.NewEncoder(&stream).Encode(cred))
	assert.Contains(t, stream.String(), "assist.Credentials(515089)")
}

func TestSecretEqual(t *testing.T) {
	t.Parallel()
	assert.True(t, NewSecret(planted).Equal(NewSecret(planted)))
	assert.True(t, Secret{}.Equal(NewSecret("")))
	for _, other := range []string{"", planted + "x", planted[1:], "x" + planted[1:]} {
		assert.False(t, NewSecret(planted).Equal(NewSecret(other)), other)
	}
}
