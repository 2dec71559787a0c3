package simulation

import (
	"context"
	"errors"
	"time"

	"github.com/assist-go/assist"
)

// rotation is a change of a merchant's login and password at Assist. Each of its
// machines hears of it at a time of its own, earlier or later, from a vault that
// isn't always there.
type rotation struct {
	credentials assist.Credentials // the new ones
	at          time.Duration      // of the change at Assist
	heard       []time.Duration    // by machine
	away        [2]time.Duration   // between these the vault gives nothing
}

const (
	newPassword = "CanaryPassword8R"
	newLogin    = "canary_login_6"
)

var errVault = errors.New("the vault is away")

// planRotation changes the credentials of one merchant in eight. It throws dice of
// its own.
func planRotation(seed uint64, number int, m *merchantPlan) {
	d := diceFor(seed, 31, number)
	if !d.percent(12) {
		return
	}
	r := &rotation{credentials: m.credentials, at: d.between(time.Minute, latestStart) + 500*time.Nanosecond}
	r.credentials.Password = assist.NewSecret(newPassword)
	if d.percent(30) {
		r.credentials.Login = newLogin
	}
	for range m.hosts {
		r.heard = append(r.heard, r.at+pick(d, d.between(-time.Minute, time.Minute), d.between(-time.Hour, time.Hour)))
	}
	if d.percent(50) {
		r.away[0] = r.at + d.between(-time.Hour, time.Hour)
		r.away[1] = r.away[0] + d.between(time.Second, 20*time.Minute)
	}
	m.rotation = r
}

// rotate changes the credentials at the server.
func (r *run) rotate(m merchantPlan) {
	time.Sleep(m.rotation.at)
	r.server.SetCredentials(m.rotation.credentials)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.Faults[rotated]++
	r.event("rotated")
	r.say("merchant %s has another password", m.credentials.MerchantID)
}

// credentials are those that a process has from the vault for one request.
func (p *process) credentials(context.Context) (assist.Credentials, error) {
	m := p.host.run.scenario.merchants[p.host.merchant]
	change, now := m.rotation, p.host.run.elapsed()
	switch {
	case now >= change.away[0] && now < change.away[1]:
		return assist.Credentials{}, errVault
	case now >= change.heard[p.host.number]:
		return change.credentials, nil
	}
	return m.credentials, nil
}

// waitsForSettings tells a refusal that refunds nothing and costs no refund: who
// changes passwords tries again when the settings are right.
func (w *worker) waitsForSettings(err error) bool {
	return w.run.scenario.merchants[w.process.host.merchant].rotation != nil && assist.RemedyOf(err) == assist.RemedySettings
}
