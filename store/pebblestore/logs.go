package pebblestore

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/disk"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// checkLogs detects a lost log. The database reads the logs that exist, and cannot know that an earlier one
// is missing, because no file lists them. But the journal shows it: the first entry of a log must follow an
// entry in an older log or in a table. s is open and rebuilt.
func (s *Store) checkLogs() error {
	fsys, data := s.folder.FS, s.folder.Data
	names, err := fsys.List(data)
	if err != nil {
		return err
	}
	for _, name := range names {
		stem, ok := strings.CutSuffix(name, ".log")
		number, err := strconv.ParseUint(stem, 10, 64)
		if !ok || err != nil {
			continue
		}
		path := fsys.PathJoin(data, name)
		b, err := disk.ReadFile(fsys, path)
		if err != nil {
			return err
		}
		follows := followsOn(b, uint32(number))
		if follows <= s.trimmed.Load() {
			continue
		}
		if there, err := s.journalHas(follows); err != nil {
			return err
		} else if !there {
			return fmt.Errorf("%s follows journal entry %d, which is missing, as is the log that contained it: %w", path, follows, record.ErrDamaged)
		}
	}
	return nil
}

// followsOn returns the position before the first entry in a log, or 0 if there is no entry before the first
// damaged record. It ignores damage, which the database handles: after a power cut, the newest log ends
// there, whatever follows. It ignores blocks of earlier commits, too, which an erasure has written again.
func followsOn(log []byte, number uint32) uint64 {
	intact := true
	for one := range layout.Records(log, number, func(int) { intact = false }) {
		if !intact {
			break
		}
		first := uint64(math.MaxUint64)
		err := layout.Batch(one, layout.JournalFamily, func(key []byte, _ uint64, kind pebble.InternalKeyKind, block []byte) {
			position, ok := layout.FirstOfBlock(block)
			_, last, named := layout.SplitJournalKey(key)
			if kind == pebble.InternalKeyKindSet && ok && named && !record.Redacted(block, 0, last) {
				first = min(first, position)
			}
		})
		if err == nil && first > 0 && first < math.MaxUint64 {
			return first - 1
		}
	}
	return 0
}

// journalHas reports whether a block of any tenant ends at a position. One does at the end of each commit.
func (s *Store) journalHas(position uint64) (there bool, err error) {
	err = s.journalTenants(func(it *pebble.Iterator, tenant string) error {
		at := layout.JournalKey(tenant, position)
		if there = it.SeekGE(at) && bytes.Equal(it.Key(), at); there {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return there, err
}
