package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// An import gets the newest memory of a chain first, and then what it superseded, so that no former version is ever live here, and an import
// that was stopped can go on. A version that is live here, as after an import of an earlier export, leaves as in a correction.

// checkVersion checks what only a version has.
func checkVersion(m *ExportedMemory, now time.Time) error {
	switch at := m.SupersededAt; {
	case at.Before(m.CreatedAt), !at.Equal(at.Truncate(time.Millisecond)):
		return wrongFigure("supersededAt", "must be from createdAt on, in whole milliseconds")
	case at.After(now):
		return wrongFigure("supersededAt", "is in the future: it is now "+now.Format(time.RFC3339Nano)+" here")
	case m.SupersededBy == m.ID:
		return wrongFigure("supersededBy", "is the memory itself")
	}
	return nil
}

// keptHere returns the result for a memory that is live in the export, and was removed or superseded here.
func keptHere(item *store.Item, here *store.Version) ImportResult {
	if here.Kind != sigil.Corrected {
		return ImportResult{Err: restorable(here)}
	}
	r := compare(item, &store.Item{Memory: here.Memory, Vector: here.Vector})
	if r.Err == nil {
		r.Outcome = ImportSuperseded
	}
	return r
}

// restorable returns the conflict for a memory that was removed here.
func restorable(here *store.Version) error {
	return newExists("id", fmt.Sprintf("it was %s here at %s, and is kept until it is purged: restore it, or import again after that", here.Kind, here.At.Format(time.RFC3339)))
}

// importVersions imports the versions, in order, each in its own commit.
func (i *importing) importVersions(ctx context.Context, memories []ExportedMemory, dryRun bool) error {
	for _, at := range i.versions {
		v := store.Version{Removed: store.Removed{
			Removal: store.Removal{At: memories[at].SupersededAt, SupersededBy: memories[at].SupersededBy}, Memory: i.checked[at].Memory,
		}, Vector: i.checked[at].Vector}
		r, err := i.version(ctx, &v, dryRun)
		if err != nil {
			return err
		}
		i.results[at] = r
	}
	return nil
}

// version imports one version. It looks again if another call changes what is here.
func (i *importing) version(ctx context.Context, v *store.Version, dryRun bool) (r ImportResult, err error) {
	item := &store.Item{Memory: v.Memory, Vector: v.Vector}
	for try := 1; ; try++ {
		now := i.now()
		live, err := i.find(ctx, []sigil.ID{v.Memory.ID}, now)
		if err != nil {
			return r, err
		}
		if here, found := live[v.Memory.ID]; found {
			if r = compare(item, &here); r.Err != nil {
				return r, nil
			}
			r.Outcome, err = ImportInserted, nil
			if !dryRun {
				i.changes.Add(1)
				err = i.store.Supersede(ctx, v.Memory.Key, v.SupersededBy, v.At, func(old *sigil.Memory) (sigil.Event, error) {
					return sigil.Event{Time: i.now(), Kind: sigil.Corrected, Reason: sigil.ReasonImport, Memory: old.Meta, SupersededBy: v.SupersededBy}, nil
				})
			}
		} else {
			kept, failed := i.store.Versions(ctx, i.tenant, []sigil.ID{v.Memory.ID})
			if failed != nil {
				return r, wrap(failed)
			}
			if len(kept) > 0 {
				return keptVersion(item, v, &kept[0]), nil
			}
			r.Outcome = ImportInserted
			if !dryRun {
				err = i.attach(ctx, v)
			}
		}
		switch code := sigil.CodeOf(err); {
		case err == nil:
			return r, nil
		case code == "exists" && fieldOf(err) == "id" && try < 3, code == "not_found" && len(live) > 0 && try < 3:
			continue
		case code == "not_found":
			return ImportResult{Outcome: ImportDetached}, nil
		case refusesItems(err):
			return ImportResult{Err: err}, nil
		}
		return r, wrap(err)
	}
}

func fieldOf(err error) string {
	var e *sigil.Error
	if errors.As(err, &e) {
		return e.Field
	}
	return ""
}

// keptVersion returns the result for a version whose id is that of a memory that is kept here.
func keptVersion(item *store.Item, v, here *store.Version) ImportResult {
	if here.Kind != sigil.Corrected {
		return ImportResult{Err: restorable(here)}
	}
	if here.SupersededBy != v.SupersededBy {
		return ImportResult{Err: newExists("supersededBy", "is not that of the version that is here under this id, which is "+here.SupersededBy.String())}
	}
	return compare(item, &store.Item{Memory: here.Memory, Vector: here.Vector})
}

// attach keeps a version of a memory that is here.
func (i *importing) attach(ctx context.Context, v *store.Version) error {
	now := i.now()
	m := &v.Memory
	events := []sigil.Event{{Time: now, Kind: sigil.Encoded, Reason: sigil.ReasonImport, Memory: m.Meta}}
	if m.Crystallized {
		crystal := CrystalOf(&m.Meta)
		events = append(events, sigil.Event{Time: now, Kind: sigil.Crystallized, Reason: sigil.ReasonPotential, Memory: m.Meta, Crystal: &crystal})
	}
	events = append(events, sigil.Event{Time: now, Kind: sigil.Corrected, Reason: sigil.ReasonImport, Memory: m.Meta, SupersededBy: v.SupersededBy})
	i.changes.Add(1)
	return i.store.Attach(ctx, v, events)
}
