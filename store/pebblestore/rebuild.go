package pebblestore

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/index"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// rebuild fills the index from the data on disk. It is called before anything else runs.
func (s *Store) rebuild() error {
	defer s.index.Wait()
	if err := s.scan([]byte{layout.PolicyFamily}, func(key, value []byte) error {
		policy, err := record.ParsePolicy(string(value))
		if err != nil {
			return err
		}
		n, err := s.policies.Add(policy)
		if number, ok := layout.SplitPolicyKey(key); err == nil && (!ok || n != number) {
			err = record.ErrDamaged
		}
		return err
	}); err != nil {
		return err
	}
	if err := s.scan([]byte{layout.TrimmedFamily}, func(_, value []byte) error {
		trimmed, ok := layout.ReadPosition(value)
		if !ok {
			return record.ErrDamaged
		}
		s.trimmed.Store(trimmed)
		return nil
	}); err != nil {
		return err
	}
	if err := errors.Join(s.lookForVectors(), s.lookForEmbeddings()); err != nil {
		return err
	}
	newest, err := s.newestPosition()
	if err != nil {
		return err
	}
	s.index.Apply(nil, nil, newest)
	if err := s.scan([]byte{layout.CrystalFamily}, func(key, value []byte) error {
		tenant, _, ok := layout.SplitTenant(key)
		r := record.NewReader(value)
		c := r.Crystal(tenant)
		if !ok || r.End() != nil {
			return record.ErrDamaged
		}
		s.index.Apply(nil, []*index.Change{{Tenant: tenant, Crystals: []sigil.Crystal{c}}}, newest)
		return nil
	}); err != nil {
		return err
	}
	if err := errors.Join(s.rebuildSignatures(), s.rebuildTrash(), s.rebuildChains(), s.rebuildPolicies(), s.rebuildClocks()); err != nil {
		return err
	}
	return s.rebuildMemories(newest)
}

// rebuildMemories reads the figures of all memories on one goroutine and indexes them on another, since each
// takes about as long. newest is the newest position of the journal.
func (s *Store) rebuildMemories(newest uint64) error {
	read, indexed := make(chan *index.Change, 4), make(chan struct{})
	// This goroutine ends when read is closed, below.
	go func() {
		defer close(indexed)
		for some := range read {
			s.index.Apply(nil, []*index.Change{some}, newest)
		}
	}()
	defer func() { // also if a failing disk ends this goroutine
		close(read)
		<-indexed
	}()
	const most = 1024
	next := &index.Change{}
	var prefix []byte // of its tenant's keys, which are adjacent
	err := s.scan([]byte{layout.MetaFamily}, func(key, value []byte) error {
		if prefix == nil || !bytes.HasPrefix(key, prefix) || len(next.Entries) == most {
			name, _, ok := layout.SplitTenant(key)
			if !ok {
				return record.ErrDamaged
			}
			if len(next.Entries) > 0 {
				read <- next
			}
			next, prefix = &index.Change{Tenant: name, Entries: make([]index.Entry, 0, most)}, layout.TenantPrefix(layout.MetaFamily, name)
		}
		rest := key[len(prefix):]
		if len(rest) != len(sigil.ID{}) {
			return record.ErrDamaged
		}
		r := record.NewReader(value)
		f := r.Figures()
		labels, there := r.Labels()
		if r.End() != nil || s.policies.Policy(f.Policy) == nil {
			return record.ErrDamaged
		}
		if !there {
			var err error
			if labels, err = s.formerLabels(key); err != nil {
				return err
			}
		}
		if labels.Tags != "" {
			next.Tagged = append(next.Tagged, index.Tagged{Entry: len(next.Entries), Tags: labels.Tags})
		}
		next.Entries = append(next.Entries, index.Kept(sigil.ID(rest), &f, labels.Hash, !there))
		return nil
	})
	if len(next.Entries) > 0 {
		read <- next
	}
	return err
}

// formerLabels reads the labels of a memory, given the key of its figures, from its content: before format 5, the
// figures did not have them. A memory without content, which [Store.Check] reports, has no labels.
func (s *Store) formerLabels(figures []byte) (record.Labels, error) {
	key, _ := layout.SplitMemoryKey(figures)
	b, err := s.record(key)
	if b == nil || err != nil {
		return record.Labels{}, err
	}
	memory := sigil.Memory{Meta: sigil.Meta{Key: key}}
	r := record.NewReader(b)
	r.Body(&memory)
	return record.LabelsOf(&memory), s.reading(r.End())
}

// upgrade writes the figures that rebuild found in the form of an earlier format. If it is interrupted, the next open
// does the rest.
func (s *Store) upgrade() error {
	b := s.db.NewBatch(pebble.WithMaxRetainedSizeBytes(maxRetained))
	var value []byte
	if err := s.index.Refreshes(func(m *sigil.Meta, policy uint16, labels record.Labels) error {
		value = record.AppendLabels(record.AppendMeta(value[:0], m, policy), labels)
		if err := b.Set(layout.MemoryKey(layout.MetaFamily, m.Tenant, m.ID), value, nil); err != nil || b.Len() < maxRetained {
			return err
		}
		err := s.db.Apply(b, pebble.NoSync)
		b.Reset()
		return err
	}); err != nil {
		return err
	}
	if b.Empty() {
		return nil
	}
	return s.db.Apply(b, pebble.Sync)
}

// scan calls visit with every record whose key starts with prefix, in order. key and value are valid until
// visit returns.
func (s *Store) scan(prefix []byte, visit func(key, value []byte) error) error {
	return s.scanRange(prefix, layout.After(prefix), visit)
}

func (s *Store) scanRange(from, to []byte, visit func(key, value []byte) error) error {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return err
	}
	defer func() { _ = it.Close() }() // Error has returned the same error
	for ok := it.First(); ok; ok = it.Next() {
		if err := visit(it.Key(), it.Value()); err != nil {
			return fmt.Errorf("record %q: %w", it.Key(), err)
		}
	}
	return it.Error()
}
