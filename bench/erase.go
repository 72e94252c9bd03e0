package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
)

// mostErasedFrom is the maximum number of memories in the store that memories are erased from.
const mostErasedFrom = 100_000

// erasures measures how long it takes to erase one memory, until its bytes have left the files: alone, and beside 64 callers that
// encode. The cost grows with the journal of the tenant, so those encode for another one.
func erasures(ctx context.Context, b *bench) (string, error) {
	rows := table{{"one memory is erased", "erasures/s", "p50", "p99", "÷ alone, p50: median (min to max)"}}
	run := func(callers int) func(context.Context) (figure, error) {
		return func(ctx context.Context) (figure, error) {
			return b.withStore(ctx, min(b.memories, mostErasedFrom), nil, func(e *embedded) (figure, error) { return b.eraseBesideEncodes(ctx, e, callers) })
		}
	}
	all, err := b.compare(ctx, "erasures", side{"beside 64 callers that encode", "", run(64)}, side{"alone", "", run(0)})
	if err != nil {
		return "", err
	}
	for i, m := range all {
		beside := ""
		if i == 0 {
			beside = ratio(all[0], all[1], p50).String()
		}
		rows = append(rows, []string{m.name, number(m.of(rate).median), span(m.of(p50)), span(m.of(p99)), beside})
	}
	return rows.String(), nil
}

// besideEncodes prints the table of erasures.
func (b *bench) besideEncodes(ctx context.Context) (err error) {
	if err := b.begin(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.end()) }()
	block, err := erasures(ctx, b)
	fmt.Println(block)
	return err
}

// eraseBesideEncodes measures erasures of the newest memories, one after the other, while callers encode all the time.
func (b *bench) eraseBesideEncodes(ctx context.Context, e *embedded, callers int) (f figure, err error) {
	if callers > 0 {
		over, ended := make(chan struct{}), make(chan error, 1)
		go func() { // waited for below
			_, err := loadUntil(ctx, callers, 0, over, func(i uint64) error {
				_, err := e.Encode(ctx, tenant+"-beside", draft(small)(i))
				return err
			})
			ended <- err
		}()
		defer func() {
			close(over)
			err = errors.Join(err, <-ended)
		}()
	}
	return b.load(ctx, 1, func(uint64) error {
		page, err := e.List(ctx, tenant, engine.ListQuery{Limit: 1, NoData: true})
		if err != nil {
			return err
		}
		if len(page.Memories) == 0 {
			return errors.New("all memories are erased: measure for a shorter time")
		}
		done, err := e.Erase(ctx, tenant, engine.EraseQuery{IDs: []sigil.ID{page.Memories[0].ID}})
		if err == nil && done.Counts.Memories != 1 {
			err = fmt.Errorf("%d memories were erased", done.Counts.Memories)
		}
		return err
	})
}
