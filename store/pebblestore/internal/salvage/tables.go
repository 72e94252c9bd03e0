package salvage

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/sstable"

	"github.com/sigil-dna/sigil/store/pebblestore/internal/disk"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// each calls visit with every record of a family in all tables and logs, including old ones. Of several
// records with the same key, the one with the greatest seq is the newest.
func (v *salvage) each(family byte, visit layout.See) {
	for _, file := range v.files {
		path := v.fsys.PathJoin(v.data, file)
		number, _, _ := strings.Cut(file, ".")
		switch {
		case strings.HasSuffix(file, ".sst"):
			if err := v.table(path, family, visit); err != nil {
				v.damaged(file, "%v", err)
			}
		case strings.HasSuffix(file, ".log"):
			n, err := strconv.ParseUint(number, 10, 64)
			b, readErr := disk.ReadFile(v.fsys, path)
			if err := errors.Join(err, readErr); err != nil {
				v.damaged(file, "%v", err)
				continue
			}
			for one := range layout.Records(b, uint32(n), func(before int) { v.damaged(file, "bytes before byte %d are not those that were written", before) }) {
				if err := layout.Batch(one, family, visit); err != nil {
					v.damaged(file, "%v", err)
				}
			}
		}
	}
}

// table calls visit with the readable records of a table: from its start to the first damage, and from its
// end backwards.
func (v *salvage) table(path string, family byte, visit layout.See) error {
	f, err := v.fsys.Open(path)
	if err != nil {
		return err
	}
	readable, err := sstable.NewSimpleReadable(f)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	options := &pebble.Options{}
	options.EnsureDefaults()
	r, err := sstable.NewReader(context.Background(), readable, options.MakeReaderOptions())
	if err != nil {
		return errors.Join(err, readable.Close())
	}
	defer func() { _ = r.Close() }() // it was only read
	if err := tableRanges(r, family, visit); err != nil {
		v.damaged(v.fsys.PathBase(path), "%v", err) // its records may be readable
	}
	it, err := r.NewIter(sstable.NoTransforms, []byte{family}, []byte{family + 1}, sstable.AssertNoBlobHandles)
	if err != nil {
		return err
	}
	show := func(key pebble.InternalKey, value []byte) {
		visit(key.UserKey, uint64(key.SeqNum()), key.Kind(), value)
	}
	kv := it.SeekGE([]byte{family}, 0)
	for ; kv != nil; kv = it.Next() {
		value, _, err := kv.Value(nil)
		if err != nil {
			return errors.Join(err, it.Close())
		}
		show(kv.K, value)
	}
	damage := it.Error()
	if damage == nil {
		return it.Close()
	}
	_ = it.Close() // the same error
	if it, err = r.NewIter(sstable.NoTransforms, []byte{family}, []byte{family + 1}, sstable.AssertNoBlobHandles); err != nil {
		return damage
	}
	for kv := it.SeekLT([]byte{family + 1}, 0); kv != nil; kv = it.Prev() {
		value, _, err := kv.Value(nil)
		if err != nil {
			break
		}
		show(kv.K, value)
	}
	_ = it.Close() // it stopped at the same damage
	return damage
}

// tableRanges calls visit with the deleted ranges of a table.
func tableRanges(r *sstable.Reader, family byte, visit layout.See) (err error) {
	it, err := r.NewRawRangeDelIter(context.Background(), sstable.NoFragmentTransforms, sstable.ReadEnv{})
	if it == nil || err != nil {
		return err
	}
	defer it.Close()
	s, err := it.First()
	for ; s != nil && err == nil; s, err = it.Next() {
		for _, k := range s.Keys {
			if len(s.Start) > 0 && s.Start[0] == family {
				visit(s.Start, uint64(k.SeqNum()), k.Kind(), s.End)
			}
		}
	}
	return err
}
