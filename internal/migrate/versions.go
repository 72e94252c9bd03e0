package migrate

import (
	"context"
	"fmt"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// versions makes the histories of the target's memories, which are the source's by now, equal to those of the source.
func (p *pass) versions(ctx context.Context) error {
	p.report.Versions = 0
	there := map[sigil.ID]bool{}
	left, err := p.eachVersion(ctx, p.from, func(v *store.Version) error {
		there[v.Memory.ID] = true
		p.report.Versions++
		p.sum.Write(encodedVersion(v))
		return p.version(ctx, v)
	})
	p.report.VersionsLeft = left
	if err != nil {
		return err
	}
	var gone []sigil.Key // since the source has erased them
	if _, err := p.eachVersion(ctx, p.to, func(v *store.Version) error {
		if !there[v.Memory.ID] {
			gone = append(gone, v.Memory.Key)
		}
		return nil
	}); err != nil || len(gone) == 0 {
		return err
	}
	p.changed = true
	return p.erase(ctx, gone)
}

// eachVersion calls visit for every former version of a store's live memories, and returns how many others there are.
func (p *pass) eachVersion(ctx context.Context, s store.VersionSource, visit func(*store.Version) error) (left int, err error) {
	for after, more := (store.VersionPlace{}), true; more; {
		read, err := store.ReadVersions(ctx, s, p.tenant, p.clockNow(), after, page, pageBytes)
		if err != nil {
			return left, err
		}
		left += read.LeftOut
		for i := range read.Versions {
			if err := visit(&read.Versions[i]); err != nil {
				return left, err
			}
		}
		after, more = read.Next, read.More
	}
	return left, nil
}

// version has the target keep a version.
func (p *pass) version(ctx context.Context, v *store.Version) error {
	kept, err := p.to.Versions(ctx, p.tenant, []sigil.ID{v.Memory.ID})
	if err != nil {
		return err
	}
	if len(kept) > 0 && kept[0].Kind == sigil.Corrected {
		if string(encodedVersion(&kept[0])) != string(encodedVersion(v)) {
			return fmt.Errorf("the former version %s of tenant %s is another one in the target", v.Memory.ID, p.tenant)
		}
		return nil
	}
	p.changed = true
	if len(kept) > 0 { // an earlier pass removed it
		if err := p.restore(ctx, []sigil.ID{v.Memory.ID}); err != nil {
			return err
		}
	}
	event := func(m sigil.Meta) sigil.Event {
		return sigil.Event{Time: v.At, Kind: sigil.Corrected, Reason: v.Reason, Memory: m, ClockStood: p.stood(), SupersededBy: v.SupersededBy}
	}
	if _, err := p.to.Meta(ctx, v.Memory.Key, time.Unix(0, 0)); err == nil { // it is live there since an earlier pass
		return p.to.Supersede(ctx, v.Memory.Key, v.SupersededBy, v.At, func(old *sigil.Memory) (sigil.Event, error) {
			return event(old.Meta), nil
		})
	}
	return p.to.Attach(ctx, v, []sigil.Event{
		{Time: v.Memory.CreatedAt, Kind: sigil.Encoded, Reason: sigil.ReasonRequest, Memory: v.Memory.Meta, ClockStood: p.stood()}, event(v.Memory.Meta),
	})
}

// encodedVersion returns everything in a version as bytes, which are the same for equal ones.
func encodedVersion(v *store.Version) []byte {
	return fmt.Appendf(encoded(&v.Memory, v.Vector), "%s %d", v.SupersededBy, v.At.UnixMilli())
}

// restore brings memories back that an earlier pass removed from the target, which keeps them.
func (p *pass) restore(ctx context.Context, ids []sigil.ID) error {
	_, err := p.to.Restore(ctx, p.tenant, ids, store.Quota{}, func(m *sigil.Meta, _ store.Removal) (sigil.Event, bool) {
		return sigil.Event{Time: p.now, Kind: sigil.Restored, Reason: sigil.ReasonRequest, Memory: *m, ClockStood: p.stood()}, true
	})
	return err
}

func (p *pass) erase(ctx context.Context, keys []sigil.Key) error {
	_, err := p.to.Erase(ctx, keys, func(m sigil.Meta, _ bool) sigil.Event {
		return sigil.Event{Time: p.now, Kind: sigil.Erased, Reason: sigil.ReasonRequest, Memory: m}
	})
	return err
}

// isVersion reports whether a memory is a former version in the source, of one that is live there.
func (p *pass) isVersion(ctx context.Context, key sigil.Key) (bool, error) {
	for versions := 0; ; versions++ {
		r, err := p.from.Superseded(ctx, key, true)
		if sigil.CodeOf(err) == "not_found" {
			if versions == 0 {
				return false, nil
			}
			_, err = p.from.Meta(ctx, key, p.clockNow())
			if sigil.CodeOf(err) == "not_found" {
				return false, nil
			}
			return err == nil, err
		}
		if err != nil {
			return false, err
		}
		key.ID = r.SupersededBy
	}
}

// restorable counts the removed memories that the source can restore.
func (p *pass) restorable(ctx context.Context) error {
	p.report.Restorable = 0
	q := store.RemovedQuery{Tenant: p.tenant, Limit: page, NoData: true}
	for more := true; more; {
		some, further, err := p.from.Removed(ctx, q)
		if err != nil {
			return err
		}
		p.report.Restorable += len(some)
		if more = further && len(some) > 0; more {
			last := &some[len(some)-1]
			q.Before, q.BeforeAt = last.Memory.ID, last.At
		}
	}
	return nil
}
