package wire

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"time"

	"github.com/sigil-dna/sigil"
)

// The types that a daemon writes tens of thousands of times a second have an AppendJSON method, which writes them field
// by field. A test compares the bytes with those of encoding/json without HTML escaping. It takes an eighth of the
// time.

// AppendJSON appends v as JSON.
func (v *Memory) AppendJSON(b []byte) ([]byte, error) {
	var err error
	b = append(b, `{"id":"`...)
	b = appendID(b, v.ID)
	b = append(b, `","tenant":`...)
	b = appendString(b, v.Tenant)
	if len(v.Data) > 0 {
		b = append(b, `,"data":`...)
		b = append(b, v.Data...)
	}
	if v.State != nil {
		b = append(b, `,"state":`...)
		if b, err = appendState(b, v.State); err != nil {
			return b, err
		}
	}
	if v.Hash != "" {
		b = append(b, `,"hash":`...)
		b = appendString(b, v.Hash)
	}
	b = appendFloat(append(b, `,"frequency":`...), v.Frequency)
	b = strconv.AppendInt(append(b, `,"pattern":`...), int64(v.Pattern), 10)
	b = appendFloat(append(b, `,"potential":`...), v.Potential)
	b = appendFloat(append(b, `,"decay":`...), v.Decay)
	b = appendTime(append(b, `,"createdAt":`...), v.CreatedAt.Time)
	b = appendTime(append(b, `,"lastAccessed":`...), v.LastAccessed.Time)
	b = strconv.AppendUint(append(b, `,"accessCount":`...), v.AccessCount, 10)
	b = appendStood(b, v.StoodSeconds)
	b = appendDeadline(append(b, `,"fadesAt":`...), v.FadesAt)
	b = appendOptional(append(b, `,"ttl":`...), v.TTL)
	b = appendOptional(append(b, `,"life":`...), v.Life)
	b = strconv.AppendBool(append(b, `,"pinned":`...), v.Pinned)
	b = strconv.AppendBool(append(b, `,"crystallized":`...), v.Crystallized)
	b = appendString(append(b, `,"policy":`...), v.Policy)
	b = append(b, `,"tags":`...)
	if v.Tags == nil {
		b = append(b, "null"...)
	} else {
		b = append(b, '[')
		for i, tag := range v.Tags {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendString(b, tag)
		}
		b = append(b, ']')
	}
	if len(v.Spiral) > 0 {
		if b, err = appendAny(append(b, `,"spiral":`...), v.Spiral); err != nil {
			return b, err
		}
	}
	if v.Resonance != nil {
		b = appendFloat(append(b, `,"resonance":`...), *v.Resonance)
	}
	if v.Supersedes != nil {
		b = append(appendID(append(b, `,"supersedes":"`...), *v.Supersedes), '"')
	}
	b = appendWarnings(appendSimilar(appendDuplicate(b, v.DuplicateOf), v.Similar), v.Warnings)
	return append(b, '}'), nil
}

// appendStood appends the member stoodSeconds, unless it is 0.
func appendStood(b []byte, seconds int64) []byte {
	if seconds == 0 {
		return b
	}
	return strconv.AppendInt(append(b, `,"stoodSeconds":`...), seconds, 10)
}

// AppendJSON appends k as JSON.
func (k *Kept) AppendJSON(b []byte) ([]byte, error) {
	b = append(appendID(append(b, `{"id":"`...), k.ID), '"')
	return append(appendWarnings(appendSimilar(appendDuplicate(b, k.DuplicateOf), k.Similar), k.Warnings), '}'), nil
}

