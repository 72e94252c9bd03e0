package pebblestore

import (
	"bytes"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/prove/model"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// wreck changes records of a closed store.
type wreck struct {
	t  *testing.T
	db *pebble.DB
	of *layout.Policies
}

func (w *wreck) get(key []byte) []byte {
	w.t.Helper()
	value, closer, err := w.db.Get(key)
	if err != nil {
		w.t.Fatalf("record %q: %v", key, err)
	}
	defer closer.Close()
	return bytes.Clone(value)
}

func (w *wreck) set(key, value []byte) { must(w.t, w.db.Set(key, value, pebble.Sync)) }

// take deletes a record.
func (w *wreck) take(key []byte) {
	w.get(key)
	must(w.t, w.db.Delete(key, pebble.Sync))
}

// first returns the first key of a family, and any other that fits.
func (w *wreck) first(family byte, fits func(key []byte) bool) []byte {
	w.t.Helper()
	it, err := w.db.NewIter(&pebble.IterOptions{LowerBound: []byte{family}, UpperBound: []byte{family + 1}})
	must(w.t, err)
	defer it.Close()
	for ok := it.First(); ok; ok = it.Next() {
		if fits == nil || fits(it.Key()) {
			return bytes.Clone(it.Key())
		}
	}
	w.t.Fatalf("no record of family %c", family)
	return nil
}

// replace replaces text in a record by other text of the same length.
func (w *wreck) replace(key []byte, old, text string) {
	w.t.Helper()
	value := w.get(key)
	if !bytes.Contains(value, []byte(old)) {
		w.t.Fatalf("record %q has no %q", key, old)
	}
	w.set(key, bytes.Replace(value, []byte(old), []byte(text), 1))
}

// figures changes the figures of a memory.
func (w *wreck) figures(m *sigil.Memory, change func(*sigil.Meta, *record.Labels)) {
	w.t.Helper()
	key := layout.MemoryKey(layout.MetaFamily, m.Tenant, m.ID)
	r := record.NewReader(w.get(key))
	meta := r.Meta(m.Key, w.of)
	labels, _ := r.Labels()
	must(w.t, r.End())
	change(&meta, &labels)
	number, err := w.of.Number(meta.Policy)
	must(w.t, err)
	w.set(key, record.AppendLabels(record.AppendMeta(nil, &meta, number), labels))
}

// crystal changes the crystal of a pattern.
func (w *wreck) crystal(change func(*sigil.Crystal)) {
	key := w.first(layout.CrystalFamily, nil)
	r := record.NewReader(w.get(key))
	c := r.Crystal("various")
	must(w.t, r.End())
	change(&c)
	w.set(key, record.AppendCrystal(nil, &c))
}

// Each damage is found by the checks that it concerns and by no others, and what is derived is repaired. The table of the other
// driver is in its check_test.go.
func TestCheckFindsDamage(t *testing.T) {
	quiet := &Options{Logger: slog.New(slog.DiscardHandler), Undo: true}
	sound := t.TempDir()
	s, err := Open(sound, quiet)
	must(t, err)
	v := model.Fill(t, s)
	must(t, s.Close())
	checked := func(t *testing.T, dir string) ([]store.Check, string) {
		t.Helper()
		found, err := Check(dir, quiet)
		must(t, err)
		return slices.Sorted(maps.Keys(found.Found)), strings.Join(found.Sentences(), "\n")
	}
	if names, said := checked(t, sound); len(names) > 0 {
		t.Fatalf("of a sound store: %s", said)
	}
	body := func(m *sigil.Memory) []byte { return layout.MemoryKey(layout.BodyFamily, m.Tenant, m.ID) }
	type checks = []store.Check
	for name, tt := range map[string]struct {
		damage func(*wreck)
		want   checks
		left   checks // after a repair
	}{
		"another content":              {func(w *wreck) { w.replace(body(&v.Plain), "tea", "tee") }, checks{store.CheckContent}, checks{store.CheckContent}},
		"no JSON":                      {func(w *wreck) { w.replace(body(&v.Plain), "{", "[") }, checks{store.CheckContent}, checks{store.CheckContent}},
		"a content that is lost":       {func(w *wreck) { w.take(body(&v.Plain)) }, checks{store.CheckContent}, checks{store.CheckContent}},
		"the content of a removed one": {func(w *wreck) { w.replace(body(&v.Forgotten), "mon", "men") }, checks{store.CheckContent}, checks{store.CheckContent}},
		"a frequency": {func(w *wreck) {
			w.figures(&v.Plain, func(m *sigil.Meta, _ *record.Labels) { m.Frequency = (m.Frequency + 1) % sigil.NumFrequencies })
		}, checks{store.CheckFrequency, store.CheckJournal}, checks{store.CheckFrequency, store.CheckJournal}},
		"a potential": {func(w *wreck) {
			w.figures(&v.Plain, func(m *sigil.Meta, _ *record.Labels) { m.Potential = 0.6 })
		}, checks{store.CheckFrequency, store.CheckJournal}, checks{store.CheckFrequency, store.CheckJournal}},
		"a deadline": {func(w *wreck) {
			w.figures(&v.Plain, func(m *sigil.Meta, _ *record.Labels) { m.FadesAt = m.FadesAt.Add(time.Hour) })
		}, checks{store.CheckDeadline}, checks{store.CheckDeadline}},
		"a deadline by fsrs and life": {func(w *wreck) {
			w.figures(&v.OwnPolicy, func(m *sigil.Meta, _ *record.Labels) { m.FadesAt = m.FadesAt.Add(-time.Hour) })
		}, checks{store.CheckDeadline, store.CheckJournal}, checks{store.CheckDeadline, store.CheckJournal}},
		"no deadline": {func(w *wreck) {
			w.figures(&v.Plain, func(m *sigil.Meta, _ *record.Labels) { m.FadesAt = time.Time{} })
		}, checks{store.CheckDeadline}, checks{store.CheckDeadline}},
		"a label": {func(w *wreck) {
			w.figures(&v.Plain, func(_ *sigil.Meta, l *record.Labels) { l.Hash++ })
		}, checks{store.CheckIndexes}, nil},
		"tags": {func(w *wreck) {
			w.figures(&v.Plain, func(_ *sigil.Meta, l *record.Labels) { l.Tags = "" })
		}, checks{store.CheckJournal}, checks{store.CheckJournal}},
		"a block of the journal": {func(w *wreck) { w.take(w.first(layout.JournalFamily, nil)) }, checks{store.CheckChain, store.CheckJournal}, checks{store.CheckChain, store.CheckJournal}},
		"a link": {func(w *wreck) {
			key := w.first(layout.LinkFamily, func(key []byte) bool { return key[len(key)-1] == 3 })
			w.set(key, make([]byte, 32))
		}, checks{store.CheckChain}, checks{store.CheckChain}},
		"a link that is lost": {func(w *wreck) {
			w.take(w.first(layout.LinkFamily, func(key []byte) bool { return key[len(key)-1] == 3 }))
		}, checks{store.CheckChain}, checks{store.CheckChain}},
		"the members of a crystal":   {func(w *wreck) { w.crystal(func(c *sigil.Crystal) { c.Members += 1000 }) }, checks{store.CheckCrystals}, checks{store.CheckCrystals}},
		"the frequency of a crystal": {func(w *wreck) { w.crystal(func(c *sigil.Crystal) { c.Frequency = 0 }) }, checks{store.CheckCrystals}, checks{store.CheckCrystals}},
		"a crystal that is lost":     {func(w *wreck) { w.take(w.first(layout.CrystalFamily, nil)) }, checks{store.CheckCrystals}, checks{store.CheckCrystals}},
		"a removed content":          {func(w *wreck) { w.take(body(&v.Forgotten)) }, checks{store.CheckRemoved}, checks{store.CheckRemoved}},
		"when it was removed":        {func(w *wreck) { w.take(w.first(layout.RemovalFamily, nil)) }, checks{store.CheckIndexes}, nil},
		"the size of a removed one": {func(w *wreck) {
			w.set(w.first(layout.RemovalFamily, nil), layout.RemovalSize(1))
		}, checks{store.CheckIndexes}, nil},
		"the time of a removal that was not": {func(w *wreck) {
			w.set(layout.RemovalKey("various", 12345, v.Plain.ID), layout.RemovalSize(1))
		}, checks{store.CheckIndexes}, nil},
		"a link to a superseded memory": {func(w *wreck) { w.take(w.first(layout.CorrectionFamily, nil)) }, checks{store.CheckCorrections}, checks{store.CheckCorrections}},
		"an answer":                     {func(w *wreck) { w.set(layout.IdempotencyKey("other", "key"), []byte{0}) }, checks{store.CheckAnswers}, checks{store.CheckAnswers}},
		"the end of an answer":          {func(w *wreck) { w.take(w.first(layout.ExpiryFamily, nil)) }, checks{store.CheckIndexes}, nil},
		"the end of no answer":          {func(w *wreck) { w.set(layout.ExpiryKey(12345, "various", "lost"), nil) }, checks{store.CheckIndexes}, nil},
		"a revocation": {func(w *wreck) {
			key := w.first(layout.SignatureFamily, nil)
			k, _ := layout.SplitSignatureKey(key)
			r := record.NewReader(w.get(key))
			signature := r.Signature(k)
			signature.RevokedAt, signature.Reason = time.Time{}, ""
			w.set(key, record.AppendSignature(nil, &signature))
		}, checks{store.CheckSignatures}, checks{store.CheckSignatures}},
		"a signature's body":   {func(w *wreck) { w.take(w.first(layout.SignedFamily, nil)) }, checks{store.CheckIndexes}, nil},
		"a signature's signer": {func(w *wreck) { w.take(w.first(layout.SignerFamily, nil)) }, checks{store.CheckIndexes}, nil},
		"a body of no signature": {func(w *wreck) {
			w.set(layout.BodyKey("various", sigil.Hash{7}, sigil.ID{7}), nil)
		}, checks{store.CheckIndexes}, nil},
		"the key of receipts": {func(w *wreck) { w.set(layout.SigningKey(), []byte{0}) }, checks{store.CheckReceipts}, checks{store.CheckReceipts}},
		"a claim":             {func(w *wreck) { w.set(append([]byte{layout.ClaimFamily}, "webhook"...), []byte{0}) }, checks{store.CheckClaims}, checks{store.CheckClaims}},
		"a vector that was given": {func(w *wreck) {
			w.set(layout.MemoryKey(layout.VectorFamily, v.Vector.Tenant, v.Vector.ID), []byte{1, 2, 3})
		}, checks{store.CheckVectors}, checks{store.CheckVectors}},
		"a vector of a text": {func(w *wreck) {
			w.set(layout.MemoryKey(layout.EmbeddingFamily, v.Plain.Tenant, v.Plain.ID), []byte{1, 2, 3})
		}, checks{store.CheckVectors}, nil},
		"a vector of no memory": {func(w *wreck) {
			w.set(layout.MemoryKey(layout.EmbeddingFamily, "other", sigil.ID{7}), []byte{127})
		}, checks{store.CheckVectors}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			must(t, os.CopyFS(dir, os.DirFS(sound)))
			db, err := pebble.Open(dir+"/pebble", DatabaseOptions())
			must(t, err)
			tt.damage(&wreck{t, db, s.policies})
			must(t, db.Close())
			names, said := checked(t, dir)
			if !slices.Equal(names, tt.want) {
				t.Errorf("found %v, want %v:\n%s", names, tt.want, said)
			}
			done, err := Repair(dir, quiet)
			must(t, err)
			if (len(done.Repaired) > 0) != (len(tt.left) < len(tt.want)) {
				t.Errorf("repaired %v", done.Repaired)
			}
			if names, said := checked(t, dir); !slices.Equal(names, tt.left) {
				t.Errorf("a repair leaves %v, want %v:\n%s", names, tt.left, said)
			}
		})
	}
}
