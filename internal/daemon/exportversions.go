package daemon

import (
	"context"
	"errors"
	"time"

	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/archive"
	"github.com/sigil-dna/sigil/internal/httpapi/shape"
	"github.com/sigil-dna/sigil/store"
)

// exportPage and exportBytes are the most memories, and bytes of data, that are read at once.
const exportPage, exportBytes = 500, 16 << 20

// exportedPolicy is the line of a policy that a tenant has of its own.
type exportedPolicy struct {
	Tenant string `json:"tenant"`
	Policy string `json:"policy"`
}

// versions writes the former versions of a tenant's memories, and counts what is left out.
func (r *exported) versions(ctx context.Context, from exportSource, w *archive.Writer, clock *store.TenantClock, now time.Time) error {
	tenant := clock.Tenant
	for after, more := (store.VersionPlace{}), true; more; {
		page, err := store.ReadVersions(ctx, from, tenant, now.Add(-clock.StoodAt(now)), after, exportPage, exportBytes)
		if err != nil {
			return err
		}
		r.VersionsLeftOut += page.LeftOut
		for i := range page.Versions {
			v := engine.ExportedVersion(&page.Versions[i])
			v.Meta = clock.Show(v.Meta, now)
			if err := w.Write(archive.Former, tenant, shape.Exported(&v)); err != nil {
				return err
			}
		}
		after, more = page.Next, page.More
	}
	q := store.RemovedQuery{Tenant: tenant, Limit: exportPage, NoData: true}
	for more := true; more; {
		page, further, err := from.Removed(ctx, q)
		if err != nil {
			return err
		}
		r.Restorable += len(page)
		if more = further && len(page) > 0; more {
			last := &page[len(page)-1]
			q.Before, q.BeforeAt = last.Memory.ID, last.At
		}
	}
	return nil
}

// daemonVersions is versions for a tenant of a daemon.
func (r *exported) daemonVersions(ctx context.Context, c *client.Client, w *archive.Writer, tenant string) error {
	for cursor, more := "", true; more; {
		page, err := c.ExportVersions(ctx, cursor, 0)
		if err != nil {
			return err
		}
		r.VersionsLeftOut += page.LeftOut
		for i := range page.Memories {
			if err := w.Write(archive.Former, tenant, page.Memories[i]); err != nil {
				return err
			}
		}
		if more = page.Next != nil; more {
			cursor = *page.Next
		}
	}
	for _, err := range c.AllRemoved(ctx, client.RemovedQuery{NoContent: true}) {
		if e := (*client.Error)(nil); errors.As(err, &e) && e.Problem.Code == "undo_off" {
			break
		}
		if err != nil {
			return err
		}
		r.Restorable++
	}
	return nil
}
