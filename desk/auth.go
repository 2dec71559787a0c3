package desk

import (
	"errors"
	"net/http"
)

// Auth tells who a request is from. It is asked for every request, so a person
// who is removed is out at the next click. It must be safe for concurrent use.
type Auth interface {
	// User tells who sent the request. [ErrNotSignedIn] leads to the login
	// ([LoginPage]); any other error is answered with 503, and nothing is shown.
	User(r *http.Request) (User, error)
}

// AuthFunc makes a function an Auth.
type AuthFunc func(r *http.Request) (User, error)

// User implements [Auth].
func (f AuthFunc) User(r *http.Request) (User, error) { return f(r) }

// ErrNotSignedIn: the request is from nobody who is known.
var ErrNotSignedIn = errors.New("desk: not signed in")

// User is a person at the desk.
type User struct {
	// ID names the person for ever (issuer and subject, or a staff number): it is
	// what is compared where two persons are needed. Required.
	ID string
	// Name is what colleagues and the history show. Required.
	Name string
	Role Role
	// Export lets the person take lists out of the store, whatever the role is. An
	// admin may without it.
	Export bool
}

// Role is what a person may do; each may all that those below it may.
type Role int

// The roles. The zero value may nothing.
const (
	Nobody   Role = iota
	Viewer        // sees refunds
	Operator      // asks for refunds, and takes back their own that weren't sent
	Senior        // approves others' refunds, decides unknown ones, takes back any, sees the history of all
	Admin         // stops and starts the sending
)

// String gives the role in English.
func (r Role) String() string { return r.words()[1] }

func (r Role) words() [2]string {
	switch r {
	case Viewer:
		return [2]string{"смотрит", "viewer"}
	case Operator:
		return [2]string{"сотрудник", "operator"}
	case Senior:
		return [2]string{"старший", "senior"}
	case Admin:
		return [2]string{"администратор", "admin"}
	}
	return [2]string{"без прав", "nobody"}
}

// MayExport tells whether the person may take lists out of the store.
func (u User) MayExport() bool { return u.Role >= Viewer && u.Export || u.Role >= Admin }
