package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/cmd/assist/internal/exitcode"
	"github.com/assist-go/assist/cmd/assist/internal/terminal"
	"github.com/assist-go/assist/refunds"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// answers is a person who types one answer after the other. Before the first one
// something happens.
type answers struct {
	before func()
	texts  []string
	rest   []byte
}

func (p *answers) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		if p.before != nil {
			p.before()
			p.before = nil
		}
		text := "?"
		if len(p.texts) > 0 {
			text, p.texts = p.texts[0], p.texts[1:]
		}
		p.rest = []byte(text + "\n")
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// Somebody else stores a refund of the payment while a person types the amount.
func TestARefundStoredMeanwhileIsAskedAbout(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		other   string // its amount
		texts   []string
		another bool
		code    int
		stored  int
	}{
		"a like one, not meant":               {other: "6.00", texts: []string{"6.00", "no"}, code: exitcode.Interrupted, stored: 1},
		"a like one, meant":                   {other: "6.00", texts: []string{"6.00", "another", "6.00"}, code: exitcode.Done, stored: 2},
		"a like one, meant before":            {other: "6.00", another: true, texts: []string{"6.00", "6.00"}, code: exitcode.Done, stored: 2},
		"one that isn't like":                 {other: "7.00", texts: []string{"6.00", "6.00"}, code: exitcode.Done, stored: 2},
		"and the amount isn't meant any more": {other: "7.00", texts: []string{"6.00", "0"}, code: exitcode.Interrupted, stored: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			o := s.pay(t, "Z-1", 1, "100.00")
			book := s.book(t)
			a, errs := s.inside(t)
			person := &answers{texts: c.texts, before: func() {
				amount, err := assist.ParseMoney(c.other, "RUB")
				require.NoError(t, err)
				_, err = book.Propose(t.Context(), refunds.Refund{Key: "other", MerchantID: s.Credentials().MerchantID, Request: o.CancelRequest(amount), NotBefore: s.clock().AddDate(0, 0, 1)},
					refunds.Person{ID: "boris", Name: "Boris", Reason: "r"})
				require.NoError(t, err)
			}}
			a.Terminal = &terminal.Terminal{Out: &bytes.Buffer{}, Err: errs, In: person, InIs: true, ErrIs: true}
			command := refundCommand(a)
			command.SilenceErrors, command.SilenceUsage = true, true
			args := []string{"Z-1", "--amount", "6.00", "--note", "n", "--key", "mine"}
			if c.another {
				args = append(args, "--another")
			}
			command.SetArgs(args)
			assert.Equal(t, c.code, exitcode.Of(command.ExecuteContext(t.Context()), exitcode.Failed), errs.String())
			assert.Contains(t, errs.String(), "stored meanwhile")
			assert.Empty(t, person.texts, "all is asked again")
			n := 0
			for _, err := range book.List(context.WithoutCancel(t.Context()), refunds.Filter{}) {
				require.NoError(t, err)
				n++
			}
			assert.Equal(t, c.stored, n)
			assert.Equal(t, c.stored == 2, strings.HasPrefix(s.Moved(o.Billnumber).Amount(), "6"))
		})
	}
}
