package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/cmd/assist/internal/exitcode"
	"github.com/assist-go/assist/cmd/assist/internal/profile"
	"github.com/spf13/cobra"
)

func profilesCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "profiles",
		Short: "list the profiles of the file of settings, without secrets",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			path := profile.Path(a.getenv)
			f, err := profile.Read(path)
			if err != nil {
				return err
			}
			for _, name := range slices.Sorted(maps.Keys(f.Profiles)) {
				p := f.Profiles[name]
				mark := ""
				if name == f.Default {
					mark = "default"
				}
				if err := a.values(name, p.URL, p.Merchant, mark); err != nil {
					return err
				}
			}
			if len(f.Profiles) == 0 {
				a.note("в %s нет профилей; создать: assist login --name shop --url … --merchant … --login …", "%s has no profiles; make one: assist login --name shop --url … --merchant … --login …", path)
			}
			return nil
		},
	}
}

func tokenCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "token FILE|-",
		Short: "say what an intent's token holds",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			from := a.In
			if args[0] != "-" {
				f, err := os.Open(args[0])
				if err != nil {
					return exitcode.New(exitcode.NotFound, "%v", err)
				}
				defer f.Close()
				from = f
			}
			text, err := io.ReadAll(io.LimitReader(from, 1<<20))
			if err != nil {
				return err
			}
			in, err := assist.ParseIntent(strings.TrimSpace(string(text)))
			if err != nil {
				return exitcode.New(exitcode.Usage, "%v", err)
			}
			return a.object(struct {
				ID         string    `json:"intent_id"`
				Merchant   string    `json:"merchant"`
				Billnumber string    `json:"billnumber"`
				Order      string    `json:"order"`
				Amount     string    `json:"amount,omitempty"`
				Full       bool      `json:"full,omitempty"`
				Sent       time.Time `json:"sent_at"`
			}{in.ID, in.MerchantID, string(in.Request.Billnumber), in.Request.OrderNumber, in.Request.Amount.String(), in.Full, in.SentAt})
		},
	}
}

// loginFlags are what assist login is told.
type loginFlags struct {
	name, url, merchant, login string
	stdin                      bool
}

func loginCommand(a *app) *cobra.Command {
	var f loginFlags
	c := &cobra.Command{
		Use:   "login --name NAME --url URL --merchant N --login LOGIN",
		Short: "make a profile: the password is asked for, tried, and kept in a file of its own",
		Long: `Make a profile in the file of settings. The password is asked for (or read from
stdin with --password-stdin), tried by a question to Assist, and kept in a file
that only you can read. A password_command of your own is better: see README.md.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.login(cmd.Context(), f) },
	}
	flags := c.Flags()
	flags.StringVar(&f.name, "name", "", "name of the profile")
	flags.StringVar(&f.url, "url", "", "the host that Assist gave you, with https")
	flags.StringVar(&f.merchant, "merchant", "", "merchant number")
	flags.StringVar(&f.login, "login", "", "login")
	flags.BoolVar(&f.stdin, "password-stdin", false, "read the password from stdin")
	return c
}

func (a *app) login(ctx context.Context, f loginFlags) error {
	path := profile.Path(a.getenv)
	file, err := profile.Read(path)
	if err != nil {
		return err
	}
	if f.name == "" || f.url == "" || f.merchant == "" || f.login == "" {
		return exitcode.New(exitcode.Usage, "%s", a.text("нужны --name, --url, --merchant и --login", "--name, --url, --merchant and --login are needed"))
	}
	if _, there := file.Profiles[f.name]; there {
		return exitcode.New(exitcode.Refused, "%s", a.text("профиль %q уже есть в %s", "%[2]s has a profile %[1]q already", f.name, path))
	}
	password, err := a.password(f.stdin)
	if err != nil {
		return err
	}
	client, err := assist.NewClient(f.url, assist.Credentials{MerchantID: f.merchant, Login: f.login, Password: assist.NewSecret(password)}, assist.WithClock(a.now))
	if err != nil {
		return exitcode.New(exitcode.Usage, "%v", err)
	}
	_, err = client.OrderState(ctx, assist.OrderQuery{OrderNumber: "assist-login", From: a.now().Add(-time.Hour)})
	if err != nil && !errors.Is(err, assist.ErrOrderNotFound) {
		return err
	}
	if err := profile.Add(path, f.name, f.url, f.merchant, f.login, password); err != nil {
		return err
	}
	a.note("принято; профиль %q записан в %s", "accepted; the profile %q is in %s", f.name, path)
	return nil
}

func (a *app) password(stdin bool) (string, error) {
	if !stdin {
		text, err := a.Secret(a.text("Пароль: ", "Password: "))
		if err == nil && text == "" {
			err = errInterrupted
		}
		return text, err
	}
	text, err := bufio.NewReader(io.LimitReader(a.In, 4096)).ReadString('\n')
	if text = strings.TrimRight(text, "\r\n"); text == "" {
		return "", exitcode.New(exitcode.Usage, "%s", a.text("на stdin нет пароля", "there is no password on stdin")).Because(err)
	}
	return text, nil
}

func auditCommand(a *app) *cobra.Command {
	c := &cobra.Command{Use: "audit", Short: "check that the history wasn't changed, and export its anchor"}
	var anchors string
	verify := &cobra.Command{
		Use:   "verify",
		Short: "check the chain over the history; ends with 3 where it is broken",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.auditVerify(cmd.Context(), anchors) },
	}
	verify.Flags().StringVar(&anchors, "anchors", "", "file with lines of assist audit export, kept elsewhere; without it a chain that was computed anew isn't seen")
	export := &cobra.Command{
		Use:   "export",
		Short: "print the head of the chain; keep it daily, outside of the database",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.auditExport(cmd.Context()) },
	}
	c.AddCommand(verify, export)
	return c
}

func (a *app) auditExport(ctx context.Context) error {
	b, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer b.Close()
	anchor, err := b.Anchor(ctx)
	if err != nil {
		return err
	}
	return a.object(anchorJSON{anchor.Number, anchor.Hash, anchor.At.UTC()})
}

func (a *app) auditVerify(ctx context.Context, path string) error {
	kept, err := readAnchors(path)
	if err != nil {
		return err
	}
	b, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer b.Close()
	v, err := b.Verify(ctx, kept...)
	if err != nil {
		return err
	}
	for _, text := range v.Broken {
		if _, err := fmt.Fprintln(a.Out, text); err != nil {
			return err
		}
	}
	a.note("проверено звеньев: %d, ещё не скреплено событий: %d, нарушений: %d", "%d links checked, %d events not linked yet, %d broken", v.Sealed, v.Unsealed, len(v.Broken))
	if len(v.Broken) > 0 {
		return exitcode.New(exitcode.Refused, "")
	}
	return nil
}
