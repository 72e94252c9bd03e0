package store

import (
	"context"
	"errors"
	"time"

	"github.com/sigil-dna/sigil"
)

// VersionSource is what [ReadVersions] reads: a [Store], or one that is open for reading only.
type VersionSource interface {
	Meta(ctx context.Context, key sigil.Key, now time.Time) (sigil.Meta, error)
	Superseded(ctx context.Context, key sigil.Key, noData bool) (Removed, error)
	AllSuperseded(ctx context.Context, tenant string, after sigil.ID, limit int) ([]Removed, error)
	Versions(ctx context.Context, tenant string, ids []sigil.ID) ([]Version, error)
}

// VersionPlace is a place in the walk of [ReadVersions]: in the chain of Newest, after Last. The zero value is the beginning.
type VersionPlace struct {
	Newest sigil.ID // the live memory of the chain
	Last   sigil.ID // the version that was read last, or the zero id if the whole chain was read
}

// VersionPage is a page of versions.
type VersionPage struct {
	Versions []Version
	// LeftOut is the number of versions that are passed over since the newest one of their chain is not live: it is past its
	// deadline, or was removed and can be restored.
	LeftOut int
	Next    VersionPlace
	More    bool
}

// ReadVersions returns the memories of a tenant that are superseded at now, after a place: chain by chain, in the order of the ids of their
// newest memories, and each from the newest version on. A page ends at limit versions or at size bytes of data. Errors are those of the source.
func ReadVersions(ctx context.Context, from VersionSource, tenant string, now time.Time, after VersionPlace, limit int, size int64) (VersionPage, error) {
	r := &versionReader{from: from, tenant: tenant, now: now, limit: limit, bytes: size, page: VersionPage{Next: after}}
	err := r.read(ctx)
	return r.page, err
}

type versionReader struct {
	from   VersionSource
	tenant string
	now    time.Time
	limit  int
	bytes  int64
	page   VersionPage
}

func (r *versionReader) key(id sigil.ID) sigil.Key { return sigil.Key{Tenant: r.tenant, ID: id} }

func (r *versionReader) read(ctx context.Context) error {
	if last := r.page.Next.Last; last != (sigil.ID{}) {
		old, err := r.from.Superseded(ctx, r.key(last), true)
		if err != nil && !errors.Is(err, sigil.ErrNotFound) { // it may have been erased, and the rest with it
			return err
		}
		if err := r.chain(ctx, r.page.Next.Newest, old.Memory.Supersedes); err != nil || r.page.More {
			return err
		}
	}
	for {
		links, err := r.from.AllSuperseded(ctx, r.tenant, r.page.Next.Newest, r.limit)
		if err != nil || len(links) == 0 {
			return err
		}
		for i := range links {
			if err := r.link(ctx, &links[i]); err != nil || r.page.More {
				return err
			}
		}
	}
}

// link reads the chain of a link if the newer of its memories is live.
func (r *versionReader) link(ctx context.Context, old *Removed) error {
	newest := old.SupersededBy
	_, err := r.from.Meta(ctx, r.key(newest), r.now)
	if err == nil {
		return r.chain(ctx, newest, old.Memory.ID)
	}
	if !errors.Is(err, sigil.ErrNotFound) {
		return err
	}
	r.page.Next = VersionPlace{Newest: newest}
	_, err = r.from.Superseded(ctx, r.key(newest), true)
	for id := old.Memory.ID; errors.Is(err, sigil.ErrNotFound) && id != (sigil.ID{}); { // not in the midst of a chain
		r.page.LeftOut++
		version, failed := r.from.Superseded(ctx, r.key(id), true)
		if failed != nil && !errors.Is(failed, sigil.ErrNotFound) {
			return failed
		}
		id = version.Memory.Supersedes
	}
	if errors.Is(err, sigil.ErrNotFound) {
		return nil
	}
	return err
}

// chain reads the versions of a chain from one on.
func (r *versionReader) chain(ctx context.Context, newest, id sigil.ID) error {
	for id != (sigil.ID{}) {
		if n := len(r.page.Versions); n == r.limit || n > 0 && r.bytes <= 0 {
			r.page.More = true
			return nil
		}
		found, err := r.from.Versions(ctx, r.tenant, []sigil.ID{id})
		if err != nil {
			return err
		}
		if len(found) == 0 {
			break // it was erased in the meantime, and the rest with it
		}
		v := &found[0]
		r.bytes -= int64(v.Memory.Size)
		r.page.Versions = append(r.page.Versions, *v)
		r.page.Next = VersionPlace{Newest: newest, Last: id}
		id = v.Memory.Supersedes
	}
	r.page.Next = VersionPlace{Newest: newest}
	return nil
}
