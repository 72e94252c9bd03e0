package storetest

import (
	"encoding/json"
	"errors"
	"runtime"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

var insertIdeas = []idea{
	{"every field comes back as it was", func(f *fixture) {
		for _, m := range f.oddMemories() {
			f.insert(m)
			got, err := f.Get(f.ctx(), m.Key, start)
			f.ok("Get", err)
			equal(f.t, "memory", got, m)
		}
	}},
	{"all or none", func(f *fixture) {
		old := f.encode()
		fresh := f.memory()
		again := f.memory()
		again.Key = old.Key
		_, err := f.tryInsert(store.Quota{}, fresh, again)
		fails(f.t, "Insert with an id that is there", err, sigil.ErrConflict, "exists")
		equal(f.t, "ids", f.ids(start), []sigil.ID{old.ID})
		equal(f.t, "journal entries", len(f.events(sigil.DefaultTenant)), 1)
		got, err := f.Get(f.ctx(), old.Key, start)
		f.ok("Get", err)
		equal(f.t, "the one that was there", got, old)
	}},
	{"an id twice in one call is a conflict", func(f *fixture) {
		m := f.memory()
		_, err := f.tryInsert(store.Quota{}, m, m)
		fails(f.t, "Insert", err, sigil.ErrConflict, "exists")
		equal(f.t, "memories", f.stats(m.Tenant, start).Memories, 0)
	}},
	{"an id past its deadline is still taken", func(f *fixture) {
		old := f.encode(fades(time.Second))
		again := f.memory()
		again.Key = old.Key
		_, err := f.tryInsert(store.Quota{}, again)
		fails(f.t, "Insert", err, sigil.ErrConflict, "exists")
	}},
	{"an id belongs to a tenant", func(f *fixture) {
		one := f.encode(tenant("one"))
		two := f.memory(tenant("two"))
		two.ID = one.ID
		f.insert(two)
		for _, m := range []sigil.Memory{one, two} {
			got, err := f.Get(f.ctx(), m.Key, start)
			f.ok("Get", err)
			equal(f.t, m.Tenant, got, m)
		}
	}},
	{"many at once", func(f *fixture) {
		var ms []sigil.Memory
		for range 2000 {
			ms = append(ms, f.memory())
		}
		f.insert(ms...)
		equal(f.t, "memories", f.stats(sigil.DefaultTenant, start).Memories, len(ms))
		equal(f.t, "journal entries", len(f.events(sigil.DefaultTenant)), len(ms))
	}},
	{"what was passed in may be changed afterwards", func(f *fixture) {
		m, want := f.memory(), f.memory()
		for _, each := range []*sigil.Memory{&m, &want} {
			each.Meta = m.Meta
			each.Hash, each.Data, each.Tags = m.Hash, raw(`"kept"`), []string{"kept"}
			each.State.Extra = map[string]json.RawMessage{"mood": raw(`"kept"`)}
		}
		f.insert(m)
		spoil(&m)
		got, err := f.Get(f.ctx(), want.Key, start)
		f.ok("Get", err)
		equal(f.t, "memory", got, want)
	}},
}

// oddMemories returns memories in which each field has a value that a careless driver would change.
func (f *fixture) oddMemories() []sigil.Memory {
	halfLife, err := sigil.NewHalfLife(1234567891*time.Nanosecond, 0.1+0.2)
	f.ok("NewHalfLife", err)
	classic, err := sigil.NewClassic(1e-9/3, 61*time.Second, 2.0/3)
	f.ok("NewClassic", err)
	return []sigil.Memory{
		f.memory(),
		f.memory(tenant("a.b_c-9"), pinned),
		f.memory(crystallized, potential(0.90000000000000002220), frequency(sigil.NumFrequencies-1)),
		f.memory(frequency(0), potential(5e-324)),
		f.memory(func(m *sigil.Memory) {
			m.Policy, m.TTL, m.AccessCount = halfLife, 36*time.Hour+time.Millisecond, 1<<63
			m.LastAccessed = m.CreatedAt.Add(time.Hour)
			m.Reschedule()
		}),
		f.memory(func(m *sigil.Memory) {
			m.Policy, m.Stretch, m.OwnPolicy = classic, 1.0/3, true
			m.CreatedAt = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC) // Unix zero is not "never"
			m.LastAccessed = m.CreatedAt
			m.FadesAt = time.Date(2126, 1, 1, 0, 0, 0, 999e6, time.UTC)
		}),
		f.memory(func(m *sigil.Memory) {
			m.Tags = []string{"b", "a", "b", "with space, comma and \"quotes\"", "\u00e9\u4e2d\U0001f30d\x00"}
			m.State = sigil.State{Phi: 1, Coherence: 0, Awareness: 0.1, EmotionalResonance: 1.0 / 3, Extra: map[string]json.RawMessage{
				"valence": raw(`-12345678901234567890.10`), "<b>": raw(`{"&":["<",null]}`), "": raw(`""`),
			}}
		}),
		f.memory(func(m *sigil.Memory) {
			m.Data = raw(`{"big":12345678901234567890,"exact":1.50,"exp":1E+2,"order":{"z":1,"a":2},"text":"\u00e9é<\/>\u0000","deep":[[[]]]}`)
			m.Size = len(m.Data)
		}),
	}
}

