package httpapi

import (
	"net/http"

	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/httpapi/shape"
	"github.com/sigil-dna/sigil/wire"
)

// tenants names all tenants, for an export of all of them.
func (a *API) tenants(c *call) error {
	id, err := a.engine.Identity(c.r.Context(), c.tenant)
	if err != nil {
		return err
	}
	stats, err := a.engine.Stats(c.r.Context(), c.tenant) // before the names: what comes later has a later position
	if err != nil {
		return err
	}
	names, err := a.engine.Tenants(c.r.Context())
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, &wire.TenantList{Tenants: append([]string{}, names...), Store: id.Store, Position: stats.Position})
}

// export returns a page of memories, or of former versions, with all that an import needs.
func (a *API) export(c *call) error {
	limit, cursor, versions := c.query.limit(), c.query.text("cursor"), c.query.is("superseded", false)
	if c.query.err != nil {
		return c.query.err
	}
	if err := c.hold(a.engine.Limits().PageBytes); err != nil {
		return err
	}
	var page engine.ExportPage
	var leftOut int
	var err error
	if versions {
		page, leftOut, err = a.engine.ExportVersions(c.r.Context(), c.tenant, cursor, limit)
	} else {
		page, err = a.engine.Export(c.r.Context(), c.tenant, cursor, limit)
	}
	if err != nil {
		return err
	}
	var held int64
	out := wire.ExportPage{LeftOut: leftOut, Memories: make([]wire.ExportedMemory, len(page.Memories)), Next: next(page.Next)}
	for i := range page.Memories {
		held += 2 * int64(len(page.Memories[i].Data))
		out.Memories[i] = shape.Exported(&page.Memories[i])
	}
	c.settle(held)
	return c.json(http.StatusOK, &out)
}

// importMemories brings exported memories back. An invalid one gets its own problem, in its place, and does not affect the others.
func (a *API) importMemories(c *call) error {
	media, err := c.contentType(jsonType, ndjsonType)
	if err != nil {
		return err
	}
	dryRun := c.query.is("dryRun", false)
	if c.query.err != nil {
		return c.query.err
	}
	body, err := c.body(a.options.MaxBatchBody, 2) // the engine makes a copy of the data
	if err != nil {
		return err
	}
	items, err := a.itemsOf(media, body)
	if err != nil {
		return err
	}
	results := make([]wire.ImportItem, len(items))
	memories := make([]engine.ExportedMemory, 0, len(items))
	at := make([]int, 0, len(items)) // each memory's index in results
	for i, item := range items {
		m, err := a.exported(item)
		if err != nil {
			results[i] = c.refusedImport(err)
			continue
		}
		memories, at = append(memories, m), append(at, i)
	}
	imported, err := a.engine.Import(c.r.Context(), c.tenant, memories, dryRun)
	if err != nil {
		return err
	}
	for i := range imported {
		switch r := &imported[i]; {
		case r.Err != nil:
			results[at[i]] = c.refusedImport(r.Err)
		case r.Outcome == engine.ImportInserted:
			results[at[i]] = wire.ImportItem{Status: http.StatusCreated, Outcome: string(r.Outcome)}
		default:
			results[at[i]] = wire.ImportItem{Status: http.StatusOK, Outcome: string(r.Outcome)}
		}
	}
	if media != ndjsonType {
		return c.json(http.StatusOK, &wire.ImportPage{Results: results})
	}
	out := make([]any, len(results))
	for i := range results {
		out[i] = &results[i]
	}
	return c.encoded(http.StatusOK, ndjsonType, out...)
}

// exported reads one memory of an import, which may be as long as a request with one memory.
func (a *API) exported(raw []byte) (m engine.ExportedMemory, err error) {
	if int64(len(raw)) > a.options.MaxBody {
		return m, tooLarge("body_too_large", "body", "has more than %d bytes", a.options.MaxBody)
	}
	read, err := a.drafts.Exported(raw)
	return engine.ExportedMemory(read), err
}

func (c *call) refusedImport(err error) wire.ImportItem {
	p := c.problem(err)
	return wire.ImportItem{Status: p.Status, Problem: &p}
}