// AppendJSON appends e as JSON.
func (e *Event) AppendJSON(b []byte) ([]byte, error) {
	b = strconv.AppendUint(append(b, `{"position":`...), e.Position, 10)
	if e.Token != "" {
		b = appendString(append(b, `,"token":`...), e.Token)
	}
	b = appendTime(append(b, `,"time":`...), e.Time.Time)
	b = appendString(append(b, `,"tenant":`...), e.Tenant)
	b = appendString(append(b, `,"kind":`...), string(e.Kind))
	b = appendString(append(b, `,"reason":`...), e.Reason)
	if len(e.Changed) > 0 {
		b = append(b, `,"changed":[`...)
		for i, name := range e.Changed {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendString(b, name)
		}
		b = append(b, ']')
	}
	if e.ID != nil {
		b = appendID(append(b, `,"id":"`...), *e.ID)
		b = append(b, '"')
	}
	if a := e.Arithmetic; a != nil {
		b = appendTime(append(b, `,"arithmetic":{"createdAt":`...), a.CreatedAt.Time)
		b = appendTime(append(b, `,"lastAccessed":`...), a.LastAccessed.Time)
		b = appendFloat(append(b, `,"idleSeconds":`...), a.IdleSeconds)
		b = appendStood(b, a.StoodSeconds)
		b = appendString(append(b, `,"policy":`...), a.Policy)
		b = appendFloat(append(b, `,"decay":`...), a.Decay)
		b = appendFloat(append(b, `,"threshold":`...), a.Threshold)
		b = appendDeadline(append(b, `,"fadesAt":`...), a.FadesAt)
		b = appendOptional(append(b, `,"ttl":`...), a.TTL)
		if a.Life != nil {
			b = appendString(append(b, `,"life":`...), *a.Life)
		}
		b = appendFloat(append(b, `,"potential":`...), a.Potential)
		b = strconv.AppendUint(append(b, `,"accessCount":`...), a.AccessCount, 10)
		b = strconv.AppendBool(append(b, `,"pinned":`...), a.Pinned)
		b = strconv.AppendBool(append(b, `,"crystallized":`...), a.Crystallized)
		b = strconv.AppendInt(append(b, `,"size":`...), int64(a.Size), 10)
		b = append(b, '}')
	}
	if e.Crystal != nil {
		var err error
		if b, err = appendAny(append(b, `,"crystal":`...), e.Crystal); err != nil {
			return b, err
		}
	}
	if s := e.Signature; s != nil {
		b = appendID(append(b, `,"signature":{"id":"`...), s.ID)
		b = appendString(append(b, `","sha256":`...), s.SHA256)
		b = appendString(append(b, `,"signer":`...), s.Signer)
		b = append(b, '}')
	}
	if e.SupersededBy != nil {
		b = append(appendID(append(b, `,"supersededBy":"`...), *e.SupersededBy), '"')
	}
	if p := e.Policies; p != nil {
		b = appendOptional(append(b, `,"policies":{"from":`...), p.From)
		b = appendOptional(append(b, `,"to":`...), p.To)
		b = append(b, '}')
	}
	return append(b, '}'), nil
}

// AppendJSON appends i as JSON.
func (i *BatchItem) AppendJSON(b []byte) (_ []byte, err error) {
	b = strconv.AppendInt(append(b, `{"status":`...), int64(i.Status), 10)
	if i.ID != nil {
		b = append(appendID(append(b, `,"id":"`...), *i.ID), '"')
	}
	b = appendWarnings(appendSimilar(appendDuplicate(b, i.DuplicateOf), i.Similar), i.Warnings)
	if i.Memory != nil {
		if b, err = i.Memory.AppendJSON(append(b, `,"memory":`...)); err != nil {
			return b, err
		}
	}
	if i.Problem != nil {
		if b, err = appendAny(append(b, `,"problem":`...), i.Problem); err != nil {
			return b, err
		}
	}
	return append(b, '}'), nil
}

// AppendJSON appends p as JSON.
func (p *BatchPage) AppendJSON(b []byte) ([]byte, error) {
	b, err := appendAll(append(b, `{"results":`...), p.Results, (*BatchItem).AppendJSON)
	return append(b, '}'), err
}

// AppendJSON appends p as JSON.
func (p *RelatedPage) AppendJSON(b []byte) ([]byte, error) {
	b, err := appendAll(append(b, `{"related":`...), p.Related, (*Memory).AppendJSON)
	return append(b, '}'), err
}

// AppendJSON appends p as JSON.
func (p *NeighborPage) AppendJSON(b []byte) ([]byte, error) {
	var number []byte // the last resonance as text: many neighbors have the same
	last := math.NaN()
	b, err := appendAll(append(b, `{"related":`...), p.Related, func(n *Neighbor, b []byte) ([]byte, error) {
		b = append(appendID(append(b, `{"id":"`...), n.ID), `","resonance":`...)
		if n.Resonance != last {
			last, number = n.Resonance, appendFloat(number[:0], n.Resonance)
		}
		return append(append(b, number...), '}'), nil
	})
	return append(b, '}'), err
}

// AppendJSON appends p as JSON.
func (p *MemoryPage) AppendJSON(b []byte) ([]byte, error) {
	b, err := appendAll(append(b, `{"memories":`...), p.Memories, (*Memory).AppendJSON)
	return append(appendOptional(append(b, `,"next":`...), p.Next), '}'), err
}

func appendAll[T any](b []byte, all []T, one func(*T, []byte) ([]byte, error)) (_ []byte, err error) {
	if all == nil {
		return append(b, "null"...), nil
	}
	b = append(b, '[')
	for i := range all {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = one(&all[i], b); err != nil {
			return b, err
		}
	}
	return append(b, ']'), nil
}

