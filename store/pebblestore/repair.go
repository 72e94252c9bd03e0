package pebblestore

import (
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// Repair is like [Check], and makes anew what is derived from other records and is wrong or missing: what finds answers by their end,
// signatures by body and key, and removed memories by time, and the hashes among figures. It removes what finds records that are
// not there, and vectors of texts that are damaged or have no memory; a daemon makes those that are then missing. All of
// it is one batch. It changes nothing else: the problems of the result that are not in Repaired are still there. No
// process may have the store open; it is opened as by [Open].
func Repair(dir string, o *Options) (found Checked, err error) {
	s, err := Open(dir, o)
	if err != nil {
		return found, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	err = s.apart(func() (err error) {
		c := s.newChecker()
		c.values, c.mend = true, s.db.NewBatch()
		defer func() { err = errors.Join(err, c.mend.Close()) }()
		if found, err = c.run(); err != nil || c.mend.Empty() {
			return err
		}
		if err := c.mend.Commit(pebble.Sync); err != nil {
			found.Repaired = nil
			return err
		}
		return nil
	})
	return found, err
}

// set adds a record to the repair.
func (c *checker) set(check store.Check, key, value []byte) {
	if c.mend != nil {
		_ = c.mend.Set(key, value, nil) // a batch in memory
		c.found.Mended(check, 1)
	}
}

// remove adds the removal of a record to the repair.
func (c *checker) remove(check store.Check, key []byte) {
	if c.mend != nil {
		_ = c.mend.Delete(key, nil) // a batch in memory
		c.found.Mended(check, 1)
	}
}

// relabel adds the figures of a live memory to the repair, with the label of a hash.
func (c *checker) relabel(k sigil.Key, hash sigil.Hash) {
	if c.mend == nil {
		return
	}
	key := layout.MemoryKey(layout.MetaFamily, k.Tenant, k.ID)
	value, closer, err := c.s.db.Get(key)
	if err != nil { // a removed memory has no such record
		return
	}
	defer func() { _ = closer.Close() }() // a block in memory
	r := record.NewReader(value)
	m := r.Meta(k, c.s.policies)
	labels, _ := r.Labels()
	labels.Hash = record.HashLabel(hash)
	if r.End() != nil {
		return
	}
	if number, err := c.s.policies.Number(m.Policy); err == nil {
		c.set(store.CheckIndexes, key, record.AppendLabels(record.AppendMeta(nil, &m, number), labels))
	}
}
