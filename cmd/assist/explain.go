package main

import (
	"context"
	"errors"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/cmd/assist/internal/exitcode"
	"github.com/assist-go/assist/cmd/assist/internal/profile"
	"github.com/assist-go/assist/cmd/assist/internal/terminal"
	"github.com/assist-go/assist/refunds"
)

// explain gives an error its code and its words. No error that comes here is of a
// cancel: what became of one stands in the store.
func (a *app) explain(err error) *exitcode.Error {
	if e, ok := errors.AsType[*exitcode.Error](err); ok {
		return e
	}
	for _, known := range []func(error) *exitcode.Error{a.explainStop, a.explainSettings, a.explainBook, a.explainAssist} {
		if e := known(err); e != nil {
			return e.Because(err)
		}
	}
	return exitcode.New(exitcode.Failed, "%v", err)
}

func (a *app) explainStop(err error) *exitcode.Error {
	switch {
	case errors.Is(err, errInterrupted), errors.Is(err, context.Canceled):
		return exitcode.New(exitcode.Interrupted, "%s", a.text("прервано; ничего не отправлено", "interrupted; nothing was sent"))
	case errors.Is(err, terminal.ErrNobody):
		return exitcode.New(exitcode.Usage, "%s", a.text("нужен ответ человека, а спросить некого", "somebody would have to be asked, and nobody can be"))
	}
	return nil
}

func (a *app) explainSettings(err error) *exitcode.Error {
	if wrong, ok := errors.AsType[*profile.Error](err); ok {
		return exitcode.New(exitcode.Settings, "%v", wrong)
	}
	if other, ok := errors.AsType[*refunds.ServerError](err); ok {
		return exitcode.New(exitcode.Settings, "%s", a.text("не отправлено: возвраты %s уходили на %s, а в настройках %s", "not sent: refunds of %s were sent to %s, and the settings name %s", other.MerchantID, other.Server, other.Client)).
			Then("%s", a.text("магазин переехал: assist server %s --why …", "the merchant has moved: assist server %s --why …", other.Client))
	}
	switch {
	case errors.Is(err, refunds.ErrSchema):
		return exitcode.New(exitcode.Settings, "%v", err).Then("assist db migrate")
	case errors.Is(err, refunds.ErrNotDurable), errors.Is(err, refunds.ErrIndexKey):
		return exitcode.New(exitcode.Settings, "%v", err)
	case errors.Is(err, assist.ErrAuthentication):
		return exitcode.New(exitcode.Settings, "%s", a.text("Assist не принимает логин или пароль", "Assist doesn't take the login or the password")).Then("assist doctor")
	}
	return nil
}

func (a *app) explainBook(err error) *exitcode.Error {
	switch {
	case errors.Is(err, refunds.ErrNotFound):
		return exitcode.New(exitcode.NotFound, "%s", a.text("нет такого возврата", "no such refund"))
	case errors.Is(err, refunds.ErrKeyTaken):
		return exitcode.New(exitcode.Refused, "%s", a.text("этот ключ занят другим возвратом; ничего не отправлено", "the key belongs to another refund; nothing was sent"))
	case errors.Is(err, refunds.ErrMeanwhile):
		return exitcode.New(exitcode.Refused, "%s", a.text("не отправлено: тем временем сохранён ещё один возврат этого платежа", "not sent: another refund of this payment has been stored meanwhile"))
	case errors.Is(err, refunds.ErrSamePerson):
		return exitcode.New(exitcode.Refused, "%s", a.text("нужен другой человек: не тот, кто попросил или решил", "another person is needed than who asked or decided"))
	case errors.Is(err, refunds.ErrExpired):
		return exitcode.New(exitcode.Refused, "%s", a.text("предложение просрочено", "the proposal has expired"))
	case errors.Is(err, refunds.ErrTooEarly):
		return exitcode.New(exitcode.Refused, "%s", a.text("отмена ещё может быть в пути; решить можно через два часа после отправки", "the cancel may still be on its way; decide two hours after it was sent"))
	case errors.Is(err, refunds.ErrUnderWay):
		return exitcode.New(exitcode.NotFinished, "%s", a.text("что-то могло быть уже отправлено, отозвать нельзя", "something of it may have been sent, so it can't be taken back"))
	case errors.Is(err, refunds.ErrState):
		return exitcode.New(exitcode.Refused, "%s", a.text("в этом состоянии так нельзя: %v", "its state doesn't allow that: %v", err))
	}
	if invalid, ok := errors.AsType[*refunds.InvalidError](err); ok {
		return exitcode.New(exitcode.Usage, "%s: %s", invalid.Field, invalid.Reason)
	}
	return nil
}

func (a *app) explainAssist(err error) *exitcode.Error {
	if rule, ok := errors.AsType[*assist.WalletRuleError](err); ok {
		return exitcode.New(exitcode.Refused, "%s", a.text("не отправлено: %s", "not sent: %s", rule.Text(a.sdkLanguage())))
	}
	switch {
	case errors.Is(err, assist.ErrOrderNotFound):
		return exitcode.New(exitcode.NotFound, "%s", a.text("Assist не знает такого заказа за последний год", "Assist knows no such order of the last year")).
			Then("%s", a.text("заказ старше: --date с днём заказа", "an older one: --date with the day of the order"))
	case errors.As(err, new(*assist.ValidationError)):
		return exitcode.New(exitcode.Usage, "%v", err)
	}
	if refused, ok := errors.AsType[*assist.APIError](err); ok {
		return exitcode.New(exitcode.Failed, "%s", a.text("Assist ответил отказом %d/%d: %s", "Assist refused with %d/%d: %s", refused.First, refused.Second, refused.Meaning(a.sdkLanguage())))
	}
	if errors.As(err, new(*assist.FollowError)) {
		return exitcode.New(exitcode.NotSent, "%s", a.text("Assist не ответил; ничего не отправлено, команду можно повторить: %v", "Assist gave no answer; nothing was sent, and the command may be repeated: %v", err))
	}
	return nil
}