var getIdeas = []idea{
	{"what is not there is not found", func(f *fixture) {
		m := f.encode()
		for name, key := range map[string]sigil.Key{
			"unknown id": {Tenant: m.Tenant, ID: f.memory().ID}, "another tenant's": {Tenant: "other", ID: m.ID},
			"zero id": {Tenant: m.Tenant}, "zero key": {},
		} {
			_, err := f.Get(f.ctx(), key, start)
			fails(f.t, name, err, sigil.ErrNotFound, "not_found")
		}
	}},
	{"hidden from the deadline on, by every read, though not removed", func(f *fixture) {
		m := f.encode(crystallized, fades(10*time.Second)) // for example by its ttl
		for now, want := range map[time.Time]int{
			m.FadesAt.Add(-time.Millisecond): 1, m.FadesAt: 0, m.FadesAt.Add(time.Hour): 0,
		} {
			_, err := f.Get(f.ctx(), m.Key, now)
			if want == 1 {
				f.ok("Get before the deadline", err)
			} else {
				fails(f.t, "Get after the deadline", err, sigil.ErrNotFound, "not_found")
			}
			equal(f.t, "List", len(f.ids(now)), want)
			near, err := f.Nearest(f.ctx(), nil, store.NearestQuery{Tenant: m.Tenant, Now: now, Limit: 10, Frequency: m.Frequency})
			f.ok("Nearest", err)
			equal(f.t, "Nearest", len(near), want)
			patterns, err := f.Patterns(f.ctx(), m.Tenant, now)
			f.ok("Patterns", err)
			equal(f.t, "Patterns", len(patterns), want)
			stats := f.stats(m.Tenant, now)
			equal(f.t, "Stats", []int{stats.Memories, int(stats.Bytes), stats.Crystallized, stats.Patterns},
				[]int{want, want * m.Size, want, want})
		}
		_, err := f.Update(f.ctx(), m.Key, func(*sigil.Meta) (*sigil.Event, error) { return nil, nil })
		f.ok("Update of what is hidden", err)
	}},
	{"waits for an update that may keep the memory", func(f *fixture) {
		m := f.encode(fades(time.Second))
		deciding, asking, updated := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		go func() {
			first := true // the func may run more than once
			_, err := f.Update(f.ctx(), m.Key, func(m *sigil.Meta) (*sigil.Event, error) {
				if first {
					first = false
					close(deciding)
					<-asking
					for range 1000 { // time for a Get that does not wait to return
						runtime.Gosched()
					}
				}
				m.FadesAt = start.Add(time.Hour)
				return nil, nil
			})
			updated <- err
		}()
		<-deciding
		close(asking)
		_, err := f.Get(f.ctx(), m.Key, start.Add(time.Minute))
		f.ok("Update", <-updated)
		f.ok("Get while the Update decided", err)
	}},
	{"answers are independent copies", func(f *fixture) {
		m := f.memory()
		m.Data, m.Tags = raw(`"kept"`), []string{"kept"}
		m.State.Extra = map[string]json.RawMessage{"mood": raw(`"kept"`)}
		f.insert(m)
		got, err := f.Get(f.ctx(), m.Key, start)
		f.ok("Get", err)
		listed := f.list(store.Query{Tenant: m.Tenant, Now: start})
		updated, err := f.Update(f.ctx(), m.Key, func(*sigil.Meta) (*sigil.Event, error) { return nil, nil })
		f.ok("Update", err)
		for _, answer := range []*sigil.Memory{&got, &listed[0], &updated} {
			equal(f.t, "answer", *answer, m)
			spoil(answer)
		}
		got, err = f.Get(f.ctx(), m.Key, start)
		f.ok("Get", err)
		equal(f.t, "after the answers were spoiled", got, m)
	}},
}

