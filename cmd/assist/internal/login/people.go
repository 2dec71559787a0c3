// Package login says who sits at the desk: by passwords of its own, by OpenID
// Connect, or by a header of a proxy that is known.
package login

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/assist-go/assist/cmd/assist/internal/ownfile"
	"github.com/assist-go/assist/desk"
)

// User is a person in the file of users.
type User struct {
	Name   string `json:"name"` // what is typed at the login, or what a proxy or provider says
	ID     string `json:"id"`   // never given to somebody else again
	Full   string `json:"full"`
	Role   string `json:"role"`
	Export bool   `json:"export,omitempty"`
	Hash   string `json:"hash,omitempty"` // of the password; empty where another way leads in
}

// Roles are the words for roles.
var Roles = map[string]desk.Role{"viewer": desk.Viewer, "operator": desk.Operator, "senior": desk.Senior, "admin": desk.Admin}

func (u User) atDesk() desk.User {
	return desk.User{ID: u.ID, Name: u.Full, Role: Roles[u.Role], Export: u.Export}
}

const longestName = 64

// Errors of the file of users.
var (
	ErrThere   = errors.New("there is a user of that name")
	ErrNotHere = errors.New("there is no user of that name")
	ErrRole    = errors.New("the role must be viewer, operator, senior or admin")
	ErrName    = errors.New("a name is of 1 to 64 letters, digits and @ . - _")
)

// People is the file of users. It is read again when it has changed, so that who
// is removed is out at the next click.
type People struct {
	path string

	mu   sync.Mutex
	read time.Time
	size int64
	all  []User
}

// Open reads the file; one that isn't there has no users.
func Open(path string) (*People, error) {
	p := &People{path: path}
	_, err := p.list()
	return p, err
}

// list gives the users as the file has them now.
func (p *People) list() ([]User, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	info, err := os.Stat(p.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		p.all, p.read, p.size = nil, time.Time{}, 0
		return nil, nil
	case err != nil:
		return nil, err
	case info.ModTime().Equal(p.read) && info.Size() == p.size:
		return p.all, nil
	}
	if err := ownfile.Check(info); err != nil {
		return nil, fmt.Errorf("%s: %w", p.path, err)
	}
	text, err := os.ReadFile(p.path)
	if err != nil {
		return nil, err
	}
	var all []User
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("%s: %w", p.path, err)
	}
	p.all, p.read, p.size = all, info.ModTime(), info.Size()
	return all, nil
}

// Find gives a user by name.
func (p *People) Find(name string) (User, error) {
	all, err := p.list()
	if err != nil {
		return User{}, err
	}
	for _, u := range all {
		if u.Name == name {
			return u, nil
		}
	}
	return User{}, ErrNotHere
}

// List gives all users, without what proves who they are.
func (p *People) List() ([]User, error) {
	all, err := p.list()
	all = slices.Clone(all)
	for i := range all {
		all[i].Hash = ""
	}
	return all, err
}

// Add adds a user. The password may be empty: then only a proxy or a provider of
// identities leads in.
func (p *People) Add(u User, password string) error {
	if u.Name == "" || len(u.Name) > longestName || strings.Trim(u.Name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@.-_") != "" {
		return ErrName
	}
	if _, ok := Roles[u.Role]; !ok {
		return ErrRole
	}
	if u.Full == "" {
		u.Full = u.Name
	}
	var suffix [6]byte
	_, _ = rand.Read(suffix[:])
	u.ID = "desk:" + u.Name + "#" + hex.EncodeToString(suffix[:])
	if password != "" {
		var err error
		if u.Hash, err = hash(password); err != nil {
			return err
		}
	}
	return p.change(func(all []User) ([]User, error) {
		if slices.ContainsFunc(all, func(one User) bool { return one.Name == u.Name }) {
			return nil, ErrThere
		}
		return append(all, u), nil
	})
}

// SetRole gives a user another role.
func (p *People) SetRole(name, role string) error {
	if _, ok := Roles[role]; !ok {
		return ErrRole
	}
	return p.one(name, func(u *User) { u.Role = role })
}

// SetPassword gives a user another password.
func (p *People) SetPassword(name, password string) error {
	h, err := hash(password)
	if err != nil {
		return err
	}
	return p.one(name, func(u *User) { u.Hash = h })
}

// Remove takes a user out. Their id is never given again.
func (p *People) Remove(name string) error {
	return p.change(func(all []User) ([]User, error) {
		left := slices.DeleteFunc(slices.Clone(all), func(u User) bool { return u.Name == name })
		if len(left) == len(all) {
			return nil, ErrNotHere
		}
		return left, nil
	})
}

func (p *People) one(name string, f func(*User)) error {
	return p.change(func(all []User) ([]User, error) {
		all = slices.Clone(all)
		for i := range all {
			if all[i].Name == name {
				f(&all[i])
				return all, nil
			}
		}
		return nil, ErrNotHere
	})
}

// change writes the file anew, whole or not at all.
func (p *People) change(f func([]User) ([]User, error)) error {
	all, err := p.list()
	if err != nil {
		return err
	}
	if all, err = f(all); err != nil {
		return err
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(p.path), 0o700); err != nil {
		return err
	}
	fresh, err := os.CreateTemp(filepath.Dir(p.path), ".users-*") // made with 0600
	if err != nil {
		return err
	}
	_, err = fresh.Write(append(text, '\n'))
	err = errors.Join(err, fresh.Sync(), fresh.Close())
	if err == nil {
		err = os.Rename(fresh.Name(), p.path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(fresh.Name()))
	}
	p.mu.Lock()
	p.read = time.Time{}
	p.mu.Unlock()
	return nil
}
