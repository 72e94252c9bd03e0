package index

import (
	"fmt"
	"reflect"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// Differences compares x with fresh, which is built from the data on disk, and returns an error for each
// difference. Refreshes that are not written yet do not count: Differences applies them to fresh.
func (x *Index) Differences(fresh *Index) []error {
	x.mu.Lock()
	defer x.mu.Unlock()
	fresh.mu.Lock()
	defer fresh.mu.Unlock()
	var problems []error
	for name, t := range x.tenants {
		t.all.scan(func(e *entry) bool {
			if !e.rightlyListed() {
				problems = append(problems, fmt.Errorf("%s: memory %s fades at %d but is listed under %d", name, e.id, e.fades, e.listed))
			}
			return true
		})
	}
	for _, d := range x.dirty.all[x.dirty.taken:] {
		if e := d.in(&x.entries); e != nil {
			x.catchUp(d.tenant, e)
		}
	}
	for name, t := range x.tenants {
		f := fresh.tenants[name]
		t.all.scan(func(e *entry) bool {
			if f != nil && e.dirty != 0 {
				if onDisk := f.find(e.id); onDisk != nil {
					m := e.meta(name, x.policies)
					f.update(onDisk, &m, e.policy)
				}
			}
			return true
		})
		if f != nil {
			fresh.reschedule(f)
		}
	}
	differ := func(what string, memory, disk any) {
		if !reflect.DeepEqual(memory, disk) {
			problems = append(problems, fmt.Errorf("%s: in memory %#v, on disk %#v", what, memory, disk))
		}
	}
	differ("journal position", x.Position(), fresh.Position())
	differ("memories", x.memories, fresh.memories)
	differ("crystals", x.crystals, fresh.crystals)
	differ("agenda", x.agenda.Len(), fresh.agenda.Len())
	differ("unnoticed", x.unnoticed.Len(), fresh.unnoticed.Len())
	for name := range fresh.tenants {
		differ("tenant "+name, x.tenants[name] != nil, true)
	}
	for name, t := range x.tenants {
		f := fresh.tenants[name]
		if f == nil {
			problems = append(problems, fmt.Errorf("tenant %s is not on disk", name))
			continue
		}
		memory, disk := t.figures(x.policies), f.figures(x.policies)
		for key := range disk {
			if _, ok := memory[key]; !ok {
				problems = append(problems, fmt.Errorf("%s: %s is only on disk: %v", name, key, disk[key]))
			}
		}
		for key, value := range memory {
			differ(name+" "+key, value, disk[key])
		}
	}
	return problems
}

// figures returns everything that is counted and known about a tenant.
func (t *tenant) figures(p *layout.Policies) map[string]any {
	figures := map[string]any{
		"bytes": t.bytes, "pinned": t.pinned, "crystallized": t.crystallized, "arriving": t.arriving, "leaving": t.leaving,
		"first": t.first, "first unnoticed": t.firstUnnoticed, "memories": t.all.count, "fading": t.fading.count, "ending": t.ending.count, "crystals": t.crystals,
	}
	if t.noticed != nil && t.noticed.fading.count+t.noticed.ending.count > 0 {
		figures["noticed, fading"], figures["noticed, ending"] = t.noticed.fading.count, t.noticed.ending.count
	}
	t.all.scan(func(e *entry) bool {
		figures["memory "+e.id.String()] = e.meta(t.name, p)
		figures["labels of "+e.id.String()] = t.of.labels(e)
		return true
	})
	for tag, list := range t.tagged {
		var ids []sigil.ID
		list.scan(func(e *entry) bool {
			ids = append(ids, e.id)
			return true
		})
		figures[fmt.Sprintf("tagged %q", tag)] = ids
	}
	for f, b := range t.frequencies {
		figures[fmt.Sprint("sum of frequency ", f)] = b.sum
	}
	return figures
}
