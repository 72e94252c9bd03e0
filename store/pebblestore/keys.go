package pebblestore

import (
	"encoding/binary"

	"github.com/sigil-dna/sigil"
)

// The families of keys. A tenant's name holds no zero byte, so the zero after it ends it.
const (
	metaFamily        = 'm' // m tenant 0 id            → figures (record.AppendMeta)
	bodyFamily        = 'b' // b tenant 0 id            → content (record.AppendBody)
	journalFamily     = 'j' // j tenant 0 position      → a block of events (journal.go)
	crystalFamily     = 'c' // c tenant 0 group         → record.AppendCrystal
	idempotencyFamily = 'i' // i tenant 0 key           → record.AppendAnswer
	expiryFamily      = 'x' // x ends tenant 0 key      → nothing; finds the answers that ended
	policyFamily      = 'y' // y number                 → the policy's text
	trimmedFamily     = 'o' // o                        → the position up to which the journal is dropped
	claimFamily       = 'w' // w name                   → position, owner, end in ms (claims.go)
)

func tenantPrefix(family byte, tenant string) []byte {
	k := make([]byte, 0, 2+len(tenant)+len(sigil.ID{}))
	k = append(k, family)
	k = append(k, tenant...)
	return append(k, 0)
}

func memoryKey(family byte, tenant string, id sigil.ID) []byte {
	return append(tenantPrefix(family, tenant), id[:]...)
}

func journalKey(tenant string, position uint64) []byte {
	return binary.BigEndian.AppendUint64(tenantPrefix(journalFamily, tenant), position)
}

func crystalKey(tenant string, group int) []byte {
	return append(tenantPrefix(crystalFamily, tenant), byte(group))
}

func idempotencyKey(tenant, key string) []byte {
	return append(tenantPrefix(idempotencyFamily, tenant), key...)
}

func expiryKey(endsMilli int64, tenant, key string) []byte {
	k := binary.BigEndian.AppendUint64([]byte{expiryFamily}, uint64(endsMilli))
	k = append(append(k, tenant...), 0)
	return append(k, key...)
}

func policyKey(number uint16) []byte {
	return binary.BigEndian.AppendUint16([]byte{policyFamily}, number)
}

func claimKey(name string) []byte {
	return append([]byte{claimFamily}, name...)
}

// splitTenant takes the tenant off a key that starts with one byte of family: it gives what follows
// the zero.
func splitTenant(key []byte) (tenant string, rest []byte, ok bool) {
	for i := 1; i < len(key); i++ {
		if key[i] == 0 {
			return string(key[1:i]), key[i+1:], true
		}
	}
	return "", nil, false
}

// splitJournalKey gives what a key of the journal says: the tenant, none where it says none, and the position.
func splitJournalKey(key []byte) (tenant string, position uint64, ok bool) {
	tenant, rest, ok := splitTenant(key)
	if !ok || len(rest) != 8 {
		return tenant, 0, false
	}
	return tenant, binary.BigEndian.Uint64(rest), true
}

// after gives the least key greater than every key that starts with prefix.
func after(prefix []byte) []byte {
	end := append([]byte(nil), prefix...)
	end[len(end)-1]++ // never 255: prefixes end with 0 or a family's letter
	return end
}
