package engine

import (
	"context"
	"slices"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// ExportPage is a page of an export.
type ExportPage struct {
	Memories []ExportedMemory
	// Next is the cursor of the next page; empty on the last. It stays valid forever.
	Next string
}

// Export returns a tenant's memories with all that [Engine.Import] needs, newest first, without refreshing them. limit 0 means
// 100; a page with [Limits.PageBytes] of data ends there. A memory that is there from the first page to the last is on exactly
// one page, with the figures that it had then. One that is released in between may be missing, and one that is
// encoded in between is.
func (e *Engine) Export(ctx context.Context, tenant, cursor string, limit int) (page ExportPage, err error) {
	defer e.observe("export", 1)(&err)
	if err := sigil.CheckTenant(tenant); err != nil {
		return page, err
	}
	if limit, err = e.limit(limit); err != nil {
		return page, err
	}
	before, _, err := decodeSorted(sigil.SortCreated, cursor)
	if err != nil {
		return page, err
	}
	e.use(ctx, tenant)
	var more bool
	page.Memories, more, err = ReadExport(ctx, e.store, store.Query{
		Tenant: tenant, Now: e.now(), Limit: limit, Bytes: e.limits.PageBytes, Sort: sigil.SortCreated, Before: before,
	})
	if err != nil {
		return page, wrap(err)
	}
	if more {
		page.Next = encodeCursor(page.Memories[len(page.Memories)-1].ID)
	}
	return page, nil
}

// ExportSource is what an export reads: a [store.Store], or one that is open for reading only.
type ExportSource interface {
	List(ctx context.Context, q store.Query) (memories []sigil.Memory, more bool, err error)
	Vectors(ctx context.Context, tenant, model string, ids []sigil.ID) ([]store.Vector, error)
}

// ReadExport returns the memories that q selects, with their vectors. Errors are those of the source.
func ReadExport(ctx context.Context, from ExportSource, q store.Query) (page []ExportedMemory, more bool, err error) {
	memories, more, err := from.List(ctx, q)
	if err != nil || len(memories) == 0 {
		return nil, false, err
	}
	ids := make([]sigil.ID, len(memories))
	for i := range memories {
		ids[i] = memories[i].ID
	}
	vectors, err := from.Vectors(ctx, q.Tenant, store.OwnModel, ids)
	if err != nil {
		return nil, false, err
	}
	page = make([]ExportedMemory, len(memories))
	for i := range memories {
		page[i] = ExportedMemory{Memory: memories[i], Vector: vectors[i]}
	}
	return page, more, nil
}

// Tenants returns the names of the tenants that have a memory, a crystal, a signature or a policy of their own, in order.
func (e *Engine) Tenants(ctx context.Context) (names []string, err error) {
	defer e.observe("tenants", 1)(&err)
	names, err = ReadTenants(ctx, e.store)
	return names, wrap(err)
}

// ReadTenants is [Engine.Tenants] of a store. Errors are those of the store.
func ReadTenants(ctx context.Context, from interface {
	Tenants(ctx context.Context) ([]string, error)
	TenantPolicies(ctx context.Context) ([]store.TenantPolicy, error)
},
) ([]string, error) {
	names, err := from.Tenants(ctx)
	if err != nil {
		return nil, err
	}
	policies, err := from.TenantPolicies(ctx)
	if err != nil {
		return nil, err
	}
	for i := range policies {
		if policies[i].Policy != nil {
			names = append(names, policies[i].Tenant)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}
