package simulation

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// sendNaively is the control: a client as one writes it in an hour. It sends
// again until it reads a success, and after a restart it begins again.
func (w *worker) sendNaively() {
	row := w.refund.payment
	credentials := w.run.scenario.merchants[w.process.host.merchant].credentials
	form := url.Values{
		"Billnumber": {string(row.order.Billnumber)}, "Merchant_ID": {credentials.MerchantID},
		"Login": {credentials.Login}, "Password": {credentials.Password.Reveal()}, "Format": {"3"},
	}
	if amount := w.refund.plan.amount; !amount.IsZero() {
		form.Set("Amount", amount.Amount())
		form.Set("Currency", amount.Currency())
	}
	client := &http.Client{Transport: &link{w.process}}
	for range 4 {
		w.attempt = w.run.newAttempt(w.refund, false)
		ctx, stop := context.WithTimeout(context.WithValue(w.process.ctx, workerKey{}, w), 30*time.Second)
		text, err := post(ctx, client, form)
		stop()
		w.step()
		if err == nil && (strings.Contains(text, "AS000") || strings.Contains(text, "AS300")) {
			w.run.store.naivelyDone(w.refund)
			return
		}
		w.sleep(5 * time.Second)
	}
}

func post(ctx context.Context, client *http.Client, form url.Values) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://assist.test/cancel/cancel.cfm", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return string(text), err
}
