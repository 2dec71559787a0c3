package desk

import (
	"strings"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds"
)

// line is one event in words.
type line struct {
	At, Text, Why, Who, Evidence, Tone string
	Refund                             refunds.ID // in the history of all
	Number                             string
}

func (d *desk) timeline(history []refunds.Event, r *refunds.Record, p *page) []line {
	lost := map[string]refunds.Attempt{}
	for _, a := range r.Attempts {
		if a.Told.IsZero() && a.Detail != "" {
			lost[a.IntentID] = a
		}
	}
	all := make([]line, 0, len(history)+len(lost))
	for _, e := range history {
		all = append(all, lineOf(e, p))
		if a, ok := lost[e.IntentID]; ok && e.Kind == refunds.Sending {
			// That an answer was lost is no event of the store: it is the lack of one.
			all = append(all, line{At: p.Exact(a.Begun), Text: p.T("Ответ Assist потерялся: исход не известен", "Assist's answer was lost: the outcome isn't known"), Who: p.T("система", "system"), Tone: "warn"})
		}
	}
	return all
}

func lineOf(e refunds.Event, p *page) line {
	l := line{At: p.Exact(e.At), Who: e.ActorName, Tone: "calm", Refund: e.Refund}
	if e.Refund > 0 {
		l.Number = number(e.Refund)
	}
	if l.Who == "" {
		l.Who = p.T("система", "system")
	} else {
		l.Why = e.Reason
	}
	text := eventWords[e.Kind]
	switch e.Kind {
	case refunds.Known:
		text, l.Tone = knownWords(e)
		l.Evidence = e.Data
	case refunds.Sending:
		l.Evidence = e.IntentID
	case refunds.DecisionProposed, refunds.DecisionConfirmed, refunds.Decided, refunds.DecisionRefused:
		kind, operation := cutDecision(e.Data)
		l.Evidence = operation
		decision := decisionWords(kind)
		text = words{text[0] + ": " + decision[0], text[1] + ": " + decision[1]}
		if e.Kind == refunds.DecisionRefused {
			l.Tone, l.Evidence = "bad", strings.TrimSpace(e.Reason+" "+operation)
		}
	case refunds.MovedLate:
		l.Tone, l.Evidence = "bad", e.Data
	case refunds.PersonNeeded:
		l.Tone = "warn"
	case refunds.MerchantPaused:
		l.Tone, l.Evidence = "warn", e.Reason
	case refunds.Exported:
		l.Evidence = e.Data
	}
	if text == (words{}) {
		text = words{string(e.Kind), string(e.Kind)}
	}
	l.Text = text.in(p.Lang)
	return l
}

var eventWords = map[refunds.EventKind]words{
	refunds.Enqueued:          {"Возврат поставлен в очередь программой", "A program queued the refund"},
	refunds.ProposedByPerson:  {"Возврат оформлен", "The refund was asked for"},
	refunds.Approved:          {"Подтверждён", "Approved"},
	refunds.DeniedByPerson:    {"Отклонён", "Denied"},
	refunds.Expired:           {"Просьба устарела: никто не подтвердил", "Expired: nobody approved it"},
	refunds.WithdrawnByPerson: {"Отозван до отправки", "Withdrawn before it was sent"},
	refunds.Sending:           {"Намерение сохранено, отмена отправляется в Assist", "The intent is stored, the cancel is being sent to Assist"},
	refunds.PersonNeeded:      {"Нужен человек", "A person is needed"},
	refunds.Taken:             {"Занимается", "Is looking at it"},
	refunds.DecisionProposed:  {"Решение записано", "Decision recorded"},
	refunds.DecisionConfirmed: {"Решение подтверждено вторым человеком", "Decision confirmed by a second person"},
	refunds.Decided:           {"Решение исполнено", "Decision carried out"},
	refunds.DecisionRefused:   {"Assist опроверг решение", "Assist contradicts the decision"},
	refunds.MovedLate:         {"Деньги ушли вопреки решению человека", "The money moved despite a person's decision"},
	refunds.LateSeen:          {"Разобрались с деньгами, ушедшими вопреки решению", "The money that moved despite a decision was dealt with"},
	refunds.MerchantPaused:    {"Отправка приостановлена: Assist не принимает настройки", "Sending paused: Assist doesn't take the settings"},
	refunds.MerchantResumed:   {"Отправка снова идёт", "Sending goes on"},
	refunds.MerchantHeld:      {"Отправка остановлена", "Sending stopped"},
	refunds.MerchantReleased:  {"Отправка запущена", "Sending started"},
	refunds.Strange:           {"В Assist есть отмена этого платежа, которую здесь никто не делал", "Assist shows a cancel of this payment that nobody here has made"},
	refunds.OtherServer:       {"Программа обращается к другому серверу Assist: от неё ничего не уходит", "A program talks to another server of Assist: it sends nothing"},
	refunds.Exported:          {"Выгрузка", "Export"},
	refunds.Purged:            {"Удалён по сроку, история осталась", "Purged, its history stays"},
}

