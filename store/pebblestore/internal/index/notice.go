package index

import (
	"slices"

	"github.com/sigil-dna/sigil"
)

// Unnoticed returns the keys of at most limit memories that are not noticed, with a deadline after one time and up to
// another. Beside what it returns, it looks at the refreshes that are not written yet. lag returns by how much the clock of a tenant is
// behind, and whether it stands still; then the tenant is passed over.
func (x *Index) Unnoticed(after, until int64, limit int, lag func(tenant string) (lag int64, stands bool)) []sigil.Key {
	x.mu.RLock()
	defer x.mu.RUnlock()
	var keys []sigil.Key
	more := func(t *tenant, e *entry) bool {
		if len(keys) < limit {
			keys = append(keys, sigil.Key{Tenant: t.name, ID: e.id})
		}
		return len(keys) < limit
	}
	x.unnoticed.Scan(func(a appointment) bool {
		if a.at > until {
			return false
		}
		t := a.tenant
		lag, stands := lag(t.name)
		if stands {
			return true
		}
		for _, list := range [...]*sorted{&t.fading, &t.ending} {
			list.from(idKey(after-lag+1, sigil.ID{}), func(e *entry) bool {
				return e.listed <= until-lag && (e.behind() || more(t, e))
			})
		}
		return len(keys) < limit
	})
	for _, d := range x.dirty.all[x.dirty.taken:] {
		e := d.in(&x.entries)
		if e == nil || !e.behind() {
			continue
		}
		lag, stands := lag(d.tenant.name)
		if !stands && e.fades > after-lag && e.fades <= until-lag && !more(d.tenant, e) {
			break
		}
	}
	return keys
}

// notice moves entries, which are listed under their deadlines, to those that are noticed.
//
// +checklocks:x.mu
func (x *Index) notice(all []Place) {
	for len(all) > 0 {
		t := all[0].tenant
		n := stretch(all, func(p Place) *tenant { return p.tenant })
		some := make([]*entry, n)
		for i, p := range all[:n] {
			some[i] = p.entry
		}
		all = all[n:]
		slices.SortFunc(some, compareDeadlines)
		for _, list := range [...]*sorted{&t.fading, &t.ending} {
			list.remove(slices.DeleteFunc(slices.Clone(some), func(e *entry) bool { return t.list(e) != list })...)
		}
		for _, e := range some {
			e.noticed = true
			t.list(e).insert(e)
		}
		x.reschedule(t)
	}
}
