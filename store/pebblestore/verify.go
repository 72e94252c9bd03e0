package pebblestore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/sigil-dna/sigil/store/pebblestore/internal/index"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// looks is how often Verify checks before it reports a problem.
const looks = 3

// Verify reads the whole store and returns all problems as one error: the index in memory differs from one
// built from the data on disk, or [Check] would find something, apart from what follows from contents, policies and
// members alone. It returns nil if the store is sound. It changes nothing, and needs memory for two more indexes.
//
// A concurrent change may look like damage. Verify checks again before it reports damage, so call it while
// there are few changes.
func (s *Store) Verify(ctx context.Context) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return err
	}
	var err error
	for range looks {
		if err = s.verify(ctx); err == nil || ctx.Err() != nil {
			break
		}
	}
	return err
}

func (s *Store) verify(ctx context.Context) error {
	fresh := &Store{db: s.db, info: s.info, policies: &layout.Policies{}}
	fresh.index = index.New(fresh.policies, true)
	if err := fresh.rebuild(); err != nil {
		return err
	}
	found, err := fresh.check()
	if err == nil {
		err = ctx.Err()
	}
	if err == nil && found.Wrong > 0 {
		err = fmt.Errorf("%d records are wrong: %s", found.Wrong, strings.Join(found.Sentences(), "; "))
	}
	problems := s.index.Differences(fresh.index)
	if memory, onDisk := s.trimmed.Load(), fresh.trimmed.Load(); memory != onDisk {
		problems = append(problems, fmt.Errorf("trimmed position: in memory %d, on disk %d", memory, onDisk))
	}
	if memory, onDisk := s.signatures.counts(), fresh.signatures.counts(); !maps.Equal(memory, onDisk) {
		problems = append(problems, fmt.Errorf("signatures: in memory %v, on disk %v", memory, onDisk))
	}
	if memory, onDisk := s.trash.counts(), fresh.trash.counts(); !maps.Equal(memory, onDisk) {
		problems = append(problems, fmt.Errorf("removed memories: in memory %v, on disk %v", memory, onDisk))
	}
	return errors.Join(err, errors.Join(problems...))
}
