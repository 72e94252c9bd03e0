// Package record encodes figures, contents, journal entries, crystals, answers and signatures as bytes, for drivers
// whose database need not look into them.
package record

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// Records are sequences of varints, eight-byte floats and length-prefixed strings in a fixed order. Any
// change of the order is a new format of all stores that use it.

// ErrDamaged is the error of a [Reader] for bytes that this package never writes.
var ErrDamaged = errors.New("damaged record")

const (
	flagPinned = 1 << iota
	flagCrystallized
	flagFades     // FadesAt is not zero
	flagStretched // Stretch is not zero
	flagNoticed   // the journal has a notice of FadesAt
	flagOwnPolicy
	flagStood // Stood is not zero
	flagsEnd
)

// Policies are the policies that records refer to by number.
type Policies interface {
	// Policy returns the policy with a number, or nil.
	Policy(number uint16) sigil.Policy
}

// ParsePolicy reads a policy as a driver stored it. A policy that this program does not know is [sigil.ErrFormat]: no
// request is at fault.
func ParsePolicy(stored string) (sigil.Policy, error) {
	policy, err := sigil.ParsePolicy(stored)
	if err != nil {
		return nil, &sigil.Error{
			Kind: sigil.ErrFormat, Code: "store_format",
			Detail: fmt.Sprintf("the store has memories under the policy %q, which this sigil does not know; a newer one does: run that", stored),
		}
	}
	return policy, nil
}

// AppendMeta appends all of m except its key.
func AppendMeta(b []byte, m *sigil.Meta, policy uint16) []byte {
	var flags byte
	if m.Pinned {
		flags |= flagPinned
	}
	if m.Crystallized {
		flags |= flagCrystallized
	}
	if !m.FadesAt.IsZero() {
		flags |= flagFades
	}
	if m.Stretch != 0 {
		flags |= flagStretched
	}
	if m.Noticed && flags&flagFades != 0 {
		flags |= flagNoticed
	}
	if m.OwnPolicy {
		flags |= flagOwnPolicy
	}
	if m.Stood != 0 {
		flags |= flagStood
	}
	b = append(b, flags)
	b = binary.BigEndian.AppendUint16(b, uint16(m.Frequency))
	b = appendFloat(b, m.Potential)
	b = binary.AppendUvarint(b, m.AccessCount)
	b = binary.AppendUvarint(b, uint64(m.Size))
	b = binary.AppendVarint(b, m.CreatedAt.UnixMilli())
	b = binary.AppendVarint(b, m.LastAccessed.Sub(m.CreatedAt).Milliseconds())
	if flags&flagFades != 0 {
		b = binary.AppendVarint(b, m.FadesAt.Sub(m.CreatedAt).Milliseconds())
	}
	b = binary.AppendUvarint(b, uint64(m.TTL.Milliseconds()))
	if m.Stretch != 0 {
		b = appendFloat(b, m.Stretch)
	}
	if m.Stood != 0 {
		b = binary.AppendVarint(b, int64(m.Stood/time.Second))
	}
	return binary.AppendUvarint(b, uint64(policy))
}

// Figures are the contents of a [sigil.Meta]'s record: it has no key, and its policy is a number.
type Figures struct {
	CreatedAt, LastAccessed, FadesAt int64 // Unix milliseconds; FadesAt is valid if Fades is set
	TTL                              int64 // milliseconds
	Potential, Stretch               float64
	AccessCount                      uint64
	Size                             int
	Frequency, Policy                uint16
	Pinned, Crystallized, Fades      bool
	Noticed                          bool // only if Fades is set
	OwnPolicy                        bool
	Stood                            int32 // seconds
}

// Figures decodes the output of AppendMeta. It cannot check whether a policy with that number exists.
func (r *Reader) Figures() (f Figures) {
	flags := r.byte()
	f.Pinned, f.Crystallized, f.Fades = flags&flagPinned != 0, flags&flagCrystallized != 0, flags&flagFades != 0
	f.Noticed = flags&flagNoticed != 0
	f.OwnPolicy = flags&flagOwnPolicy != 0
	f.Frequency = r.uint16()
	f.Potential = r.float()
	f.AccessCount = r.Uvarint()
	f.Size = int(r.upTo(math.MaxInt))
	f.CreatedAt = r.within(maxTime)
	f.LastAccessed = f.CreatedAt + r.within(maxMillis)
	if f.Fades {
		f.FadesAt = f.CreatedAt + r.within(maxMillis)
	}
	f.TTL = int64(r.upTo(maxMillis))
	if flags&flagStretched != 0 {
		if f.Stretch = r.float(); !(f.Stretch > 0 && f.Stretch <= math.MaxFloat64) { // written so that NaN fails
			r.Fail()
		}
	}
	if flags&flagStood != 0 {
		if f.Stood = int32(r.within(math.MaxInt32)); f.Stood == 0 {
			r.Fail()
		}
	}
	f.Policy = uint16(r.upTo(math.MaxUint16))
	if flags >= flagsEnd || f.Noticed && !f.Fades || f.Frequency >= sigil.NumFrequencies || !unit(f.Potential) {
		r.Fail()
	}
	return f
}

