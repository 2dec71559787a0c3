package desk

import (
	"context"

	"github.com/assist-go/assist"
)

// total is the sum of a view in one currency, over all of its pages.
type total struct {
	Count int
	Sum   string
}

func (d *desk) totals(ctx context.Context, v view, l assist.Language) ([]total, error) {
	sums, err := d.book.Totals(ctx, v.filters[0])
	if err != nil {
		return nil, err
	}
	var all []total
	for _, s := range sums {
		all = append(all, total{s.Count, sum(s.Sum, l)})
	}
	return all, nil
}
