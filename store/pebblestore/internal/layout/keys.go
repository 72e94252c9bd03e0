package layout

import (
	"encoding/binary"
	"math"

	"github.com/sigil-dna/sigil"
)

// The families of keys. A tenant's name contains no zero byte, so the zero after it marks its end.
const (
	MetaFamily        = 'm' // m tenant 0 id            → figures and labels (record.AppendMeta, AppendLabels)
	BodyFamily        = 'b' // b tenant 0 id            → content (record.AppendBody)
	VectorFamily      = 'v' // v tenant 0 id            → the vector that a caller gave (record.AppendVector)
	EmbeddingFamily   = 'e' // e tenant 0 id            → the vector that an endpoint made of the text (record.AppendVector), or empty
	ModelFamily       = 'n' // n                        → the model of all of them, and what of a memory is not searched, a line each
	JournalFamily     = 'j' // j tenant 0 position      → a block of events ([ReadBlock])
	LinkFamily        = 'l' // l position               → the link of the commit whose last entry has it (32 bytes)
	CrystalFamily     = 'c' // c tenant 0 group         → record.AppendCrystal
	IdempotencyFamily = 'i' // i tenant 0 key           → record.AppendAnswer
	ExpiryFamily      = 'x' // x ends tenant 0 key      → empty; finds the answers that have ended
	PolicyFamily      = 'y' // y number                 → the policy's text
	TrimmedFamily     = 'o' // o                        → the position up to which the journal is trimmed
	ClaimFamily       = 'w' // w name                   → position, owner, end in ms ([Claim])
	SignatureFamily   = 's' // s tenant 0 id            → a signature (record.AppendSignature)
	SignedFamily      = 'h' // h tenant 0 body id       → nothing; finds the signatures of a body
	SignerFamily      = 'k' // k tenant 0 key id, id    → nothing; finds the signatures by a key
	RemovedFamily     = 't' // t tenant 0 id            → how a memory was removed, figures and labels (record.AppendRemoval)
	RemovalFamily     = 'u' // u tenant 0 time id       → the bytes of data; finds removed memories by the time of their removal
	CorrectionFamily  = 'r' // r tenant 0 id            → the id of the memory that this one supersedes
	ErasureFamily     = 'z' // z id                     → the spans of keys that an erasure has yet to rewrite in the files
	SigningFamily     = 'a' // a                        → the seed of the key that signs receipts (32 bytes)
	TenantFamily      = 'q' // q tenant 0               → the tenant's own policy (record.AppendTenantPolicy)
	ClockFamily       = 'g' // g tenant 0               → the tenant's clock (record.AppendTenantClock)
)

// TenantPrefix returns the prefix of all keys of a tenant in a family.
func TenantPrefix(family byte, tenant string) []byte {
	k := make([]byte, 0, 2+len(tenant)+len(sigil.ID{}))
	k = append(k, family)
	k = append(k, tenant...)
	return append(k, 0)
}

// MemoryKey returns the key of a memory's figures, content or vectors.
func MemoryKey(family byte, tenant string, id sigil.ID) []byte {
	return append(TenantPrefix(family, tenant), id[:]...)
}

// JournalKey returns the key of the journal block that ends with a position.
func JournalKey(tenant string, position uint64) []byte {
	return binary.BigEndian.AppendUint64(TenantPrefix(JournalFamily, tenant), position)
}

// LinkKey returns the key of the link of the commit whose last entry has a position.
func LinkKey(position uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{LinkFamily}, position)
}

// ReadLink decodes a record of [LinkFamily].
func ReadLink(key, value []byte) (position uint64, link sigil.Hash, ok bool) {
	if len(key) != 9 || len(value) != len(link) {
		return 0, link, false
	}
	return binary.BigEndian.Uint64(key[1:]), sigil.Hash(value), true
}

// CrystalKey returns the key of the crystal of a pattern.
func CrystalKey(tenant string, group int) []byte {
	return append(TenantPrefix(CrystalFamily, tenant), byte(group))
}

// IdempotencyKey returns the key of the answer that is stored under an idempotency key.
func IdempotencyKey(tenant, key string) []byte {
	return append(TenantPrefix(IdempotencyFamily, tenant), key...)
}

// ExpiryKey returns the key that finds an answer once it has ended.
func ExpiryKey(endsMilli int64, tenant, key string) []byte {
	k := binary.BigEndian.AppendUint64([]byte{ExpiryFamily}, uint64(endsMilli))
	k = append(append(k, tenant...), 0)
	return append(k, key...)
}

// PolicyKey returns the key of a policy's text.
func PolicyKey(number uint16) []byte {
	return binary.BigEndian.AppendUint16([]byte{PolicyFamily}, number)
}

// ClaimKey returns the key of a claim.
func ClaimKey(name string) []byte {
	return append([]byte{ClaimFamily}, name...)
}

// TrimmedKey returns the key of the position up to which the journal is trimmed.
func TrimmedKey() []byte { return []byte{TrimmedFamily} }

// SignatureKey returns the key of a signature.
func SignatureKey(tenant string, id sigil.ID) []byte {
	return append(TenantPrefix(SignatureFamily, tenant), id[:]...)
}

