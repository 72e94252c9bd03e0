package record

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/sigil-dna/sigil"
)

// The journal is a chain. Each entry has a hash, and each commit that journals has a link, which covers the entries of the
// commit and, by the link before, all earlier ones.

// EntryHash returns the hash of a tenant's entry, given its record: the SHA-256 of the tenant's name, a zero byte and the
// record. Callers compute it before the position is known, which the link covers.
func EntryHash(tenant string, record []byte) sigil.Hash {
	var buf [512]byte // longer than most entries, and not allocated
	b := append(buf[:0], tenant...)
	b = append(append(b, 0), record...)
	return sha256.Sum256(b)
}

// NextLink returns the link of a commit: the SHA-256 of the link before, the position of the commit's last entry, and the
// hashes of its entries by position.
func NextLink(before sigil.Hash, position uint64, hashes []sigil.Hash) sigil.Hash {
	h := sha256.New()
	var number [8]byte
	binary.BigEndian.PutUint64(number[:], position)
	_, _ = h.Write(before[:]) // a hash never fails
	_, _ = h.Write(number[:])
	for i := range hashes {
		_, _ = h.Write(hashes[i][:])
	}
	var link sigil.Hash
	h.Sum(link[:0])
	return link
}

// erased is the first byte of an erased entry, which is no kind of event. Only the entry's hash follows.
const erased = 255

// AppendErased appends what stands in a block instead of the record of an erased entry with that hash.
func AppendErased(b []byte, hash sigil.Hash) []byte {
	return append(append(b, erased), hash[:]...)
}

// Erased returns the hash of an entry if it was erased.
func Erased(entry []byte) (hash sigil.Hash, ok bool) {
	if len(entry) != 1+len(hash) || entry[0] != erased {
		return hash, false
	}
	return sigil.Hash(entry[1:]), true
}
