package main

import (
	"github.com/assist-go/assist"
	"github.com/assist-go/assist/cmd/assist/internal/wording"
	"github.com/assist-go/assist/refunds"
)

var eventWords = map[refunds.EventKind]wording.Words{
	refunds.Enqueued:          {RU: "поставлен в очередь", EN: "enqueued"},
	refunds.ProposedByPerson:  {RU: "запрошен", EN: "asked for"},
	refunds.Approved:          {RU: "одобрен", EN: "approved"},
	refunds.DeniedByPerson:    {RU: "не одобрен", EN: "denied"},
	refunds.Expired:           {RU: "срок одобрения прошёл", EN: "approval expired"},
	refunds.WithdrawnByPerson: {RU: "отозван", EN: "taken back"},
	refunds.Sending:           {RU: "отправляется", EN: "sending"},
	refunds.PersonNeeded:      {RU: "нужен человек", EN: "person needed"},
	refunds.Taken:             {RU: "взят в работу", EN: "taken"},
	refunds.DecisionProposed:  {RU: "решение предложено", EN: "decision proposed"},
	refunds.DecisionConfirmed: {RU: "решение подтверждено", EN: "decision confirmed"},
	refunds.Decided:           {RU: "решение исполнено", EN: "decided"},
	refunds.DecisionRefused:   {RU: "решение отклонено", EN: "decision refused"},
	refunds.MovedLate:         {RU: "ДЕНЬГИ УШЛИ ПОЗЖЕ", EN: "MONEY MOVED LATE"},
	refunds.MerchantPaused:    {RU: "магазин на паузе", EN: "merchant paused"},
	refunds.MerchantResumed:   {RU: "пауза окончена", EN: "merchant resumed"},
	refunds.MerchantHeld:      {RU: "магазин придержан", EN: "merchant held"},
	refunds.MerchantReleased:  {RU: "магазин отпущен", EN: "merchant released"},
	refunds.LateSeen:          {RU: "с деньгами разобрались", EN: "late money dealt with"},
	refunds.Strange:           {RU: "ЧУЖАЯ ОТМЕНА", EN: "STRANGE CANCEL"},
	refunds.OtherServer:       {RU: "другой сервер Assist", EN: "another server"},
	refunds.Exported:          {RU: "выгружено", EN: "exported"},
	refunds.Purged:            {RU: "удалён", EN: "purged"},
}

var stateWords = map[refunds.State]wording.Words{
	refunds.Pending:   {RU: "в очереди", EN: "queued"},
	refunds.Sent:      {RU: "исход неизвестен", EN: "unknown"},
	refunds.InProcess: {RU: "в обработке", EN: "in process"},
	refunds.Done:      {RU: "исполнен", EN: "done"},
	refunds.Refused:   {RU: "отказано", EN: "refused"},
	refunds.Withdrawn: {RU: "отозван", EN: "taken back"},
	refunds.GivenUp:   {RU: "закрыт", EN: "given up"},
	refunds.Denied:    {RU: "не одобрен", EN: "denied"},
	refunds.Proposed:  {RU: "ждёт одобрения", EN: "awaiting approval"},
}

// happened is an event in a word or two. What became known is told by the state that
// the refund came to.
func (a *app) happened(e refunds.Event) string {
	if e.Kind == refunds.Known {
		if w, ok := stateWords[e.To]; ok {
			return w.In(a.lang)
		}
	}
	if w, ok := eventWords[e.Kind]; ok {
		return w.In(a.lang)
	}
	return string(e.Kind) // of a newer version of the store
}

// outcomeText is what a cancel's outcome proves.
func (a *app) outcomeText(o assist.Outcome) string {
	return a.text("%[2]s", "%[1]s", o, map[assist.Outcome]string{assist.Accepted: "принято", assist.Rejected: "отказано", assist.NotSent: "не отправлено"}[o]+
		map[bool]string{true: "неизвестно"}[o == assist.Unknown])
}

var waitsWords = map[refunds.Waits]wording.Words{
	refunds.ForTurn: {RU: "своей очереди", EN: "its turn"}, refunds.ForRest: {RU: "отдыха платежа", EN: "the payment's rest"},
	refunds.ForPayment: {RU: "другой отмены платежа", EN: "another cancel of the payment"}, refunds.ForEarlier: {RU: "более раннего возврата платежа", EN: "an earlier refund of the payment"},
	refunds.ForTime: {RU: "своего времени", EN: "its time"}, refunds.ForMoney: {RU: "баланса дня", EN: "the day balance"}, refunds.ForConnection: {RU: "связи", EN: "a connection"},
	refunds.ForSettings: {RU: "настроек магазина", EN: "the merchant's settings"}, refunds.ForOutcome: {RU: "исхода", EN: "its outcome"},
	refunds.ForPerson: {RU: "человека", EN: "a person"}, refunds.ForApproval: {RU: "одобрения", EN: "an approval"},
}

// waitsFor says what a refund waits for.
func (a *app) waitsFor(w refunds.Waits) string {
	if words, ok := waitsWords[w]; ok {
		return words.In(a.lang)
	}
	return w.String()
}
