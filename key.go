package sigil

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// DefaultTenant is the tenant of memories that are encoded without naming one.
const DefaultTenant = "public"

// MaxTenantLen is the maximum length of a tenant's name, in bytes.
const MaxTenantLen = 64

// ID is the id of a memory: a UUID version 7, whose first 48 bits are the millisecond of its creation, so that ids sort
// by age. The zero ID is no memory's.
type ID = uuid.UUID

// newest holds the millisecond of the newest id and, in the low 12 bits, its number within that millisecond.
var newest atomic.Int64

// NewID returns an id for a memory created at now: the millisecond, a number of 12 bits, and 62 random bits (RFC 9562,
// method 1). As long as now does not go back, the ids of a process sort in the order in which they are made, except
// those after the 4,096th of a millisecond.
func NewID(now time.Time) ID {
	var id ID
	_, _ = rand.Read(id[8:]) // if the system has no randomness, this ends the program
	ms := now.UnixMilli()
	for {
		before, next := newest.Load(), ms<<12
		if before>>12 == ms {
			next = min(before+1, ms<<12|0xfff)
		}
		if newest.CompareAndSwap(before, next) {
			binary.BigEndian.PutUint64(id[:], uint64(ms)<<16|7<<12|uint64(next&0xfff))
			id[8] = id[8]&0x3f | 0x80
			return id
		}
	}
}

// ParseID reads the form of 36 characters. It returns [ErrInvalid] for any other.
func ParseID(s string) (ID, error) {
	id, err := uuid.Parse(s)
	if err != nil || len(s) != 36 {
		return ID{}, NewInvalid("invalid_id", "id", "is not a UUID of 36 characters")
	}
	return id, nil
}

// Key identifies one memory of one tenant. Every read, change and event belongs to exactly one.
type Key struct {
	Tenant string
	ID     ID
}

// String returns tenant/id, for logs and messages.
func (k Key) String() string { return k.Tenant + "/" + k.ID.String() }

// CheckTenant returns [ErrInvalid] unless name has 1 to [MaxTenantLen] bytes of a-z, A-Z, 0-9, '.', '_' and '-', and
// starts with a letter or digit.
func CheckTenant(name string) error {
	if name == "" || len(name) > MaxTenantLen {
		return NewInvalid("invalid_tenant", "tenant", fmt.Sprintf("has %d bytes; 1 to %d are allowed", len(name), MaxTenantLen))
	}
	for i := range len(name) {
		c := name[i]
		alnum := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !alnum && (i == 0 || c != '.' && c != '_' && c != '-') {
			return NewInvalid("invalid_tenant", "tenant", "may have letters, digits, '.', '_' and '-', and must start with a letter or digit")
		}
	}
	return nil
}
