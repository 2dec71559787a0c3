// Package profile reads the settings of the program: from the environment, and
// from a file of profiles. What the environment says stands above the file.
package profile

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/assist-go/assist"
)

// File is the file of profiles.
type File struct {
	// Default is the profile that is meant when none is named. With a single
	// profile it may be left out.
	Default  string             `toml:"default"`
	Profiles map[string]Profile `toml:"profiles"`
}

// Profile is one merchant at one Assist server, and where its refunds are kept.
type Profile struct {
	Name     string `toml:"-"`
	URL      string `toml:"url"`
	Merchant string `toml:"merchant"`
	Login    string `toml:"login"`
	// Where the password comes from: a command that prints it, or a file that
	// nobody else may read.
	PasswordCommand []string `toml:"password_command"`
	PasswordFile    string   `toml:"password_file"`
	// SecretWord, by the same two ways, checks the answers of the order services.
	SecretWordCommand []string `toml:"secret_word_command"`
	SecretWordFile    string   `toml:"secret_word_file"`

	Protocol string `toml:"protocol"` // "soap" when empty
	Store    string `toml:"store"`    // a SQLite file, or a PostgreSQL URL
	Schema   string `toml:"schema"`   // of PostgreSQL
	Lang     string `toml:"lang"`     // "ru" or "en"
	Currency string `toml:"currency"` // "RUB" when empty
	// Person and PersonName are who decides, kept in the history for ever. Empty is
	// the system's user.
	Person     string `toml:"person"`
	PersonName string `toml:"person_name"`
	// AloneUpTo is what a person may give back of one payment within 24 hours
	// without a second person, such as "5000.00 RUB". Empty sets no limit.
	AloneUpTo string `toml:"alone_up_to"`
	// Rates are what the bank keeps of the payments on each wallet, in parts per
	// million: 35000 is 3.5 %. With rates the day balance is watched.
	Rates map[string]int `toml:"rates"`

	environment func(string) string
}

// Error says what is wrong with the settings. It never holds a secret.
type Error struct{ Text string }

func (e *Error) Error() string { return e.Text }

func wrong(format string, args ...any) error { return &Error{fmt.Sprintf(format, args...)} }

// Path is where the file of profiles is: ASSIST_CONFIG, or assist/config.toml
// under XDG_CONFIG_HOME or the system's place for settings.
func Path(getenv func(string) string) string {
	if path := getenv("ASSIST_CONFIG"); path != "" {
		return path
	}
	return filepath.Join(home(getenv, "XDG_CONFIG_HOME", ".config"), "assist", "config.toml")
}

// DefaultStore is the file that refunds are kept in when nothing else is set.
func DefaultStore(getenv func(string) string) string {
	return filepath.Join(home(getenv, "XDG_DATA_HOME", filepath.Join(".local", "share")), "assist", "refunds.db")
}

func home(getenv func(string) string, name, under string) string {
	if dir := getenv(name); filepath.IsAbs(dir) {
		return dir
	}
	dir := getenv("HOME")
	if dir == "" {
		dir, _ = os.UserHomeDir() // without one the path is relative, and seen to be
	}
	return filepath.Join(dir, under)
}

