package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/assist-go/assist/cmd/assist/internal/exitcode"
	"github.com/assist-go/assist/cmd/assist/internal/profile"
	"github.com/assist-go/assist/cmd/assist/internal/terminal"
	"github.com/assist-go/assist/cmd/assist/internal/wording"
	"github.com/spf13/cobra"
)

// app is what all commands share.
type app struct {
	*terminal.Terminal
	getenv func(string) string
	now    func() time.Time

	flags   globalFlags
	lang    wording.Language
	profile *profile.Profile // once settings has read it
	began   bool             // the command was understood
}

type globalFlags struct {
	profile, store, lang          string
	json, plain, noInput, verbose bool
}

// commands are all of the program's. Each stands in a file of its own.
func commands(a *app) []*cobra.Command {
	return []*cobra.Command{
		refundCommand(a), importCommand(a), approveCommand(a), denyCommand(a), cancelCommand(a),
		orderCommand(a), checkCommand(a), listCommand(a), showCommand(a), waitCommand(a), balanceCommand(a), reconcileCommand(a), exportCommand(a),
		resolveCommand(a), decideCommand(a),
		workerCommand(a), simulatorCommand(a), doctorCommand(a),
		loginCommand(a), profilesCommand(a), auditCommand(a), dbCommand(a), releaseCommand(a), serverCommand(a),
		codesCommand(a), tokenCommand(a),
		versionCommand(a),
		deskCommand(a), userCommand(a),
	}
}

// run is the program.
func (a *app) run(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitcode.Done
	}
	if !a.began {
		a.lang = a.language("")
		return a.report(a.usage(err))
	}
	return a.report(a.explain(err))
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "assist",
		Short:         "refunds through the Assist gateway, and whether the money moved",
		Long:          rootHelp,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if a.flags.lang != "" {
				if _, ok := wording.Parse(a.flags.lang); !ok {
					return exitcode.New(exitcode.Usage, "--lang must be ru or en")
				}
			}
			if a.flags.json && a.flags.plain {
				return exitcode.New(exitcode.Usage, "--json and --plain exclude each other")
			}
			a.began = true
			a.lang = a.language("")
			a.NoInput = a.flags.noInput
			return nil
		},
	}
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	flags := root.PersistentFlags()
	flags.StringVar(&a.flags.profile, "profile", "", "profile of the file of settings (ASSIST_PROFILE)")
	flags.StringVar(&a.flags.store, "store", "", "where refunds are kept: a SQLite file, or a PostgreSQL URL without a password (ASSIST_STORE, whose relative path begins at the folder of the settings)")
	flags.StringVar(&a.flags.lang, "lang", "", "ru or en (ASSIST_LANG)")
	flags.BoolVar(&a.flags.json, "json", false, "data as JSON: one object, or one a line")
	flags.BoolVar(&a.flags.plain, "plain", false, "data as values with tabs between, without headings")
	flags.BoolVar(&a.flags.noInput, "no-input", false, "ask nothing; what would have to be asked is an error")
	flags.BoolVarP(&a.flags.verbose, "verbose", "v", false, "log what is asked and sent, without secrets")
	root.AddCommand(commands(a)...)
	return root
}

const rootHelp = `Give money back through the Assist gateway, and know whether it moved.

Exit codes, for scripts:
  0    done, or the question was answered
  1    something else failed; this command sent nothing
  2    the command can't be understood, or somebody would have to be asked
  3    refused by Assist or by a rule; no money moved
  4    credentials or settings; this command sent nothing
  5    not found
  10   accepted, not finished: in process, queued, or waiting for approval; and of
       an import: some rows are back and others aren't, as its file of results says
  20   the money may have moved, or has in spite of what was asked or decided. Never
       make it a new refund; look: assist show ID
  75   this command sent nothing; the same command may be repeated
  130  interrupted before this command sent anything

Of a refund that is stored already, a command that changes nothing ends with what is
true of that refund: approve of one that goes is 10, cancel of one that is done 20.`

// language goes by the flag, the environment, the profile, and the locale.
func (a *app) language(ofProfile string) wording.Language {
	for _, text := range []string{a.flags.lang, a.getenv("ASSIST_LANG"), ofProfile} {
		if l, ok := wording.Parse(text); ok {
			return l
		}
	}
	return wording.OfLocale(a.getenv)
}

// text puts words into the language, with values in their places.
func (a *app) text(ru, en string, args ...any) string {
	return fmt.Sprintf(wording.Words{RU: ru, EN: en}.In(a.lang), args...)
}

// note tells a person something: stdout is for data.
func (a *app) note(ru, en string, args ...any) {
	_, _ = io.WriteString(a.Err, a.text(ru, en, args...)+"\n") // who doesn't read it misses nothing but the text
}

// report shows how the program ends, and gives its code.
func (a *app) report(err *exitcode.Error) int {
	if err.Text != "" {
		_, _ = io.WriteString(a.Err, "assist: "+err.Text+"\n")
	}
	for _, next := range err.Next {
		_, _ = io.WriteString(a.Err, "  "+next+"\n")
	}
	return err.Code
}

// usage is an error of what was typed.
func (a *app) usage(err error) *exitcode.Error {
	if e, ok := errors.AsType[*exitcode.Error](err); ok {
		return e
	}
	return exitcode.New(exitcode.Usage, "%v", err).Then("%s", a.text("справка: assist --help", "help: assist --help"))
}
