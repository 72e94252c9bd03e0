package engine_test

import (
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
)

// exportVersions returns all former versions of the default tenant as an export has them, in pages of n, and how many were left out.
func (r *rig) exportVersions(n int) (all []engine.ExportedMemory, leftOut int) {
	r.t.Helper()
	for cursor := ""; ; {
		page, left, err := r.ExportVersions(r.ctx(), sigil.DefaultTenant, cursor, n)
		r.ok("export of versions", err)
		all, leftOut = append(all, page.Memories...), leftOut+left
		if cursor = page.Next; cursor == "" {
			return all, leftOut
		}
	}
}

// chain has a chain of n memories.
func (r *rig) chain(text string, n int) (all []sigil.Memory) {
	r.t.Helper()
	m := r.encode(`{"text":"`+text+`","n":0}`, func(d *sigil.Draft) { d.Tags, d.Vector, d.State = []string{text}, []float32{1, -0.5}, &strong })
	all = append(all, m)
	for len(all) < n {
		r.clock.ms.Add(1000)
		next, err := r.Correct(r.ctx(), m.Key, sigil.Draft{Data: []byte(`{"text":"` + text + ` again","n":` + string(rune('0'+len(all))) + `}`)})
		r.ok("correct", err)
		m = next
		all = append(all, m)
	}
	return all
}

func TestVersionsComeBackAsTheyWere(t *testing.T) {
	from := newRig(t, engine.Options{})
	a, b := from.chain("tea", 4), from.chain("milk", 3)
	gone := from.chain("gone", 2)
	from.ok("forget", from.Forget(from.ctx(), gone[1].Key))
	exported, leftOut := from.exportVersions(2)
	same(t, "left out", leftOut, 1)
	var ids []sigil.ID
	for i := range exported {
		ids = append(ids, exported[i].ID)
	}
	alike(t, "exported", ids, []sigil.ID{a[2].ID, a[1].ID, a[0].ID, b[1].ID, b[0].ID})
	for n := 1; n < 7; n++ {
		again, left := from.exportVersions(n)
		alike(t, "exported in other pages", again, exported)
		same(t, "left out", left, 1)
	}
	memories := from.export()

	to := newRig(t, engine.Options{})
	to.clock.set(90 * time.Second)
	alike(t, "before the memories", outcomes(to.imports(exported[:1], false)), []string{"detached"})
	alike(t, "memories", outcomes(to.imports(memories, false)), []string{"inserted", "inserted"})
	alike(t, "dry run", outcomes(to.imports(exported, true)), []string{"inserted", "inserted", "inserted", "inserted", "inserted"})
	alike(t, "an import that is stopped", outcomes(to.imports(exported[:2], false)), []string{"inserted", "inserted"})
	same(t, "memories", to.live(), 2)
	alike(t, "and goes on", outcomes(to.imports(exported, false)), []string{"same", "same", "inserted", "inserted", "inserted"})
	alike(t, "dry run of what is there", outcomes(to.imports(exported, true)), []string{"same", "same", "same", "same", "same"})
	there, leftOut := to.exportVersions(0)
	alike(t, "exported again", there, exported)
	same(t, "left out", leftOut, 0)
	alike(t, "memories exported again", to.export(), memories)
	page, err := to.History(to.ctx(), a[0].Key, engine.HistoryQuery{})
	to.ok("history", err)
	same(t, "versions", len(page.Versions), 4)
	_, err = to.Peek(to.ctx(), a[1].Key)
	same(t, "peek of a version", sigil.CodeOf(err), "superseded")
	_, err = to.Correct(to.ctx(), a[3].Key, sigil.Draft{Data: []byte(`"once more"`)})
	to.ok("correct", err)
}

