package assist

import (
	"fmt"
	"strings"
	"testing"
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
	ours, theirs := claimant("A"), claimant("B")
	theirs.Request.Billnumber += ".1"
	elsewhere := Intent{ID: "C", Request: CancelRequest{Billnumber: "5700027202722029"}}
	const mark = claimedPayment + ".3"

	claimed := func() *payments {
		var p payments
		p.claim(ours, operations(mark))
		return &p
	}
	// others are so many cancels of other payments.
	others := func(p *payments, n int) {
		for i := range n {
			in := Intent{ID: fmt.Sprint("other ", i), Request: CancelRequest{Billnumber: Billnumber(fmt.Sprintf("57000%010d", i))}}
			p.claim(in, operations(in.Request.Billnumber+".2"))
		}
	}
	of := func(p *payments, in Intent) []Billnumber { return sorted(p.claimedByOthers(in)) }

	t.Run("it is another's, not ours", func(t *testing.T) {
		t.Parallel()
		p := claimed()
		assert.Empty(t, of(p, ours))
		assert.Equal(t, []Billnumber{mark}, of(p, theirs), "an extended billnumber is the same payment")
		assert.Empty(t, of(p, elsewhere))
		assert.Zero(t, p.size())
	})
	t.Run("several, each once", func(t *testing.T) {
		t.Parallel()
		p := claimed()
		p.claim(ours, operations(mark, claimedPayment+".5", claimedPayment+".2"))
		p.claim(theirs, operations(claimedPayment+".4"))
		assert.Equal(t, []Billnumber{claimedPayment + ".2", mark, claimedPayment + ".5"}, of(p, theirs))
		assert.Equal(t, []Billnumber{claimedPayment + ".4"}, of(p, ours))
	})
	t.Run("it stays with the first", func(t *testing.T) {
		t.Parallel()
		p := claimed()
		p.claim(theirs, operations(mark))
		assert.Equal(t, []Billnumber{mark}, of(p, theirs))
		assert.Empty(t, of(p, ours))
	})
	t.Run("a plain billnumber makes a rival until its number is known", func(t *testing.T) {
		t.Parallel()
		var p payments
		p.claim(ours, operations(claimedPayment))
		p.claim(ours, operations(claimedPayment))
		assert.Empty(t, of(&p, theirs))
		require.Len(t, p.rivals(theirs), 1)
		assert.Empty(t, p.rivals(ours), "not of itself")
		p.claim(ours, operations(mark))
		assert.Empty(t, p.rivals(theirs))
		p.claim(ours, operations(claimedPayment))
		assert.Empty(t, p.rivals(theirs), "its number stays known")
	})
	t.Run("nothing proved is nothing claimed", func(t *testing.T) {
		t.Parallel()
		var p payments
		p.claim(ours, nil)
		assert.Empty(t, p.rivals(theirs))
		assert.Empty(t, p.memory.recent.claims)
	})
	t.Run("kept over many other payments, and not for ever", func(t *testing.T) {
		t.Parallel()
		p := claimed()
		others(p, rememberedCancels)
		assert.Len(t, of(p, theirs), 1)
		others(p, 2*rememberedCancels+1)
		assert.Empty(t, of(p, theirs))
		assert.LessOrEqual(t, len(p.memory.recent.claims)+len(p.memory.older.claims), 2*rememberedCancels)
	})
	t.Run("kept while a cancel is unresolved", func(t *testing.T) {
		t.Parallel()
		for name, open := range map[string]func(*payments, Intent){"unresolved": (*payments).remember, "passed over": (*payments).passOver} {
			before, after := claimed(), &payments{}
			open(before, theirs)
			open(after, theirs)
			after.claim(ours, operations(mark))
			for when, p := range map[string]*payments{"claimed before": before, "claimed after": after} {
				others(p, 3*rememberedCancels)
				assert.Equal(t, []Billnumber{mark}, of(p, theirs), "%s, %s", name, when)
				p.forget(theirs)
				assert.Empty(t, of(p, theirs), "%s, %s", name, when)
			}
		}
	})
	t.Run("kept when one more cancel is unresolved", func(t *testing.T) {
		t.Parallel()
		p := claimed()
		p.passOver(theirs)
		others(p, 3*rememberedCancels)
		p.remember(claimant("D"))
		assert.Equal(t, []Billnumber{mark}, of(p, theirs))
		p.forget(claimant("D"))
		assert.Equal(t, []Billnumber{mark}, of(p, theirs))
	})
	t.Run("without the answer that it was cut out of", func(t *testing.T) {
		t.Parallel()
		var p payments
		answer := strings.Repeat(" ", 2000) + string(claimedPayment)
		in := ours
		in.Request.Billnumber = Billnumber(answer[2000:])
		p.claim(in, operations(mark))
		for payment := range p.memory.recent.claims {
			assert.NotSame(t, unsafe.StringData(answer[2000:]), unsafe.StringData(string(payment)))
		}
	})
}

// Which intents are settled is known for as long as whose the operations are.
func TestSettledIntents(t *testing.T) {
	t.Parallel()
	var p payments
	in := claimant("A")
	p.remember(in)
	p.forget(in)
	p.remember(in)
	p.passOver(in)
	assert.True(t, p.open(claimedPayment), "a question that comes late closes nothing")
	assert.Empty(t, p.rivals(claimant("B")), "nor does a person who comes late")
	p.reopen(in)
	assert.False(t, p.open(claimedPayment), "what turns out to be unknown does")
	p.forget(in)
	assert.True(t, p.open(claimedPayment))
	for i := range 3 * rememberedCancels {
		p.forget(Intent{ID: fmt.Sprint(i), Request: CancelRequest{Billnumber: claimedPayment}})
	}
	assert.LessOrEqual(t, len(p.memory.recent.settled)+len(p.memory.older.settled), 2*rememberedCancels)
	assert.False(t, p.memory.isSettled(in.ID))
}
