package engine

import (
	"context"
	"encoding/base64"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// ExportVersions returns the memories of a tenant that are superseded by a live one, or by one that is: the histories of all live memories, with
// all that [Engine.Import] needs, chain by chain, each from the newest version on. leftOut is the number of versions that were passed over up to
// the end of the page, since the newest one of their chain is not live. limit 0 means 100; a page with [Limits.PageBytes] of data ends there.
// A chain that stays as it is from the first page to the last is on them once.
func (e *Engine) ExportVersions(ctx context.Context, tenant, cursor string, limit int) (page ExportPage, leftOut int, err error) {
	defer e.observe("export", 1)(&err)
	if err := sigil.CheckTenant(tenant); err != nil {
		return page, 0, err
	}
	if limit, err = e.limit(limit); err != nil {
		return page, 0, err
	}
	after, err := decodePlace(cursor)
	if err != nil {
		return page, 0, err
	}
	read, err := store.ReadVersions(ctx, e.store, tenant, e.now(), after, limit, e.limits.PageBytes)
	if err != nil {
		return page, 0, wrap(err)
	}
	if read.More {
		page.Next = encodePlace(read.Next)
	}
	for i := range read.Versions {
		page.Memories = append(page.Memories, ExportedVersion(&read.Versions[i]))
	}
	return page, read.LeftOut, nil
}

// ExportedVersion returns a superseded memory as an export has it.
func ExportedVersion(v *store.Version) ExportedMemory {
	return ExportedMemory{Memory: v.Memory, Vector: v.Vector, SupersededBy: v.SupersededBy, SupersededAt: v.At}
}

// placeVersion is the version byte of a cursor of an export of versions, before the two ids of a place.
const placeVersion = 5

func encodePlace(p store.VersionPlace) string {
	b := append([]byte{placeVersion}, p.Newest[:]...)
	return base64.RawURLEncoding.EncodeToString(append(b, p.Last[:]...))
}

func decodePlace(s string) (p store.VersionPlace, err error) {
	if s == "" {
		return p, nil
	}
	if b, err := base64.RawURLEncoding.DecodeString(s); err == nil && len(b) == 1+len(p.Newest)+len(p.Last) {
		copy(p.Newest[:], b[1:])
		copy(p.Last[:], b[1+len(p.Newest):])
	}
	if encodePlace(p) != s {
		return store.VersionPlace{}, invalidCursor()
	}
	return p, nil
}
