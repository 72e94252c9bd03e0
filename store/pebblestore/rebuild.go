package pebblestore

import (
	"encoding/binary"
	"fmt"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/internal/record"
)

// rebuild fills the index from what is on disk. Nothing else runs yet.
func (s *Store) rebuild() error {
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	if err := s.scan([]byte{policyFamily}, func(key, value []byte) error {
		policy, err := sigil.ParsePolicy(string(value))
		if err != nil {
			return err
		}
		n, err := s.policies.add(policy)
		if err == nil && (len(key) != 3 || n != binary.BigEndian.Uint16(key[1:])) {
			err = record.ErrDamaged
		}
		return err
	}); err != nil {
		return err
	}
	for family, position := range map[byte]*atomic.Uint64{positionFamily: &s.published, trimmedFamily: &s.trimmed} {
		if err := s.scan([]byte{family}, func(_, value []byte) error {
			if len(value) != 8 {
				return record.ErrDamaged
			}
			position.Store(binary.BigEndian.Uint64(value))
			return nil
		}); err != nil {
			return err
		}
	}
	if err := s.scan([]byte{crystalFamily}, func(key, value []byte) error {
		tenant, _, ok := splitTenant(key)
		r := record.NewReader(value)
		c := r.Crystal(tenant)
		if !ok || r.End() != nil {
			return record.ErrDamaged
		}
		s.index.setCrystals(tenant, []sigil.Crystal{c}) // +checklocksignore: it is locked, above
		return nil
	}); err != nil {
		return err
	}
	var t *tenant // the tenant of the last key: keys of one tenant follow one another
	return s.scan([]byte{metaFamily}, func(key, value []byte) error {
		name, rest, ok := splitTenant(key)
		if !ok || len(rest) != len(sigil.ID{}) {
			return record.ErrDamaged
		}
		r := record.NewReader(value)
		m := r.Meta(sigil.Key{Tenant: name, ID: sigil.ID(rest)}, s.policies)
		if r.End() != nil {
			return record.ErrDamaged
		}
		number, err := s.policies.number(m.Policy)
		if err != nil {
			return err
		}
		if t == nil || t.name != name {
			t = s.index.tenant(name) // +checklocksignore: it is locked, above
		}
		s.index.insert(t, newEntry(&m, number)) // +checklocksignore: it is locked, above
		return nil
	})
}

// scan shows visit every record whose key starts with prefix, in order. What it shows is good until
// visit returns.
func (s *Store) scan(prefix []byte, visit func(key, value []byte) error) error {
	return s.scanRange(prefix, after(prefix), visit)
}

func (s *Store) scanRange(from, to []byte, visit func(key, value []byte) error) error {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return err
	}
	defer func() { _ = it.Close() }() // what it has to say, Error said
	for ok := it.First(); ok; ok = it.Next() {
		if err := visit(it.Key(), it.Value()); err != nil {
			return fmt.Errorf("record %q: %w", it.Key(), err)
		}
	}
	return it.Error()
}