func TestAnImportSupersedesWhatIsLiveHere(t *testing.T) {
	from := newRig(t, engine.Options{})
	a := from.chain("tea", 2)
	to := newRig(t, engine.Options{})
	to.clock.set(90 * time.Second)
	// The first export has a memory that is corrected twice after it.
	alike(t, "memories", outcomes(to.imports(from.export(), false)), []string{"inserted"})
	first := from.export()
	versions, _ := from.exportVersions(0)
	alike(t, "versions", outcomes(to.imports(versions, false)), []string{"inserted"})
	for _, text := range []string{"three", "four"} {
		next, err := from.Correct(from.ctx(), a[len(a)-1].Key, sigil.Draft{Data: []byte(`"` + text + `"`)})
		from.ok("correct", err)
		a = append(a, next)
	}
	exported, _ := from.exportVersions(0)
	alike(t, "memories", outcomes(to.imports(from.export(), false)), []string{"inserted"})
	same(t, "memories", to.live(), 2)
	alike(t, "dry run", outcomes(to.imports(exported, true)), []string{"inserted", "inserted", "same"})
	alike(t, "versions", outcomes(to.imports(exported, false)), []string{"inserted", "inserted", "same"})
	same(t, "memories", to.live(), 1)
	there, _ := to.exportVersions(0)
	alike(t, "exported again", there, exported)
	alike(t, "of an earlier export", outcomes(to.imports(first, false)), []string{"superseded"})
	first[0].Tags = []string{"other"}
	alike(t, "of another memory", outcomes(to.imports(first, false)), []string{"exists tags"})
}

func TestWrongVersionsAreRefused(t *testing.T) {
	from := newRig(t, engine.Options{})
	from.chain("tea", 3)
	versions, _ := from.exportVersions(0)
	to := newRig(t, engine.Options{})
	to.clock.set(90 * time.Second)
	to.imports(from.export(), false)
	to.imports(versions[:1], false)
	for _, test := range []struct {
		want   string
		change func(v *engine.ExportedMemory)
	}{
		{"invalid_figure supersededAt", func(v *engine.ExportedMemory) { v.SupersededAt = v.CreatedAt.Add(-time.Millisecond) }},
		{"invalid_figure supersededAt", func(v *engine.ExportedMemory) { v.SupersededAt = to.Now().Add(time.Millisecond) }},
		{"invalid_figure supersededAt", func(v *engine.ExportedMemory) { v.SupersededAt = v.SupersededAt.Add(time.Microsecond) }},
		{"invalid_figure supersededBy", func(v *engine.ExportedMemory) { v.SupersededBy = v.ID }},
		{"invalid_figure hash", func(v *engine.ExportedMemory) { v.Data = []byte(`1`) }},
		{"exists supersededBy", func(v *engine.ExportedMemory) { v.SupersededBy = from.export()[0].ID }},
		{"detached", func(v *engine.ExportedMemory) { v.SupersededBy = sigil.NewID(from.Now()) }},
	} {
		v := versions[1]
		test.change(&v)
		alike(t, "outcome", outcomes(to.imports([]engine.ExportedMemory{v}, false)), []string{test.want})
	}
	other := versions[0]
	other.SupersededBy = versions[1].ID
	alike(t, "of another chain", outcomes(to.imports([]engine.ExportedMemory{other}, false)), []string{"exists supersededBy"})
}

func TestAnImportOfWhatCanBeRestoredIsAConflict(t *testing.T) {
	from := lived(t)
	exported := from.export()
	to := newRig(t, engine.Options{Settings: engine.Settings{Undo: engine.DefaultUndo()}})
	to.clock.set(time.Minute)
	to.imports(exported, false)
	to.ok("forget", to.Forget(to.ctx(), exported[1].Key))
	for _, dryRun := range []bool{true, false} {
		alike(t, "again", outcomes(to.imports(exported, dryRun)), []string{"same", "exists id", "same", "same", "same"})
	}
	_, err := to.Restore(to.ctx(), exported[1].Key)
	to.ok("restore", err)
	alike(t, "restored", outcomes(to.imports(exported, false)), []string{"same", "same", "same", "same", "same"})
}