// Read reads the file of profiles. That there is none is no error. An entry that
// isn't known is one: a misspelt limit would be no limit.
func Read(path string) (File, error) {
	var f File
	meta, err := toml.DecodeFile(path, &f)
	if errors.Is(err, fs.ErrNotExist) {
		return File{}, nil
	}
	if err != nil {
		if parse, ok := errors.AsType[toml.ParseError](err); ok {
			return File{}, wrong("%s, line %d: %s", path, parse.Position.Line, parse.Message)
		}
		return File{}, wrong("%s: %v", path, err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		if last := unknown[0][len(unknown[0])-1]; last == "password" || last == "secret_word" {
			return File{}, wrong("%s: %s doesn't belong into a file of settings: give %s_command, or %s_file with a file that only you can read", path, unknown[0], last, last)
		}
		return File{}, wrong("%s: %s is no setting", path, unknown[0])
	}
	return f, nil
}

// Load gives the profile of a name, with what the environment says above it. An
// empty name is ASSIST_PROFILE, or the file's default.
func Load(name string, getenv func(string) string) (*Profile, error) {
	path := Path(getenv)
	f, err := Read(path)
	if err != nil {
		return nil, err
	}
	asked := name
	if asked == "" {
		asked = getenv("ASSIST_PROFILE")
	}
	if asked == "" {
		asked = f.Default
	}
	if asked == "" && len(f.Profiles) == 1 {
		asked = slices.Collect(maps.Keys(f.Profiles))[0]
	}
	p, ok := f.Profiles[asked]
	switch {
	case asked != "" && !ok:
		return nil, wrong("%s has no profile %q", path, asked)
	case asked == "" && len(f.Profiles) > 1:
		return nil, wrong("%s has several profiles and no default: name one by --profile", path)
	}
	p.Name, p.environment = asked, getenv
	p.override(getenv)
	return &p, p.check()
}

// override puts the environment above the file.
func (p *Profile) override(getenv func(string) string) {
	for name, field := range map[string]*string{
		"ASSIST_URL": &p.URL, "ASSIST_MERCHANT_ID": &p.Merchant, "ASSIST_LOGIN": &p.Login, "ASSIST_PROTOCOL": &p.Protocol,
		"ASSIST_STORE": &p.Store, "ASSIST_SCHEMA": &p.Schema, "ASSIST_LANG": &p.Lang, "ASSIST_CURRENCY": &p.Currency,
		"ASSIST_PERSON": &p.Person, "ASSIST_PERSON_NAME": &p.PersonName, "ASSIST_ALONE_UP_TO": &p.AloneUpTo,
		"ASSIST_PASSWORD_FILE": &p.PasswordFile, "ASSIST_SECRET_WORD_FILE": &p.SecretWordFile,
	} {
		if value := getenv(name); value != "" {
			*field = value
		}
	}
	if p.Store == "" {
		p.Store = DefaultStore(getenv)
	}
	if p.Currency == "" {
		p.Currency = "RUB"
	}
	if p.Protocol == "" {
		p.Protocol = "soap"
	}
}

func (p *Profile) check() error {
	if _, err := p.Limit(); err != nil {
		return err
	}
	if _, err := p.WalletRates(); err != nil {
		return err
	}
	if _, err := assist.ParseProtocol(p.Protocol); err != nil {
		return wrong("protocol is %q and must be soap, json, form-xml, form-csv, form-json or form-soap", p.Protocol)
	}
	if p.Lang != "" && p.Lang != "ru" && p.Lang != "en" {
		return wrong("lang is %q and must be ru or en", p.Lang)
	}
	return nil
}

// Complete says what is missing to reach Assist.
func (p *Profile) Complete() error {
	var missing []string
	for _, s := range []struct{ value, name string }{{p.URL, "url (ASSIST_URL)"}, {p.Merchant, "merchant (ASSIST_MERCHANT_ID)"}, {p.Login, "login (ASSIST_LOGIN)"}} {
		if s.value == "" {
			missing = append(missing, s.name)
		}
	}
	if len(missing) > 0 {
		return wrong("not set: %s", strings.Join(missing, ", "))
	}
	return nil
}

// Limit is the amount up to which a person needs no second one; the zero Money is
// no limit.
func (p *Profile) Limit() (assist.Money, error) {
	var m assist.Money
	if err := m.UnmarshalText([]byte(p.AloneUpTo)); err != nil {
		return m, wrong("alone_up_to must be written as \"5000.00 RUB\": %v", err)
	}
	return m, nil
}

// WalletRates are the bank's rates by wallet, or nil where none are set.
func (p *Profile) WalletRates() (map[assist.Wallet]int, error) {
	if len(p.Rates) == 0 {
		return nil, nil
	}
	rates := map[assist.Wallet]int{}
	for name, rate := range p.Rates {
		found := false
		for _, w := range []assist.Wallet{assist.WebMoney, assist.YandexMoney, assist.QIWI} {
			if strings.EqualFold(name, w.String()) {
				rates[w], found = rate, true
			}
		}
		if !found {
			return nil, wrong("rates: %q is no wallet; there are WebMoney, YandexMoney and QIWI", name)
		}
		if rate < 0 || rate >= 1_000_000 {
			return nil, wrong("rates: %s must be parts per million, such as 35000 for 3.5 %%", name)
		}
	}
	return rates, nil
}
