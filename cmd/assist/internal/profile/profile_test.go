package profile_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/cmd/assist/internal/profile"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func environment(t *testing.T, file string, more map[string]string) func(string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.toml")
	require.NoError(t, os.WriteFile(path, []byte(file), 0o600))
	return func(name string) string {
		if name == "ASSIST_CONFIG" {
			return path
		}
		return more[name]
	}
}

func TestTheEnvironmentStandsAboveTheFile(t *testing.T) {
	t.Parallel()
	getenv := environment(t, "[profiles.shop]\nurl = \"https://a.example\"\nmerchant = \"515089\"\nlogin = \"shop\"\nalone_up_to = \"5000.00 RUB\"\n[profiles.shop.rates]\nqiwi = 35000\n",
		map[string]string{"ASSIST_LOGIN": "other", "ASSIST_PASSWORD": "from the environment"})
	p, err := profile.Load("", getenv)
	require.NoError(t, err)
	assert.Equal(t, "shop", p.Name)
	assert.Equal(t, "other", p.Login)
	assert.Equal(t, "https://a.example", p.URL)
	assert.Equal(t, "RUB", p.Currency)
	require.NoError(t, p.Complete())
	limit, err := p.Limit()
	require.NoError(t, err)
	assert.Equal(t, "5000.00 RUB", limit.String())
	rates, err := p.WalletRates()
	require.NoError(t, err)
	assert.Equal(t, map[assist.Wallet]int{assist.QIWI: 35000}, rates)
	password, err := p.Password(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "from the environment", password.Reveal())
}

func TestWhatIsMisspeltIsAnError(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"is no setting":       "[profiles.shop]\nalone_upto = \"5000.00 RUB\"\n",
		"doesn't belong":      "[profiles.shop]\npassword = \"hunter2\"\n",
		"alone_up_to must be": "[profiles.shop]\nalone_up_to = \"5000\"\n",
		"has no profile":      "default = \"x\"\n[profiles.shop]\n",
		"no default":          "[profiles.a]\n[profiles.b]\n",
		"line 2":              "[profiles.shop]\nurl = \n",
		"is no wallet":        "[profiles.shop.rates]\nvisa = 1\n",
		"parts per million":   "[profiles.shop.rates]\nqiwi = 1000000\n",
		"must be soap":        "[profiles.shop]\nprotocol = \"rest\"\n",
		"must be ru or en":    "[profiles.shop]\nlang = \"de\"\n",
	} {
		_, err := profile.Load("", environment(t, file, nil))
		require.Error(t, err, name)
		assert.Contains(t, err.Error(), name)
		assert.NotContains(t, err.Error(), "hunter2")
	}
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(file, []byte("from the file\n"), 0o600))
	open := filepath.Join(t.TempDir(), "open")
	require.NoError(t, os.WriteFile(open, []byte("from the file\n"), 0o644))
	for name, c := range map[string]struct{ settings, want, wrong string }{
		"command":          {"password_command = [\"echo\", \"from the command\"]", "from the command", ""},
		"command fails":    {"password_command = [\"false\"]", "", "password_command (false) failed"},
		"command is empty": {"password_command = [\"true\"]", "", "is empty"},
		"file":             {"password_file = \"" + file + "\"", "from the file", ""},
		"open file":        {"password_file = \"" + open + "\"", "", "others may read it"},
		"none":             {"", "", "not set: password_command, password_file or ASSIST_PASSWORD"},
	} {
		p, err := profile.Load("", environment(t, "[profiles.shop]\n"+c.settings, nil))
		require.NoError(t, err, name)
		got, err := p.Password(t.Context())
		if c.wrong != "" {
			assert.ErrorContains(t, err, c.wrong, name)
			continue
		}
		require.NoError(t, err, name)
		assert.Equal(t, c.want, got.Reveal(), name)
	}
}

func TestWithoutAFileTheEnvironmentIsEnough(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	p, err := profile.Load("", func(name string) string {
		return map[string]string{"HOME": home, "ASSIST_URL": "http://127.0.0.1:1"}[name]
	})
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(home, ".local", "share", "assist", "refunds.db"), p.Store)
	assert.ErrorContains(t, p.Complete(), "not set: merchant (ASSIST_MERCHANT_ID), login (ASSIST_LOGIN)")
}
