package assist

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestCancelOptionsOf(t *testing.T) {
	t.Parallel()
	assert.Zero(t, CancelOptionsOf())
	assert.Zero(t, CancelOptionsOf(nil))
	full := errors.New("disk full")
	in := storedIntents(t)["part"]
	by := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	got := CancelOptionsOf(LookFirst(), nil, SendBy(by), CheckOrder(func(*Order) error { return full }), DespiteUnknown(in), SaveIntent(func(context.Context, Intent) error { return full }), DespiteUnknown(Intent{}))
	assert.True(t, got.LookFirst)
	assert.Equal(t, by, got.SendBy)
	assert.Equal(t, full, got.CheckOrder(&Order{}))
	assert.Equal(t, []Intent{in, {}}, got.DespiteUnknown)
	assert.Equal(t, full, got.SaveIntent(t.Context(), in))
	assert.Equal(t, reflect.TypeFor[cancelOptions]().NumField(), reflect.TypeFor[CancelOptions]().NumField(),
		"whatever an option can set can be looked at")
}