// Meta decodes the output of AppendMeta for the memory with a key.
func (r *Reader) Meta(key sigil.Key, policies Policies) sigil.Meta {
	f := r.Figures()
	m := sigil.Meta{
		Key: key, Frequency: sigil.Frequency(f.Frequency), Potential: f.Potential, AccessCount: f.AccessCount, Size: f.Size,
		CreatedAt: moment(f.CreatedAt), LastAccessed: moment(f.LastAccessed), TTL: time.Duration(f.TTL) * time.Millisecond,
		Pinned: f.Pinned, Crystallized: f.Crystallized, OwnPolicy: f.OwnPolicy, Stretch: f.Stretch, Stood: time.Duration(f.Stood) * time.Second, Noticed: f.Noticed, Policy: policies.Policy(f.Policy),
	}
	if f.Fades {
		m.FadesAt = moment(f.FadesAt)
	}
	if m.Policy == nil {
		r.Fail()
	}
	return m
}

// AppendBody appends the parts of m that AppendMeta leaves out.
func AppendBody(b []byte, m *sigil.Memory) []byte {
	b = append(b, m.Hash[:]...)
	for _, f := range []float64{m.State.Phi, m.State.Coherence, m.State.Awareness, m.State.EmotionalResonance} {
		b = appendFloat(b, f)
	}
	b = binary.AppendUvarint(b, uint64(len(m.State.Extra)))
	for name, value := range m.State.Extra {
		b = AppendBytes(AppendBytes(b, []byte(name)), value)
	}
	b = binary.AppendUvarint(b, uint64(len(m.Tags)))
	for _, tag := range m.Tags {
		b = AppendBytes(b, []byte(tag))
	}
	return append(b, m.Data...) // the rest of the record
}

// Body decodes the output of AppendBody into m. It does not keep the record's bytes.
func (r *Reader) Body(m *sigil.Memory) {
	copy(m.Hash[:], r.take(len(m.Hash)))
	for _, f := range []*float64{&m.State.Phi, &m.State.Coherence, &m.State.Awareness, &m.State.EmotionalResonance} {
		*f = r.float()
	}
	if n := r.count(); n > 0 {
		m.State.Extra = make(map[string]json.RawMessage, n)
		for range n {
			name := string(r.Bytes())
			m.State.Extra[name] = bytes.Clone(r.Bytes())
		}
		if len(m.State.Extra) != n {
			r.Fail()
		}
	}
	if m.State.Check() != nil {
		r.Fail()
	}
	for range r.count() {
		m.Tags = append(m.Tags, string(r.Bytes()))
	}
	m.Data = append(json.RawMessage(nil), r.b...)
	r.b = nil
}

// AppendCrystal appends all of c except its tenant.
func AppendCrystal(b []byte, c *sigil.Crystal) []byte {
	b = AppendBytes(b, []byte(c.Kind))
	b = append(b, c.Memory[:]...)
	b = append(b, byte(c.Pattern))
	b = binary.AppendUvarint(b, uint64(c.Members))
	b = binary.AppendVarint(b, c.CreatedAt.UnixMilli())
	b = binary.AppendVarint(b, c.UpdatedAt.UnixMilli())
	return appendFloat(appendFloat(b, c.Stability), c.Frequency)
}

// Crystal decodes the output of AppendCrystal.
func (r *Reader) Crystal(tenant string) sigil.Crystal {
	c := sigil.Crystal{
		Tenant: tenant, Kind: sigil.CrystalKind(r.Bytes()), Memory: r.ID(), Pattern: int(r.byte()), Members: int(r.upTo(math.MaxInt)),
		CreatedAt: r.time(), UpdatedAt: r.time(), Stability: r.float(), Frequency: r.float(),
	}
	known := c.Kind == sigil.CrystalOfMemory || c.Kind == sigil.CrystalOfPattern
	if !known || c.Pattern >= sigil.NumPatterns || !unit(c.Stability) || !(c.Frequency >= 0 && c.Frequency < sigil.Phi) {
		r.Fail()
	}
	return c
}

// What follows the figures in an answer: similar memories, if the request asked for them, and then one of the others, or nothing.
const (
	answerDuplicate = 1 + iota // the id of the duplicate
	answerAmended              // the content of the memory, to the end
	answerSimilar              // the cosine asked for, 1 if some may be missing, how many, and of each its id and score
)

