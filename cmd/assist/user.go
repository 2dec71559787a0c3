package main

import (
	"errors"
	"path/filepath"

	"github.com/assist-go/assist/cmd/assist/internal/exitcode"
	"github.com/assist-go/assist/cmd/assist/internal/login"
	"github.com/assist-go/assist/cmd/assist/internal/profile"
	"github.com/spf13/cobra"
)

// usersPath is the file of the desk's users: the flag's, ASSIST_USERS, or beside
// the settings.
func (a *app) usersPath(flag string) string {
	if flag == "" {
		flag = a.getenv("ASSIST_USERS")
	}
	if flag == "" {
		flag = filepath.Join(filepath.Dir(profile.Path(a.getenv)), "users.json")
	}
	return flag
}

func userCommand(a *app) *cobra.Command {
	var path string
	c := &cobra.Command{Use: "user", Short: "who may sit at the desk, and what they may"}
	c.PersistentFlags().StringVar(&path, "users", "", "file of users (ASSIST_USERS); beside the settings when empty")
	people := func() (*login.People, error) { return login.Open(a.usersPath(path)) }

	var u login.User
	var stdin, none bool
	add := &cobra.Command{
		Use:   "add NAME --role ROLE",
		Short: "add a user; the password is asked for",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			p, err := people()
			if err != nil {
				return a.explainUser(err)
			}
			u.Name = args[0]
			password := ""
			if !none {
				if password, err = a.password(stdin); err != nil {
					return err
				}
			}
			if err := p.Add(u, password); err != nil {
				return a.explainUser(err)
			}
			a.note("добавлен(а) %s: %s", "%s was added: %s", u.Name, u.Role)
			return nil
		},
	}
	add.Flags().StringVar(&u.Role, "role", "", "viewer, operator, senior or admin")
	add.Flags().StringVar(&u.Full, "full", "", "the name that colleagues see")
	add.Flags().BoolVar(&u.Export, "export", false, "may take lists out")
	add.Flags().BoolVar(&stdin, "password-stdin", false, "read the password from stdin")
	add.Flags().BoolVar(&none, "no-password", false, "comes by a proxy alone")
	c.AddCommand(add, a.userRole(people), a.userPassword(people), a.userRemove(people), a.userList(people))
	return c
}

func (a *app) userRole(people func() (*login.People, error)) *cobra.Command {
	return &cobra.Command{Use: "role NAME ROLE", Short: "give a user another role", Args: cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			p, err := people()
			if err == nil {
				err = p.SetRole(args[0], args[1])
			}
			return a.explainUser(err)
		}}
}

func (a *app) userPassword(people func() (*login.People, error)) *cobra.Command {
	var stdin bool
	c := &cobra.Command{Use: "password NAME", Short: "give a user another password", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			p, err := people()
			if err != nil {
				return a.explainUser(err)
			}
			password, err := a.password(stdin)
			if err != nil {
				return err
			}
			return a.explainUser(p.SetPassword(args[0], password))
		}}
	c.Flags().BoolVar(&stdin, "password-stdin", false, "read the password from stdin")
	return c
}

func (a *app) userRemove(people func() (*login.People, error)) *cobra.Command {
	return &cobra.Command{Use: "remove NAME", Short: "take a user out; they are out at their next click", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			p, err := people()
			if err == nil {
				err = p.Remove(args[0])
			}
			return a.explainUser(err)
		}}
}

func (a *app) userList(people func() (*login.People, error)) *cobra.Command {
	return &cobra.Command{Use: "list", Short: "list the users", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			p, err := people()
			if err != nil {
				return a.explainUser(err)
			}
			all, err := p.List()
			if err != nil {
				return a.explainUser(err)
			}
			for _, u := range all {
				export := ""
				if u.Export {
					export = "export"
				}
				if err := a.values(u.Name, u.Role, u.Full, u.ID, export); err != nil {
					return err
				}
			}
			return nil
		}}
}

// explainUser gives the errors of the file of users their codes.
func (a *app) explainUser(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, login.ErrNotHere):
		return exitcode.New(exitcode.NotFound, "%s", a.text("такого пользователя нет", "there is no such user"))
	case errors.Is(err, login.ErrThere):
		return exitcode.New(exitcode.Refused, "%s", a.text("такой пользователь уже есть", "there is such a user already"))
	case errors.Is(err, login.ErrRole), errors.Is(err, login.ErrName), errors.Is(err, login.ErrWeak):
		return exitcode.New(exitcode.Usage, "%v", err)
	}
	return exitcode.New(exitcode.Settings, "%v", err)
}
