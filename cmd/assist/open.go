package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"
	"sync"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/cmd/assist/internal/exitcode"
	"github.com/assist-go/assist/cmd/assist/internal/profile"
	"github.com/assist-go/assist/cmd/assist/internal/wording"
	"github.com/assist-go/assist/refunds"
	"github.com/assist-go/assist/refunds/postgres"
	"github.com/assist-go/assist/refunds/sqlite"
)

// settings reads the profile, once.
func (a *app) settings() (*profile.Profile, error) {
	if a.profile != nil {
		return a.profile, nil
	}
	p, err := profile.Load(a.flags.profile, a.getenv)
	if err != nil {
		return nil, err
	}
	if err := a.findStore(p); err != nil {
		return nil, err
	}
	a.profile, a.lang = p, a.language(p.Lang)
	return p, nil
}

// findStore tells where the refunds are kept. What the settings name begins at their own
// folder; what --store names begins where the person is, as with every command, and is
// said where it isn't what the settings name.
func (a *app) findStore(p *profile.Profile) error {
	bad := func(err error) error {
		text := a.text("хранилище названо непонятно: это не путь файла SQLite (относительный, похожий на другое, пишется ./ИМЯ) и не адрес PostgreSQL, который начинается с postgres://, postgresql:// или host=", profile.ErrStore.Error())
		if errors.Is(err, profile.ErrPassword) {
			text = a.text("пароль в --store виден в списке процессов; задайте ASSIST_STORE или store в профиле", profile.ErrPassword.Error())
		}
		return exitcode.New(exitcode.Usage, "%s", text).Because(err)
	}
	home := a.getenv("HOME")
	own, err := profile.Store(p.Store, filepath.Dir(profile.Path(a.getenv)), home)
	if a.flags.store == "" {
		if p.Store = own; err != nil {
			return bad(err)
		}
		return nil
	}
	if profile.HasPassword(a.flags.store) {
		return bad(profile.ErrPassword)
	}
	here, err := os.Getwd()
	if err != nil {
		return &profile.Error{Text: fmt.Sprintf("store: %v", err)}
	}
	if p.Store, err = profile.Store(a.flags.store, here, home); err != nil {
		return bad(err)
	}
	if p.Store == own || profile.IsPostgres(p.Store) {
		return nil
	}
	a.note("хранилище %s — не то, что в настройках: чего в нём нет, то неизвестно", "the store %s isn't that of the settings: what isn't in it isn't known", p.Store)
	if _, err := os.Stat(p.Store); errors.Is(err, fs.ErrNotExist) {
		a.note("его ещё нет, оно будет создано пустым", "it isn't there yet, and is made empty")
	}
	return nil
}

func (a *app) sdkLanguage() assist.Language {
	if a.lang == wording.Russian {
		return assist.LanguageRU
	}
	return assist.LanguageEN
}

// logger writes to stderr where that was asked for.
func (a *app) logger() *slog.Logger {
	if !a.flags.verbose {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(a.Err, nil))
}

// closing is a store that can be closed.
type closing interface {
	refunds.Store
	io.Closer
}

// books is an open store and what reads it.
type books struct {
	store   closing
	profile *profile.Profile
	*refunds.Book
	proposers map[string]*refunds.Book // by currency: see proposing
}

// Close closes the store.
func (b *books) Close() {
	_ = b.store.Close() // what was committed is durable; there is nothing else to lose
}

// openStore opens what the profile names. A SQLite file is made where there is
// none.
func openStore(p *profile.Profile) (closing, error) {
	if profile.IsPostgres(p.Store) {
		return postgres.Open(p.Store, p.Schema)
	}
	path := p.Store
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, &profile.Error{Text: fmt.Sprintf("store: %v", err)}
	}
	// Made here, so that nobody else can read it.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, &profile.Error{Text: fmt.Sprintf("store: %v", err)}
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	return sqlite.Open(path)
}