// AppendAnswer appends the answer to an insert of m, and the time at which it ends. duplicate is the duplicate of m, or
// the zero id.
func AppendAnswer(b []byte, i *store.Idempotency, m *sigil.Meta, policy uint16, duplicate sigil.ID) []byte {
	b = append(b, i.Fingerprint[:]...)
	b = binary.AppendVarint(b, i.Ends.UnixMilli())
	b = AppendMeta(append(b, m.ID[:]...), m, policy)
	if i.Similar != nil {
		b = appendSimilar(append(b, answerSimilar), i.Similar)
	}
	if duplicate == (sigil.ID{}) {
		return b
	}
	return append(append(b, answerDuplicate), duplicate[:]...)
}

// AppendAmended appends the answer to an amendment that made m of a memory.
func AppendAmended(b []byte, i *store.Idempotency, m *sigil.Memory, policy uint16) []byte {
	b = AppendAnswer(b, i, &m.Meta, policy, sigil.ID{})
	return AppendBody(append(b, answerAmended), m)
}

// Answer decodes the output of AppendAnswer and AppendAmended. ends is the time at which the answer ends.
func (r *Reader) Answer(tenant string, policies Policies) (a store.Answer, ends time.Time) {
	copy(a.Fingerprint[:], r.take(len(a.Fingerprint)))
	ends = r.time()
	a.Memory = r.Meta(sigil.Key{Tenant: tenant, ID: r.ID()}, policies)
	if len(r.b) > 0 && r.b[0] == answerSimilar {
		r.byte()
		a.Similar = r.similar()
	}
	if len(r.b) == 0 {
		return a, ends
	}
	switch r.byte() {
	case answerDuplicate:
		if a.DuplicateOf = r.ID(); a.DuplicateOf == (sigil.ID{}) {
			r.Fail()
		}
	case answerAmended:
		a.Amended = &sigil.Memory{Meta: a.Memory}
		r.Body(a.Amended)
	default:
		r.Fail()
	}
	return a, ends
}

func appendFloat(b []byte, f float64) []byte {
	return binary.BigEndian.AppendUint64(b, math.Float64bits(f))
}

// AppendBytes appends the length of s, and s.
func AppendBytes(b, s []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// Reader decodes a record. After the first bytes that are wrong, or that this package never writes, it
// returns zeros, and err is set: a damaged record must not be taken for a memory.
type Reader struct {
	b   []byte
	err error
}

// NewReader returns a Reader of b, which it neither keeps nor changes.
func NewReader(b []byte) Reader { return Reader{b: b} }

// Fail records that the bytes read are wrong.
func (r *Reader) Fail() { r.err, r.b = ErrDamaged, nil }

// End returns the first error of all reads. Leftover bytes are an error, too.
func (r *Reader) End() error {
	if r.err == nil && len(r.b) > 0 {
		r.Fail()
	}
	return r.err
}

func (r *Reader) take(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.Fail()
		return nil
	}
	taken := r.b[:n]
	r.b = r.b[n:]
	return taken
}

func (r *Reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *Reader) uint16() uint16 {
	if b := r.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (r *Reader) float() float64 {
	if b := r.take(8); b != nil {
		return math.Float64frombits(binary.BigEndian.Uint64(b))
	}
	return 0
}

// Uvarint reads a number.
func (r *Reader) Uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.Fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *Reader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.Fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

// count returns the number of elements that follow, each at least a byte long.
func (r *Reader) count() int {
	n := r.Uvarint()
	if n > uint64(len(r.b)) {
		r.Fail()
		return 0
	}
	return int(n)
}

// Bytes reads a length, and as many bytes.
func (r *Reader) Bytes() []byte { return r.take(r.count()) }

// upTo reads a number of at most max.
func (r *Reader) upTo(max uint64) uint64 {
	v := r.Uvarint()
	if v > max {
		r.Fail()
		return 0
	}
	return v
}

// within reads a number whose absolute value is at most max.
func (r *Reader) within(max int64) int64 {
	v := r.varint()
	if v > max || v < -max {
		r.Fail()
		return 0
	}
	return v
}

const (
	// maxMillis is the maximum of a duration, in milliseconds.
	maxMillis = math.MaxInt64 / 1_000_000
	// maxTime is the maximum of a time, in milliseconds from 1970: about a thousand years, so that times
	// computed from it stay within the calendar.
	maxTime = 1 << 45
)

func (r *Reader) time() time.Time { return moment(r.within(maxTime)) }

func moment(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// unit reports whether f is in [0, 1]. NaN is not.
func unit(f float64) bool { return f >= 0 && f <= 1 }

// ID reads an id.
func (r *Reader) ID() (id sigil.ID) {
	copy(id[:], r.take(len(id)))
	return id
}
