package demo

import (
	"net/http"

	"github.com/assist-go/assist/desk"
	"github.com/assist-go/assist/refunds"
)

const userCookie = "demo-user"

// Names of the persons that a visitor can be.
var names = []string{"anna", "boris", "vera", "glafira", "dmitry"}

func users() map[string]desk.User {
	return map[string]desk.User{
		"anna":    {ID: "demo:anna", Name: "Анна Л.", Role: desk.Operator},
		"boris":   {ID: "demo:boris", Name: "Борис К.", Role: desk.Senior},
		"vera":    {ID: "demo:vera", Name: "Вера Т.", Role: desk.Senior},
		"glafira": {ID: "demo:glafira", Name: "Глафира М.", Role: desk.Admin},
		"dmitry":  {ID: "demo:dmitry", Name: "Дмитрий, бухгалтерия", Role: desk.Viewer, Export: true},
	}
}

// user is whoever the visitor has chosen to be: Boris at first.
func (w *World) user(r *http.Request) (desk.User, error) {
	name := "boris"
	if c, err := r.Cookie(userCookie); err == nil {
		name = c.Value
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if u, ok := w.users[name]; ok {
		return u, nil
	}
	return desk.User{}, desk.ErrNotSignedIn
}

// Remove takes a person's rights away, as a host's user administration does.
func (w *World) Remove(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.users, name)
}

// Person is one of the demo's, for what happened before the visitor came.
func (w *World) Person(name, reason string) refunds.Person {
	u := users()[name]
	return refunds.Person{ID: u.ID, Name: u.Name, Reason: reason}
}
