package simulation

import (
	"time"

	"github.com/assist-go/assist/assisttest"
)

// clockPlan says how far Assist's clocks are apart: those of the Date header, of
// the operations and of the packets, and those of a second host.
type clockPlan struct {
	main  assisttest.Offsets
	other *assisttest.Offsets // of a second host; nil: there is none
	// balanced: every exchange is worked by any of the two hosts. Else the second
	// process of a merchant asks the second host by its own address.
	balanced bool
}

// otherPath is the address of the second host.
const otherPath = "/b"

func planClocks(d *dice) clockPlan {
	var p clockPlan
	if d.percent(40) {
		p.main = assisttest.Offsets{Date: offset(d), Operation: offset(d), Packet: offset(d)}
	}
	if d.percent(15) {
		p.other = &assisttest.Offsets{Date: offset(d), Operation: offset(d), Packet: offset(d)}
		if p.balanced = d.percent(50); p.balanced {
			// Behind one address clocks are looked after, more or less.
			p.other.Date = p.main.Date + d.between(-2*time.Minute, 2*time.Minute)
		}
	}
	return p
}

// offset is of seconds to hours. A Date header has whole seconds.
func offset(d *dice) time.Duration {
	return pick(d, 0, d.between(-5*time.Second, 5*time.Second), d.between(-3*time.Minute, 3*time.Minute), d.between(-3*time.Hour, 3*time.Hour)).Truncate(time.Second)
}

// apart tells whether dates can mislead: those of operations against the Date
// header of one host, or those of two hosts.
func (p *clockPlan) apart() bool {
	const careful = 30 * time.Second // half of the tolerance: exchanges take their time
	far := func(a, b time.Duration) bool { return (a - b).Abs() > careful }
	if far(p.main.Operation, p.main.Date) {
		return true
	}
	return p.other != nil && (far(p.other.Operation, p.main.Date) || far(p.other.Operation, p.other.Date) ||
		far(p.main.Operation, p.other.Date) || far(p.other.Date, p.main.Date))
}

func (p *clockPlan) pathOf(host int) string {
	if p.other != nil && !p.balanced && host > 0 {
		return otherPath
	}
	return ""
}
