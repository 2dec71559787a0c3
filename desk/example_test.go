package desk_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/assist-go/assist/desk"
)

// shopUser is a user of the program that has an admin already.
type shopUser struct {
	id      int
	name    string
	support bool
	lead    bool
}

// The desk stands in another program's admin, under /admin/refunds/, with that
// program's users.
func ExampleNew_mounted() {
	w, end := exampleWorld()
	defer end()
	book, client := w.Book, w.Client // the program's own: refunds.NewBook, assist.NewClient

	signedIn := func(r *http.Request) (shopUser, bool) { // the program's own session
		return shopUser{id: 7, name: "Olga", support: true, lead: true}, true
	}
	auth := desk.AuthFunc(func(r *http.Request) (desk.User, error) {
		u, ok := signedIn(r)
		if !ok || !u.support {
			return desk.User{}, desk.ErrNotSignedIn
		}
		role := desk.Operator
		if u.lead {
			role = desk.Senior
		}
		return desk.User{ID: fmt.Sprint("admin:", u.id), Name: u.name, Role: role}, nil
	})
	refundDesk, err := desk.New(book, client, auth, desk.Under("/admin/refunds/"), desk.LoginPage("/admin/login"))
	if err != nil {
		fmt.Println(err)
		return
	}
	admin := http.NewServeMux()
	admin.Handle("/admin/refunds/", refundDesk)

	answer := httptest.NewRecorder()
	admin.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/admin/refunds/", nil))
	fmt.Println(answer.Code, strings.Contains(answer.Body.String(), `href="/admin/refunds/new"`), strings.Contains(answer.Body.String(), "Olga"))
	// Output: 200 true true
}