// spoil overwrites everything that m refers to.
func spoil(m *sigil.Memory) {
	for i := range m.Data {
		m.Data[i] = 'x'
	}
	for i := range m.Tags {
		m.Tags[i] = "x"
	}
	for name, raw := range m.State.Extra {
		raw[1] = 'x'
		delete(m.State.Extra, name)
	}
}

var updateIdeas = []idea{
	{"a refresh is visible and leaves no trace", func(f *fixture) {
		m := f.encode()
		at := m.CreatedAt.Add(time.Minute)
		want := m
		want.AccessCount, want.LastAccessed, want.FadesAt = 1, at, at.Add(95*time.Second)
		got, err := f.recall(m.Key, at)
		f.ok("Update", err)
		equal(f.t, "answer", got, want)
		got, err = f.Get(f.ctx(), m.Key, want.FadesAt.Add(-1))
		f.ok("Get", err)
		equal(f.t, "memory", got, want)
		equal(f.t, "journal entries", len(f.events(m.Tenant)), 1)
	}},
	{"each refresh counts", func(f *fixture) {
		m := f.encode()
		for range 10 {
			_, err := f.recall(m.Key, m.CreatedAt)
			f.ok("Update", err)
		}
		got, err := f.Get(f.ctx(), m.Key, start)
		f.ok("Get", err)
		equal(f.t, "accessCount", got.AccessCount, 10)
	}},
	{"a change comes with its event", func(f *fixture) {
		m := f.encode()
		var event sigil.Event
		got, err := f.Update(f.ctx(), m.Key, func(m *sigil.Meta) (*sigil.Event, error) {
			m.Pinned = true
			m.Reschedule()
			event = sigil.Event{Time: start, Kind: sigil.Pinned, Reason: sigil.ReasonRequest, Memory: *m}
			return &event, nil
		})
		f.ok("Update", err)
		m.Pinned, m.FadesAt = true, time.Time{}
		equal(f.t, "memory", got, m)
		event.Position, event.Hash = 2, sigil.Hash{} // the store may have set it
		equal(f.t, "last event", unhashed(f.events(m.Tenant))[1], event)
		pin := true
		equal(f.t, "pinned", idsOf(f.list(store.Query{Tenant: m.Tenant, Now: start, Pinned: &pin})), []sigil.ID{m.ID})
	}},
	{"an error is given back as it is and changes nothing", func(f *fixture) {
		m := f.encode()
		mine := errors.New("not today")
		_, err := f.Update(f.ctx(), m.Key, func(m *sigil.Meta) (*sigil.Event, error) {
			m.AccessCount, m.Pinned, m.FadesAt = 7, true, time.Time{}
			return &sigil.Event{Time: start, Kind: sigil.Pinned, Reason: sigil.ReasonRequest, Memory: *m}, mine
		})
		if err != mine { //nolint:errorlint // as it is: not wrapped
			f.t.Errorf("Update: got error %v", err)
		}
		got, err := f.Get(f.ctx(), m.Key, start)
		f.ok("Get", err)
		equal(f.t, "memory", got, m)
		equal(f.t, "journal entries", len(f.events(m.Tenant)), 1)
	}},
	{"what is not there is not found, and nobody is asked", func(f *fixture) {
		m := f.encode()
		for _, key := range []sigil.Key{{Tenant: "other", ID: m.ID}, {Tenant: m.Tenant, ID: f.memory().ID}} {
			_, err := f.Update(f.ctx(), key, func(*sigil.Meta) (*sigil.Event, error) {
				f.t.Error("the func was called")
				return nil, nil
			})
			fails(f.t, "Update", err, sigil.ErrNotFound, "not_found")
		}
	}},
	{"a deadline that is brought forward is followed everywhere", func(f *fixture) {
		m := f.encode(func(m *sigil.Memory) { m.Policy = halfLife(f.t); m.Reschedule() })
		later := f.encode()
		shorter := sigil.Deadline(sigil.DefaultClassic(), start)
		if !shorter.Before(m.FadesAt) {
			f.t.Fatalf("the deadline %v is not before %v", shorter, m.FadesAt)
		}
		got, err := f.Update(f.ctx(), m.Key, func(m *sigil.Meta) (*sigil.Event, error) {
			m.Policy = sigil.DefaultClassic()
			m.Reschedule()
			return nil, nil
		})
		f.ok("Update", err)
		equal(f.t, "deadline", got.FadesAt, m.CreatedAt.Add(95*time.Second))
		_, err = f.Get(f.ctx(), m.Key, got.FadesAt)
		fails(f.t, "Get", err, sigil.ErrNotFound, "not_found")
		equal(f.t, "next fade", f.stats(m.Tenant, start).NextFade, got.FadesAt)
		due, err := f.Due(f.ctx(), got.FadesAt.Add(-time.Millisecond), 10)
		f.ok("Due", err)
		equal(f.t, "due before", len(due), 0)
		due, err = f.Due(f.ctx(), maxTime(got.FadesAt, later.FadesAt), 10)
		f.ok("Due", err)
		equal(f.t, "due at the new deadline", sorted(due), sorted([]sigil.Key{m.Key, later.Key}))
		equal(f.t, "live at the new deadline", f.ids(maxTime(got.FadesAt, later.FadesAt)), []sigil.ID(nil))
	}},
	{"a new deadline is followed everywhere", func(f *fixture) {
		m := f.encode()
		_, err := f.recall(m.Key, m.CreatedAt.Add(time.Minute))
		f.ok("Update", err)
		due, err := f.Due(f.ctx(), m.FadesAt, 10)
		f.ok("Due", err)
		equal(f.t, "due at the old deadline", due, nil)
		equal(f.t, "live at the old deadline", f.ids(m.FadesAt), []sigil.ID{m.ID})
		equal(f.t, "next fade", f.stats(m.Tenant, start).NextFade, m.FadesAt.Add(time.Minute))
		due, err = f.Due(f.ctx(), m.FadesAt.Add(time.Minute), 10)
		f.ok("Due", err)
		equal(f.t, "due at the new one", due, []sigil.Key{m.Key})
	}},
	{"a stretch is kept by every read and recall, and decides decay", func(f *fixture) {
		fsrs, err := sigil.ParsePolicy("fsrs s=1d grace=1h")
		f.ok("ParsePolicy", err)
		m := f.encode(func(m *sigil.Memory) {
			m.Policy, m.Stretch = fsrs, sigil.StretchFor(fsrs, 365*24*time.Hour)
			m.Reschedule()
		})
		equal(f.t, "deadline", m.FadesAt, m.CreatedAt.Add(365*24*time.Hour))
		check := func(what string, at time.Time) {
			f.t.Helper()
			got, err := f.Get(f.ctx(), m.Key, at)
			f.ok("Get", err)
			equal(f.t, what+": Get", got.Meta, m.Meta)
			equal(f.t, what+": List", f.list(store.Query{Tenant: m.Tenant, Now: at})[0].Meta, m.Meta)
			fading, _, err := f.Fading(f.ctx(), store.FadingQuery{Tenant: m.Tenant, Now: at, Until: m.FadesAt, Limit: 1})
			f.ok("Fading", err)
			equal(f.t, what+": Fading", fading[0].Meta, m.Meta)
			near, err := f.Nearest(f.ctx(), nil, store.NearestQuery{Tenant: m.Tenant, Now: at, Limit: 1, Frequency: m.Frequency})
			f.ok("Nearest", err)
			equal(f.t, what+": Nearest", near[0], m.Meta)
			equal(f.t, what+": average decay", f.stats(m.Tenant, at).AverageDecay, m.Decay(at))
		}
		check("encoded", m.CreatedAt.Add(24*time.Hour))
		for _, day := range []time.Duration{30, 90} {
			at, was := m.CreatedAt.Add(day*24*time.Hour), m.Stretch
			recalled, err := f.recall(m.Key, at)
			f.ok("recall", err)
			m.Recall(fsrs, at)
			if m.Stretch <= was {
				f.t.Errorf("after a recall the stretch is %v, before %v", m.Stretch, was)
			}
			equal(f.t, "recalled", recalled.Meta, m.Meta)
			check("recalled", at.Add(time.Hour))
		}
	}},
	{"a new policy is kept", func(f *fixture) {
		m := f.encode()
		policy, err := sigil.NewHalfLife(time.Hour, 0.5)
		f.ok("NewHalfLife", err)
		_, err = f.Update(f.ctx(), m.Key, func(m *sigil.Meta) (*sigil.Event, error) {
			m.Touch(policy, m.CreatedAt)
			return nil, nil
		})
		f.ok("Update", err)
		got, err := f.Get(f.ctx(), m.Key, start)
		f.ok("Get", err)
		equal(f.t, "policy", got.Policy, sigil.Policy(policy))
		equal(f.t, "deadline", got.FadesAt, m.CreatedAt.Add(time.Hour))
	}},
}