// BodyPrefix returns what the keys by which the signatures of a body are found begin with.
func BodyPrefix(tenant string, body sigil.Hash) []byte {
	return append(TenantPrefix(SignedFamily, tenant), body[:]...)
}

// BodyKey returns the key by which a signature is found as one of a body.
func BodyKey(tenant string, body sigil.Hash, id sigil.ID) []byte {
	return append(BodyPrefix(tenant, body), id[:]...)
}

// SignerPrefix returns what the keys by which the signatures by a key are found begin with.
func SignerPrefix(tenant string, signer uint64) []byte {
	return binary.BigEndian.AppendUint64(TenantPrefix(SignerFamily, tenant), signer)
}

// SignerKey returns the key by which a signature is found as one by a key.
func SignerKey(tenant string, signer uint64, id sigil.ID) []byte {
	return append(SignerPrefix(tenant, signer), id[:]...)
}

// RemovalKey returns the key by which a memory is found that was removed at a time, in Unix milliseconds.
func RemovalKey(tenant string, atMilli int64, id sigil.ID) []byte {
	return append(binary.BigEndian.AppendUint64(TenantPrefix(RemovalFamily, tenant), uint64(atMilli)), id[:]...)
}

// RemovalSize returns the value under a RemovalKey.
func RemovalSize(size int) []byte { return binary.AppendUvarint(nil, uint64(size)) }

// SplitRemoval returns the memory that a RemovalKey is of, when it was removed, and its bytes of data.
func SplitRemoval(key, value []byte) (of sigil.Key, atMilli int64, size int, ok bool) {
	tenant, rest, ok := SplitTenant(key)
	bytes, n := binary.Uvarint(value)
	if !ok || len(rest) != 8+len(of.ID) || n <= 0 || n != len(value) || bytes > math.MaxInt32 {
		return of, 0, 0, false
	}
	return sigil.Key{Tenant: tenant, ID: sigil.ID(rest[8:])}, int64(binary.BigEndian.Uint64(rest)), int(bytes), true
}

// ErasureKey returns the key of what an erasure has yet to rewrite.
func ErasureKey(id sigil.ID) []byte { return append([]byte{ErasureFamily}, id[:]...) }

// SigningKey returns the key of the seed of the store's signing key.
func SigningKey() []byte { return []byte{SigningFamily} }

// SplitTenant returns the tenant of a key that begins with one byte for the family, and the bytes after the
// zero that follows the tenant.
func SplitTenant(key []byte) (tenant string, rest []byte, ok bool) {
	for i := 1; i < len(key); i++ {
		if key[i] == 0 {
			return string(key[1:i]), key[i+1:], true
		}
	}
	return "", nil, false
}

// SplitMemoryKey returns the memory that a key of figures or content belongs to.
func SplitMemoryKey(key []byte) (_ sigil.Key, ok bool) {
	tenant, id, ok := SplitTenant(key)
	if !ok || len(id) != len(sigil.ID{}) {
		return sigil.Key{}, false
	}
	return sigil.Key{Tenant: tenant, ID: sigil.ID(id)}, true
}

// SplitSignatureKey returns which signature a key of one of its three families is of.
func SplitSignatureKey(key []byte) (_ sigil.Key, ok bool) {
	tenant, rest, ok := SplitTenant(key)
	before := 0 // the id
	switch {
	case !ok:
	case key[0] == SignedFamily:
		before = len(sigil.Hash{})
	case key[0] == SignerFamily:
		before = 8
	}
	if !ok || len(rest) != before+len(sigil.ID{}) {
		return sigil.Key{}, false
	}
	return sigil.Key{Tenant: tenant, ID: sigil.ID(rest[before:])}, true
}

// SplitJournalKey returns the tenant and the position of a key of the journal. If only the position cannot be
// read, it still returns the tenant.
func SplitJournalKey(key []byte) (tenant string, position uint64, ok bool) {
	tenant, rest, ok := SplitTenant(key)
	if !ok || len(rest) != 8 {
		return tenant, 0, false
	}
	return tenant, binary.BigEndian.Uint64(rest), true
}

// SplitExpiryKey returns when an answer ends, in Unix milliseconds, and the tenant and key that it is stored
// under.
func SplitExpiryKey(key []byte) (endsMilli int64, tenant, idempotency string, ok bool) {
	if len(key) < 9 {
		return 0, "", "", false
	}
	tenant, rest, ok := SplitTenant(key[8:]) // the tenant follows the last byte of the time
	return int64(binary.BigEndian.Uint64(key[1:9])), tenant, string(rest), ok
}

// SplitPolicyKey returns the number of a policy.
func SplitPolicyKey(key []byte) (number uint16, ok bool) {
	if len(key) != 3 {
		return 0, false
	}
	return binary.BigEndian.Uint16(key[1:]), true
}

// AfterAny is After for a prefix that may end with bytes of 255.
func AfterAny(prefix []byte) []byte {
	end := append([]byte(nil), prefix...)
	for end[len(end)-1] == 255 {
		end = end[:len(end)-1] // never all of it: the family is a letter
	}
	end[len(end)-1]++
	return end
}

// After returns the lowest key that is greater than every key with prefix.
func After(prefix []byte) []byte {
	end := append([]byte(nil), prefix...)
	end[len(end)-1]++ // never 255: prefixes end with 0 or a family's letter
	return end
}
