package apitest

import (
	"context"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// Failing is a store whose Get and Insert fail with Err. If Panic is set, Get panics with it. The other methods are those
// of Store.
type Failing struct {
	store.Store
	Err   error
	Panic bool
}

// Get fails, or panics.
func (s Failing) Get(context.Context, sigil.Key, time.Time) (sigil.Memory, error) {
	if s.Panic {
		panic(s.Err)
	}
	return sigil.Memory{}, s.Err
}

// Insert fails.
func (s Failing) Insert(context.Context, string, []store.Item, store.Quota, func(sigil.Meta, string) sigil.Event) (store.Inserted, error) {
	return store.Inserted{}, s.Err
}
