// Package audit has what a check compares alike in every driver: a memory's figures with its content, with its policy, and with
// what the journal records of it; and crystals of patterns with their members. It reads no store.
package audit

import (
	"bytes"
	"math"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/canon"
	"github.com/sigil-dna/sigil/store"
)

const (
	// rounding is how far two processors may round the same sum apart.
	rounding = 1e-12
	// roundingUp is how far a deadline may differ for that reason: it is rounded up to a millisecond.
	roundingUp = time.Millisecond
	// maxDepth is more than the settings of a daemon allow.
	maxDepth = 10_000
)

// Memory checks what follows from m alone.
func Memory(m *sigil.Memory, found *store.Checked) {
	data, hash, err := canon.Read("data", m.Data, canon.Limits{Bytes: math.MaxInt, Depth: maxDepth})
	switch {
	case err != nil:
		found.Add(store.CheckContent, "%s: its content is not valid JSON", m.Key)
	case !bytes.Equal(data, m.Data):
		found.Add(store.CheckContent, "%s: its content has white space that was never stored", m.Key)
	case hash != m.Hash:
		found.Add(store.CheckContent, "%s: its hash is not that of its content", m.Key)
	}
	if m.Size != len(m.Data) {
		found.Add(store.CheckContent, "%s: its content has %d bytes and should have %d", m.Key, len(m.Data), m.Size)
	}
	switch potential := m.State.Potential(); {
	case m.Frequency != m.Hash.Frequency():
		found.Add(store.CheckFrequency, "%s: its frequency is not that of its hash", m.Key)
	case !(math.Abs(m.Potential-potential) <= rounding): // written so that NaN fails
		found.Add(store.CheckFrequency, "%s: its potential is not that of its state", m.Key)
	case m.Crystallized != (m.Potential > sigil.CrystallizeAbove):
		found.Add(store.CheckFrequency, "%s: whether it is crystallized does not follow from its potential", m.Key)
	}
	Deadline(&m.Meta, found)
}

// Deadline checks the deadline of m, by the clock of its tenant: that of a ttl may be earlier than its end by that clock.
func Deadline(m *sigil.Meta, found *store.Checked) {
	then := *m
	then.Reschedule()
	if store.EndByClock(m) && m.FadesAt.Before(then.FadesAt) {
		return
	}
	if then.FadesAt.IsZero() != m.FadesAt.IsZero() || m.FadesAt.Sub(then.FadesAt).Abs() > roundingUp {
		found.Add(store.CheckDeadline, "%s: it fades at %s, and should at %s", m.Key, moment(m.FadesAt), moment(then.FadesAt))
	}
}

func moment(t time.Time) string {
	if t.IsZero() {
		return "no time"
	}
	return t.Format(time.RFC3339Nano)
}

// Follows compares a memory with its last journal entry, and returns what is wrong, or "".
func Follows(m, was sigil.Meta) string {
	if m.AccessCount < was.AccessCount || m.LastAccessed.Before(was.LastAccessed) {
		return "was refreshed less often than the journal records"
	}
	// A refresh is not journaled. One that corrects what a jump of the clock did counts no recall.
	if m.AccessCount > was.AccessCount || m.LastAccessed.After(was.LastAccessed) {
		was.AccessCount, was.LastAccessed, was.Stood, was.Stretch, was.Policy = m.AccessCount, m.LastAccessed, m.Stood, m.Stretch, m.Policy
		was.MoveDeadline(m.FadesAt)
	}
	if !m.OwnPolicy && m.Policy != was.Policy { // nor is it journaled that a memory was brought under another policy
		was.Policy = m.Policy
		if !store.EndByClock(&m) {
			was.Reschedule()
		}
	}
	if store.EndByClock(&m) { // nor is it that a deadline was moved there after a standstill
		was.MoveDeadline(m.FadesAt)
	}
	if m != was {
		return "has figures that differ from the journal's"
	}
	return ""
}