// knownWords says what became known.
func knownWords(e refunds.Event) (words, string) {
	switch e.To {
	case refunds.Done:
		return words{"Assist: деньги ушли", "Assist: the money has moved"}, "good"
	case refunds.InProcess:
		return words{"Assist принял отмену и обрабатывает её", "Assist took the cancel and is processing it"}, "busy"
	case refunds.Refused:
		return words{"Отказ: деньги не двигались", "Refused: no money has moved"}, "bad"
	case refunds.Pending:
		if e.Reason == assist.NotSent.String() {
			return words{"Отправить не удалось: повторится само", "It couldn't be sent: it is tried again by itself"}, "calm"
		}
		return words{"Assist отказал сейчас: повторится само", "Assist refused it for now: it is tried again by itself"}, "calm"
	}
	return words{"Стало известно", "It became known"}, "calm"
}

func cutDecision(data string) (refunds.DecisionKind, string) {
	for _, kind := range []refunds.DecisionKind{refunds.NeverCame, refunds.ItWas, refunds.NotIts, refunds.GiveUp, refunds.Wait} {
		if rest, ok := strings.CutPrefix(data, string(kind)); ok {
			return kind, strings.TrimSpace(rest)
		}
	}
	return "", data
}

func decisionWords(k refunds.DecisionKind) words {
	switch k {
	case refunds.NeverCame:
		return words{"нашей отмены нет, отправить снова", "our cancel never came, send again"}
	case refunds.ItWas:
		return words{"это наша отмена", "this operation is ours"}
	case refunds.NotIts:
		return words{"эта отмена не наша, вернуть всё равно", "that operation isn't ours, refund all the same"}
	case refunds.GiveUp:
		return words{"закрыть, больше не отправлять", "close it, send nothing more"}
	case refunds.Wait:
		return words{"подождать", "wait"}
	}
	return words{string(k), string(k)}
}

// lateText says which decision was contradicted.
func lateText(r *refunds.Record, history []refunds.Event, p *page) string {
	operation := ""
	for _, e := range history {
		if e.Kind == refunds.MovedLate {
			operation = e.Data
		}
	}
	for i := len(r.Decisions) - 1; i >= 0; i-- {
		one := r.Decisions[i]
		if one.State != refunds.DecisionDone || one.Kind != refunds.NeverCame && one.Kind != refunds.GiveUp {
			continue
		}
		what := decisionWords(one.Kind).in(p.Lang)
		return p.T("Решение «"+what+"» ("+one.By.Name+", "+p.At(one.At)+") оказалось неверным: деньги ушли операцией "+operation+". Проверьте, не заплатили ли покупателю дважды.",
			"The decision “"+what+"” ("+one.By.Name+", "+p.At(one.At)+") turned out wrong: the money moved by operation "+operation+". Check whether the customer was paid twice.")
	}
	return p.T("Деньги ушли операцией "+operation+" вопреки решению человека.", "The money moved by operation "+operation+" despite a person's decision.")
}

func lateSeen(history []refunds.Event) bool {
	seen := false
	for _, e := range history {
		switch e.Kind {
		case refunds.MovedLate:
			seen = false
		case refunds.LateSeen:
			seen = true
		}
	}
	return seen
}