// AppendJSON appends m as JSON.
func (m *LiveMessage) AppendJSON(b []byte) (_ []byte, err error) {
	b = appendString(append(b, `{"type":`...), m.Type)
	if len(m.ID) > 0 {
		b = append(append(b, `,"id":`...), m.ID...)
	}
	if m.Status != 0 {
		b = strconv.AppendInt(append(b, `,"status":`...), int64(m.Status), 10)
	}
	if m.Memory != nil {
		if b, err = m.Memory.AppendJSON(append(b, `,"memory":`...)); err != nil {
			return b, err
		}
	}
	if m.Problem != nil {
		if b, err = appendAny(append(b, `,"problem":`...), m.Problem); err != nil {
			return b, err
		}
	}
	if m.RestorableUntil != nil {
		b = appendTime(append(b, `,"restorableUntil":`...), m.RestorableUntil.Time)
	}
	if m.After != nil {
		b = strconv.AppendUint(append(b, `,"after":`...), *m.After, 10)
	}
	if m.Token != "" {
		b = appendString(append(b, `,"token":`...), m.Token)
	}
	if m.Newest != 0 {
		b = strconv.AppendUint(append(b, `,"newest":`...), m.Newest, 10)
	}
	if len(m.Events) > 0 {
		if b, err = appendAny(append(b, `,"events":`...), m.Events); err != nil {
			return b, err
		}
	}
	if len(m.Memories) > 0 {
		if b, err = appendAny(append(b, `,"memories":`...), m.Memories); err != nil {
			return b, err
		}
	}
	if m.More {
		b = append(b, `,"more":true`...)
	}
	return append(b, '}'), nil
}

// appendDuplicate appends the member "duplicateOf", after other members, unless id is nil.
func appendDuplicate(b []byte, id *sigil.ID) []byte {
	if id != nil {
		b = append(appendID(append(b, `,"duplicateOf":"`...), *id), '"')
	}
	return b
}

// appendSimilar appends the member "similar", after other members, unless all is nil.
func appendSimilar(b []byte, all []Similar) []byte {
	if all == nil {
		return b
	}
	b = append(b, `,"similar":[`...)
	for i := range all {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendID(append(b, `{"id":"`...), all[i].ID)
		b = append(appendFloat(append(b, `","score":`...), all[i].Score), '}')
	}
	return append(b, ']')
}

// appendWarnings appends the member "warnings", after other members, unless all is empty.
func appendWarnings(b []byte, all []Warning) []byte {
	if len(all) > 0 {
		b, _ = appendAny(append(b, `,"warnings":`...), all) // strings can always be encoded
	}
	return b
}

func appendID(b []byte, id sigil.ID) []byte {
	const hex = "0123456789abcdef"
	for i, x := range id {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			b = append(b, '-')
		}
		b = append(b, hex[x>>4], hex[x&15])
	}
	return b
}

// appendString appends s in quotes. encoding/json handles what needs escaping.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
			b, _ = appendAny(b, s) // a string can always be encoded
			return b
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// appendAny appends v as encoding/json encodes it, without HTML escaping.
func appendAny(b []byte, v any) ([]byte, error) {
	w := bytes.NewBuffer(b)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return b, err
	}
	return bytes.TrimSuffix(w.Bytes(), []byte("\n")), nil
}

// appendFloat writes f as encoding/json does: the shortest form that reads back, in ES6 notation.
func appendFloat(b []byte, f float64) []byte {
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	b = strconv.AppendFloat(b, f, format, -1, 64)
	if n := len(b); format == 'e' && n >= 4 && b[n-4] == 'e' && (b[n-3] == '-' || b[n-3] == '+') && b[n-2] == '0' {
		b[n-2] = b[n-1] // e-09 is e-9
		b = b[:n-1]
	}
	return b
}

// appendTime appends t in timestampLayout, in quotes. A memory has three times, which in the library's way took a fifth
// of the time.
func appendTime(b []byte, t time.Time) []byte {
	t = t.UTC()
	b = append(b, '"')
	year, month, day := t.Date()
	if year < 0 || year > 9999 {
		return append(t.AppendFormat(b, timestampLayout), '"')
	}
	hour, minute, second := t.Clock()
	b = append(appendDigits(b, year, 1000), '-')
	b = append(appendDigits(b, int(month), 10), '-')
	b = append(appendDigits(b, day, 10), 'T')
	b = append(appendDigits(b, hour, 10), ':')
	b = append(appendDigits(b, minute, 10), ':')
	b = append(appendDigits(b, second, 10), '.')
	return append(appendDigits(b, t.Nanosecond()/1e6, 100), 'Z', '"')
}

// appendDigits appends n with leading zeros. unit is the power of ten of the first digit.
func appendDigits(b []byte, n, unit int) []byte {
	for ; unit > 0; unit /= 10 {
		b = append(b, byte('0'+n/unit%10))
	}
	return b
}

func appendDeadline(b []byte, t *Timestamp) []byte {
	if t == nil {
		return append(b, "null"...)
	}
	return appendTime(b, t.Time)
}

func appendOptional(b []byte, s *string) []byte {
	if s == nil {
		return append(b, "null"...)
	}
	return appendString(b, *s)
}

func appendState(b []byte, s *sigil.State) ([]byte, error) {
	if len(s.Extra) > 0 {
		return appendAny(b, s)
	}
	b = appendFloat(append(b, `{"phi":`...), s.Phi)
	b = appendFloat(append(b, `,"coherence":`...), s.Coherence)
	b = appendFloat(append(b, `,"awareness":`...), s.Awareness)
	b = appendFloat(append(b, `,"emotionalResonance":`...), s.EmotionalResonance)
	return append(b, '}'), nil
}
