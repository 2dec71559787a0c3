package profile

import (
	"errors"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
)

// Errors of what a store is called. None repeats what was written: a password may
// stand in it.
var (
	ErrStore = errors.New("the store is neither the path of a SQLite file (where a relative one looks like something else: ./NAME) nor a PostgreSQL URL that begins with postgres:// or postgresql://, or with host=")
	// ErrPassword: a password where the list of processes shows it.
	ErrPassword = errors.New("a password in --store shows in the list of processes; set ASSIST_STORE or store in the profile")
)

// IsPostgres tells PostgreSQL's stores from paths.
func IsPostgres(store string) bool {
	return strings.HasPrefix(store, "postgres://") || strings.HasPrefix(store, "postgresql://") || strings.HasPrefix(store, "host=")
}

// foreign is what no plain path is like: the beginning of a URL or of another
// program's name of a file, and anything that gives a value to something. Of a
// single letter it may be a drive.
var foreign = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]+:|^:|://|@|=|^~|[\x00-\x1f]|^\s|\s$`)

// Store reads what a store is called: PostgreSQL's name as it is, or the absolute path
// of a SQLite file. A relative path begins at the folder, never at wherever the program
// happens to run: the same command elsewhere would find another, empty store, and pay
// again. A slip in a URL isn't a file's name, for the same reason.
func Store(text, folder, home string) (string, error) {
	if IsPostgres(text) {
		return text, nil
	}
	path := strings.TrimPrefix(text, "sqlite:")
	if strings.HasPrefix(path, "~/") && home != "" {
		path = filepath.Join(home, path[2:])
	}
	rooted := filepath.IsAbs(path) || strings.HasPrefix(path, "./") || strings.HasPrefix(path, "../")
	switch {
	case path == "", strings.HasSuffix(path, "/"), strings.ContainsAny(path, "\x00\n\r"):
		return "", ErrStore
	case strings.HasPrefix(path, "//") && !strings.HasPrefix(path, "///"): // a host, as in sqlite://refunds.db
		return "", ErrStore
	case !rooted && foreign.MatchString(path):
		return "", ErrStore
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(folder, path)
	}
	return filepath.Abs(path)
}

// HasPassword tells whether the name of a store holds a password, however it is
// spelt. A plain path holds none.
func HasPassword(store string) bool {
	if path := strings.TrimPrefix(store, "sqlite:"); filepath.IsAbs(path) || strings.HasPrefix(path, "./") || strings.HasPrefix(path, "../") {
		return false
	}
	if strings.Contains(strings.ToLower(store), "password") {
		return true
	}
	if u, err := url.Parse(store); err == nil && u.User != nil {
		_, has := u.User.Password()
		return has
	}
	_, rest, isURL := strings.Cut(store, "://")
	who, _, hasUser := strings.Cut(rest, "@")
	return isURL && hasUser && strings.Contains(who, ":") // one that can't be read as a URL
}