// open opens the store and a book on it. The tables of a SQLite file are made
// without asking; those of PostgreSQL are for assist db migrate.
func (a *app) open(ctx context.Context, opts ...refunds.Option) (*books, error) {
	p, err := a.settings()
	if err != nil {
		return nil, err
	}
	limit, err := p.Limit()
	if err != nil {
		return nil, err
	}
	store, err := openStore(p)
	if err != nil {
		return nil, err
	}
	all := append([]refunds.Option{refunds.Clock(a.now), refunds.Logger(a.logger())}, opts...)
	if !limit.IsZero() {
		all = append(all, refunds.AloneUpTo(limit))
	}
	book, err := refunds.NewBook(ctx, store, all...)
	if errors.Is(err, refunds.ErrSchema) && !profile.IsPostgres(p.Store) {
		if err = refunds.Migrate(ctx, store); err == nil {
			book, err = refunds.NewBook(ctx, store, all...)
		}
	}
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return &books{store, p, book, map[string]*refunds.Book{}}, nil
}

// client makes the client that asks, and that a carrier sends with. The password
// is looked for when it is first needed, and again every five minutes.
func (a *app) client(ctx context.Context, b *books, more ...assist.Option) (*assist.Client, error) {
	p, err := a.settings()
	if err != nil {
		return nil, err
	}
	if err := p.Complete(); err != nil {
		return nil, err
	}
	protocol, err := assist.ParseProtocol(p.Protocol)
	if err != nil {
		return nil, err
	}
	opts := []assist.Option{assist.WithProtocol(protocol), assist.WithLanguage(a.sdkLanguage()), assist.WithClock(a.now),
		assist.WithUserAgent("assist-cli/" + version()), assist.WithLogger(a.logger()), assist.WithCredentials(credentials(p))}
	word, err := p.SecretWord(ctx)
	if err != nil {
		return nil, err
	}
	if !word.Equal(assist.Secret{}) {
		verifier, err := assist.NewCheckValueVerifier(word, p.Merchant)
		if err != nil {
			return nil, err
		}
		opts = append(opts, assist.WithVerifier(verifier))
	}
	var balance assist.DayBalance // none: Assist is the judge of the cap
	if rates, err := p.WalletRates(); err != nil {
		return nil, err
	} else if rates != nil && b != nil {
		balance = b.DayBalance(p.Merchant, rates)
	}
	opts = append(append(opts, assist.WithWalletRules(balance)), more...)
	client, err := assist.NewClient(p.URL, assist.Credentials{MerchantID: p.Merchant, Login: p.Login}, opts...)
	if err != nil {
		return nil, &profile.Error{Text: err.Error()}
	}
	return client, nil
}

func credentials(p *profile.Profile) func(context.Context) (assist.Credentials, error) {
	var mu sync.Mutex
	var kept assist.Credentials
	var at time.Time
	return func(ctx context.Context) (assist.Credentials, error) {
		mu.Lock()
		defer mu.Unlock()
		if !at.IsZero() && time.Since(at) < 5*time.Minute {
			return kept, nil
		}
		password, err := p.Password(ctx)
		if err != nil {
			return assist.Credentials{}, err
		}
		kept, at = assist.Credentials{MerchantID: p.Merchant, Login: p.Login, Password: password}, time.Now()
		return kept, nil
	}
}

// person is who uses the program: as the profile says, or the system's user.
func (a *app) person(reason string) (refunds.Person, error) {
	p, err := a.settings()
	if err != nil {
		return refunds.Person{}, err
	}
	who := refunds.Person{ID: p.Person, Name: p.PersonName, Reason: reason}
	if who.ID == "" {
		u, err := user.Current()
		if err != nil {
			return who, &profile.Error{Text: fmt.Sprintf("who you are isn't known (%v): set person in the profile, or ASSIST_PERSON", err)}
		}
		host, err := os.Hostname()
		if err != nil {
			host = "localhost"
		}
		who.ID = "os:" + u.Username + "@" + host
		if who.Name == "" {
			who.Name = u.Username
		}
	}
	if who.Name == "" {
		who.Name = who.ID
	}
	return who, nil
}
