package main

import (
	"context"
	"errors"
	"time"

	"github.com/assist-go/assist/cmd/assist/internal/exitcode"
	"github.com/assist-go/assist/cmd/assist/internal/profile"
	"github.com/assist-go/assist/cmd/assist/internal/verdict"
	"github.com/assist-go/assist/refunds"
)

// An error of the store may come after the commit: the answer was lost, and the
// change is made; or it is made later, when what a network held back arrives. So
// "nothing was stored" is never said on an error alone.

// surelyFor is how long a change is tried whose commit isn't known about. A
// transaction that is still open at the server holds the rows that the repeat
// waits for, so an answer to the repeat is an answer about the first, too.
const surelyFor = 45 * time.Second

// surely makes a change of the store, and makes it again when it isn't known whether
// it was made: every change here is one that the store makes once, by its key or by
// the state that it leads from. It gives nil or what the store has refused it by; then
// repeated tells that an earlier try may be what it was refused for. Any other error
// means that it isn't known. A signal doesn't cut a change short.
func (a *app) surely(ctx context.Context, change func(context.Context) error) (repeated bool, err error) {
	most := surelyFor
	if a.profile == nil || !profile.IsPostgres(a.profile.Store) {
		most = time.Second // nothing is under way to a file: what isn't in it won't come
	}
	ctx, end := context.WithTimeout(context.WithoutCancel(ctx), most)
	defer end()
	for pause := lookEvery; ; pause *= 2 {
		if err = change(ctx); err == nil || refusedByStore(err) {
			return repeated, err
		}
		if !repeated {
			a.note("хранилище ответило ошибкой, и сделано ли изменение, неизвестно; проверяю (до %s): %v", "the store gave an error, and it isn't known whether the change is made; looking again (for up to %s): %v", most, err)
		}
		repeated = true
		select {
		case <-time.After(min(pause, 5*time.Second)):
		case <-ctx.Done():
			return repeated, err
		}
	}
}

// refusedByStore tells an error by which the store says that it hasn't made a change.
func refusedByStore(err error) bool {
	for _, no := range []error{refunds.ErrKeyTaken, refunds.ErrSamePerson, refunds.ErrExpired, refunds.ErrTooEarly, refunds.ErrUnderWay, refunds.ErrState,
		refunds.ErrNotFound, refunds.ErrNotDurable, refunds.ErrSchema, refunds.ErrNotReconciled} {
		if errors.Is(err, no) {
			return true
		}
	}
	return errors.As(err, new(*refunds.InvalidError))
}

// beside gives an error of a command about refunds the code that is true of them as
// they stand: see [verdict.Verdict.Beside]. Of several it is the worst.
func (a *app) beside(err error, all ...*refunds.Record) error {
	e := *a.explain(err)
	e.Next = append([]string(nil), e.Next...)
	own := e.Code
	for _, r := range all {
		v := verdict.Of(r)
		if code := v.Beside(own); code != own && worse(code, e.Code) {
			e.Code = code
		}
		e.Then("%s  %s", verdict.ID(r.ID), v.Text.In(a.lang))
	}
	return &e
}

// notKnown is for a change of one refund of which it can't be found out whether it
// was made.
func (a *app) notKnown(id refunds.ID, err error) error {
	return exitcode.New(exitcode.Unknown, "%s", a.text("хранилище не отвечает, и сделано ли изменение, неизвестно: возврат мог уйти или ещё уйдёт (%v)", "the store gives no answer, and it isn't known whether the change is made: the refund may have gone, or may yet (%v)", err)).
		Then("assist show %s", verdict.ID(id)).Because(err)
}
