package record

import "github.com/sigil-dna/sigil"

// Redact returns a tenant's block with the erased forms of all entries about memories that are gone, and their number. If it is 0,
// it returns nil. Entries that say that such a memory was erased stay. The block begins at base and ends with the position last.
func Redact(block []byte, tenant string, base, last uint64, gone func(sigil.ID) bool) (redacted []byte, n int, err error) {
	b := blockReader{r: NewReader(block), position: base, last: last}
	for before := base; ; before = b.position {
		entry, ok := b.next()
		if !ok {
			break
		}
		if _, erased := Erased(entry); !erased {
			r := NewReader(entry)
			if id, named := r.named(); named && gone(id) {
				n++
				entry = AppendErased(nil, EntryHash(tenant, entry))
			}
			if r.err != nil {
				return nil, 0, r.err
			}
		}
		redacted = AppendEntry(redacted, before, b.position, entry)
	}
	if n == 0 {
		redacted = nil
	}
	return redacted, n, b.end()
}

// Redacted reports whether a block has an erased entry. No block has one when it is first written.
func Redacted(block []byte, base, last uint64) bool {
	b := blockReader{r: NewReader(block), position: base, last: last}
	for entry, ok := b.next(); ok; entry, ok = b.next() {
		if _, erased := Erased(entry); erased {
			return true
		}
	}
	return false
}

// named returns the memory whose figures an event has, given the record of the event.
func (r *Reader) named() (id sigil.ID, ok bool) {
	_, _, has := r.byte(), r.byte(), r.byte()
	r.time()
	if has&eventHasMemory == 0 || r.err != nil {
		return id, false
	}
	return r.ID(), r.err == nil
}
