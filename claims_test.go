package assist

import (
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const claimedPayment = Billnumber("5700027202722028")

func claimant(id string) Intent {
	return Intent{ID: id, Request: CancelRequest{Billnumber: claimedPayment}}
}

func operations(billnumbers ...Billnumber) (all []Operation) {
	for _, b := range billnumbers {
		all = append(all, Operation{Billnumber: b})
	}
	return all
}

func TestClaims(t *testing.T) {
	t.Parallel()
	start := time.Date(2013, 10, 23, 13, 58, 0, 0, time.UTC)
	ours, theirs := claimant("A"), claimant("B")
	theirs.Request.Billnumber += ".1"
	elsewhere := Intent{ID: "C", Request: CancelRequest{Billnumber: "5700027202722029"}}
	const mark = claimedPayment + ".3"

	claimed := func() *payments {
		var p payments
		p.claim(ours, operations(mark), start)
		return &p
	}
	// tick is another payment's cancel, by which time goes on.
	tick := func(p *payments, after time.Duration) {
		p.claim(elsewhere, operations("5700027202722029.2"), start.Add(after))
	}

	t.Run("it is another's, not ours", func(t *testing.T) {
		t.Parallel()
		p := claimed()
		assert.Empty(t, p.claimedByOthers(ours))
		assert.Equal(t, []Billnumber{mark}, p.claimedByOthers(theirs), "an extended billnumber is the same payment")
		assert.Empty(t, p.claimedByOthers(elsewhere))
		assert.Zero(t, p.size())
	})
	t.Run("several, in order, each once", func(t *testing.T) {
		t.Parallel()
		p := claimed()
		p.claim(ours, operations(mark, claimedPayment+".5", claimedPayment+".2"), start.Add(time.Second))
		p.claim(theirs, operations(claimedPayment+".4"), start.Add(2*time.Second))
		assert.Equal(t, []Billnumber{claimedPayment + ".2", mark, claimedPayment + ".5"}, p.claimedByOthers(theirs))
		assert.Equal(t, []Billnumber{claimedPayment + ".4"}, p.claimedByOthers(ours))
	})
	t.Run("resolved again and again", func(t *testing.T) {
		t.Parallel()
		p := claimed()
		for range 3 {
			p.claim(ours, operations(mark), start)
			p.claim(theirs, operations(claimedPayment+".4"), start)
		}
		assert.Len(t, p.claims.of(claimedPayment), 2)
	})
	t.Run("a plain billnumber is no operation's", func(t *testing.T) {
		t.Parallel()
		var p payments
		p.claim(ours, operations(claimedPayment), start)
		assert.Empty(t, p.claimedByOthers(theirs))
	})
	t.Run("kept for a minute at least and two at most", func(t *testing.T) {
		t.Parallel()
		p := claimed()
		tick(p, claimTime)
		tick(p, 2*claimTime)
		assert.Len(t, p.claimedByOthers(theirs), 1)
		tick(p, 2*claimTime+1)
		assert.Len(t, p.claimedByOthers(theirs), 1, "of the generation before")
		tick(p, 3*claimTime+2)
		assert.Empty(t, p.claimedByOthers(theirs))
	})
	t.Run("all gone after a pause", func(t *testing.T) {
		t.Parallel()
		p := claimed()
		tick(p, 2*claimTime+1)
		assert.Empty(t, p.claimedByOthers(theirs))
		assert.Len(t, p.claims.recent, 1)
		assert.Empty(t, p.claims.older)
	})
	t.Run("the clock put back", func(t *testing.T) {
		t.Parallel()
		p := claimed()
		tick(p, -time.Hour)
		assert.Len(t, p.claimedByOthers(theirs), 1)
		tick(p, -time.Hour+2*claimTime+1)
		assert.Empty(t, p.claimedByOthers(theirs), "not kept until the clock is where it was")
	})
	t.Run("kept while a cancel is unresolved", func(t *testing.T) {
		t.Parallel()
		for name, open := range map[string]func(*payments, Intent){"unresolved": (*payments).remember, "passed over": (*payments).passOver} {
			before, after := claimed(), &payments{}
			open(before, theirs)
			open(after, theirs)
			after.claim(ours, operations(mark), start)
			for when, p := range map[string]*payments{"claimed before": before, "claimed after": after} {
				tick(p, time.Hour)
				assert.Equal(t, []Billnumber{mark}, p.claimedByOthers(theirs), "%s, %s", name, when)
				p.forget(theirs)
				assert.Empty(t, p.claimedByOthers(theirs), "%s, %s", name, when)
			}
		}
	})
	t.Run("kept when one more cancel is unresolved", func(t *testing.T) {
		t.Parallel()
		p := claimed()
		p.passOver(theirs)
		tick(p, time.Hour)
		p.remember(claimant("D"))
		assert.Equal(t, []Billnumber{mark}, p.claimedByOthers(theirs))
		p.forget(claimant("D"))
		assert.Equal(t, []Billnumber{mark}, p.claimedByOthers(theirs))
	})
	t.Run("without the answer that it was cut out of", func(t *testing.T) {
		t.Parallel()
		var p payments
		answer := strings.Repeat(" ", 2000) + string(mark)
		cut := Billnumber(answer[2000:])
		p.claim(ours, operations(cut), start)
		kept := p.claimedByOthers(theirs)
		require.Equal(t, []Billnumber{mark}, kept)
		assert.NotSame(t, unsafe.StringData(string(cut)), unsafe.StringData(string(kept[0])))
	})
	t.Run("our own unresolved cancel keeps nothing", func(t *testing.T) {
		t.Parallel()
		var p payments
		p.remember(ours)
		p.claim(ours, operations(mark), start)
		assert.Empty(t, p.known[claimedPayment].claimed)
	})
}
