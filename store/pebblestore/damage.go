package pebblestore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"strings"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
)

// damaged says of which store err tells that something on disk is not what was written, and what to
// do about it.
func damaged(dir string, err error) error {
	return &sigil.Error{
		Kind: sigil.ErrInternal, Code: "store_damaged",
		Detail: fmt.Sprintf("the store at %s is damaged; `sigil export --salvage --data %s` writes out what is intact", dir, dir),
		Err:    err,
	}
}

// opening makes of what went wrong in opening the store in dir an error that names it.
func opening(dir string, err error) error {
	var known *sigil.Error
	switch {
	case errors.As(err, &known):
		return err
	case isDamage(err), errors.Is(err, fs.ErrNotExist):
		return damaged(dir, err)
	case errors.Is(err, syscall.EAGAIN), strings.Contains(err.Error(), "held by current process"):
		return &sigil.Error{
			Kind: sigil.ErrLocked, Code: "store_locked", Err: err,
			Detail: "the database of the store at " + dir + " is still open in a process whose disk failed: end that process",
		}
	}
	return inaccessible(dir, err)
}

// inaccessible says of which store err tells that it cannot be got at.
func inaccessible(dir string, err error) error {
	return &sigil.Error{Kind: sigil.ErrUnavailable, Code: "store_failed", Detail: "the store at " + dir + " cannot be opened", Err: err}
}

// isDamage tells whether err is about what is on disk, and not about getting at it.
func isDamage(err error) bool {
	return errors.Is(err, errDamaged) || pebble.IsCorruptionError(err) ||
		errors.Is(err, pebble.ErrDBDoesNotExist) || errors.Is(err, pebble.ErrDBNotPristine)
}

// The database's list of its files is a log of chunks: a checksum, the size of the payload, the kind
// of chunk, and the payload. None crosses the end of a block.
const (
	chunkHeader   = 7
	manifestBlock = 32 << 10
	fullChunk     = 1 // a record whole
	firstChunk    = 2 // the start of a record
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// chunkAt gives the kind and the end of the chunk at b[at:]; 0 where there is none that is intact.
func chunkAt(b []byte, at int) (kind byte, end int) {
	block := b[:min(len(b), at-at%manifestBlock+manifestBlock)]
	if at+chunkHeader > len(block) {
		return 0, 0
	}
	end = at + chunkHeader + int(binary.LittleEndian.Uint16(b[at+4:]))
	if end > len(block) || b[at+6] == 0 {
		return 0, 0
	}
	sum := crc32.Checksum(b[at+6:end], castagnoli)
	if binary.LittleEndian.Uint32(b[at:]) != (sum>>15|sum<<17)+0xa282ead8 {
		return 0, 0
	}
	return b[at+6], end
}

// checkManifest looks for damage within the database's list of its files, in the folder data. The
// database takes the list to end at the first record that is not intact, as it is after a crash; where
// more records come behind, it would forget the files they tell of, and delete them.
func checkManifest(fsys vfs.FS, data string) error {
	names, err := fsys.List(data)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	latest, name := "", "" // the marker with the greatest number says which file it is
	for _, n := range names {
		if rest, ok := strings.CutPrefix(n, "marker.manifest."); ok {
			if number, file, ok := strings.Cut(rest, "."); ok && number > latest {
				latest, name = number, file
			}
		}
	}
	if name == "" {
		return nil
	}
	path := fsys.PathJoin(data, name)
	b, err := readFile(fsys, path)
	if err != nil {
		return err
	}
	at := 0
	for at < len(b) {
		if left := manifestBlock - at%manifestBlock; left < chunkHeader {
			at += left // too little for a chunk: zeros
			continue
		}
		_, end := chunkAt(b, at)
		if end == 0 {
			break
		}
		at = end
	}
	for i := at + 1; i < len(b); i++ {
		if kind, _ := chunkAt(b, i); kind == fullChunk || kind == firstChunk {
			return fmt.Errorf("%s: what is at byte %d is not what was written: %w", path, at, errDamaged)
		}
	}
	return nil
}
