package desk

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"strings"
	"time"

	"github.com/assist-go/assist"
)

// Option changes a desk. One that can't be met makes [New] fail.
type Option func(*desk) error

// Under mounts the desk below a path: "/admin/refunds/". The host hands it the
// whole path, as http.ServeMux does without http.StripPrefix. The default is "/".
func Under(path string) Option {
	return func(d *desk) error {
		if !strings.HasPrefix(path, "/") || !strings.HasSuffix(path, "/") || strings.ContainsAny(path, "?#{} ") || strings.Contains(path, "//") {
			return fmt.Errorf("desk: Under(%q): a path that begins and ends with a slash is needed", path)
		}
		d.base = path
		return nil
	}
}

// TrustedOrigin lets forms come from this address too: the public one, such as
// "https://shop.example", where a proxy in front of plain HTTP changes the Host
// header.
func TrustedOrigin(origin string) Option {
	return func(d *desk) error { return d.cross.AddTrustedOrigin(origin) }
}

// LoginPage is where somebody who isn't signed in is sent to: a path or an
// address. Without it they see a page with status 401.
func LoginPage(address string) Option {
	return func(d *desk) error {
		if _, err := url.Parse(address); err != nil || address == "" {
			return errors.New("desk: LoginPage: an address is needed")
		}
		d.login = address
		return nil
	}
}

// LogoutPage is where the button for leaving posts to.
func LogoutPage(address string) Option {
	return func(d *desk) error { d.logout = address; return nil }
}

// WalletRates are what the bank keeps of the payments on each wallet, in parts
// per million: those that Book.DayBalance was given. With them the desk shows the
// wallets' day balances and says before what is more.
func WalletRates(rates map[assist.Wallet]int) Option {
	return func(d *desk) error { d.rates = maps.Clone(rates); return nil }
}

// OrderPrefixes are what order numbers begin with, such as "A-", so that a person
// can type "20481" for "A-20481".
func OrderPrefixes(prefixes ...string) Option {
	return func(d *desk) error { d.prefixes = prefixes; return nil }
}

// PostsPerHour bounds what one person sends in an hour, in this process. The
// default is 60.
func PostsPerHour(n int) Option {
	return func(d *desk) error {
		if n < 1 {
			return errors.New("desk: PostsPerHour: at least 1 is needed")
		}
		d.limits.perHour = n
		return nil
	}
}

// DaySum bounds what one person asks for in a Moscow day, over all payments in
// the amount's currency, counted in the store. The default is no bound.
func DaySum(limit assist.Money) Option {
	return func(d *desk) error { d.daySum = limit; return nil }
}

// Logger gets one record for each request that changed something or failed: by
// the person's id, without anything that was typed. The default is no log.
func Logger(l *slog.Logger) Option {
	return func(d *desk) error {
		if l == nil {
			return errors.New("desk: Logger: nil")
		}
		d.log = l
		return nil
	}
}

// Notice shows a line above every page: "test system". It leads to an address,
// unless that is empty.
func Notice(russian, english, address string) Option {
	return func(d *desk) error { d.notice, d.noticeLink = words{russian, english}, address; return nil }
}

// Clock replaces time.Now, for tests. It should be the book's.
func Clock(now func() time.Time) Option {
	return func(d *desk) error { d.now = now; return nil }
}
