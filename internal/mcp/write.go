package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/httpapi/draft"
)

type rememberInput struct {
	Text string   `json:"text" jsonschema:"one fact, in a full sentence with names and dates"`
	Tags []string `json:"tags,omitempty" jsonschema:"labels to filter by"`
	TTL  string   `json:"ttl,omitempty" jsonschema:"a hard end, such as 36h or 7d, whatever is recalled"`
	Life string   `json:"life,omitempty" jsonschema:"how long it lives without being recalled, such as 365d, if not as long as others"`
	// Policy is the memory's own.
	Policy string `json:"policy,omitempty" jsonschema:"how it fades, such as halflife h=30d; as the others if missing"`
	Keep   bool   `json:"keep,omitempty" jsonschema:"never fades"`
}

type rememberOutput struct {
	Namespace string `json:"namespace"`
	ID        string `json:"id"`
	Outcome   string `json:"outcome" jsonschema:"created, or reinforced if it was there already"`
	// DuplicateOf is the id of the memory that had the content: the same as ID, since it was reinforced.
	DuplicateOf string `json:"duplicateOf,omitempty"`
	FadesAt     string `json:"fadesAt,omitempty" jsonschema:"missing if it never fades"`
	Warning     string `json:"warning,omitempty"`
}

// remember encodes a text, or reinforces the memory that has it.
func (s *Server) remember(ctx context.Context, c call, in rememberInput) (out rememberOutput, text string, err error) {
	d := sigil.Draft{Tags: in.Tags, Pinned: in.Keep, OnDuplicate: sigil.Reinforce, IdempotencyKey: c.key}
	if in.Text == "" {
		return out, "", sigil.NewInvalid("invalid_text", "text", "must not be empty")
	}
	if d.Data, err = json.Marshal(in.Text); err != nil {
		return out, "", err
	}
	if d.TTL, err = readSpan("ttl", in.TTL); err != nil {
		return out, "", err
	}
	if d.Life, err = readSpan("life", in.Life); err != nil {
		return out, "", err
	}
	if in.Policy != "" {
		if d.Policy, err = sigil.ParsePolicy(in.Policy); err != nil {
			return out, "", err
		}
	}
	m, err := s.engine.Encode(ctx, c.tenant, d)
	if err != nil {
		return out, "", err
	}
	out = rememberOutput{Namespace: c.tenant, Outcome: "created"}
	if m.Reinforced() {
		out.Outcome, out.DuplicateOf = "reinforced", m.ID.String()
		if in.Keep && !m.Pinned {
			if m, err = s.engine.Pin(ctx, m.Key); err != nil {
				return out, "", err
			}
		}
		if d.Life > 0 {
			if m, err = s.engine.Change(ctx, m.Key, sigil.Change{Life: &d.Life}); err != nil {
				return out, "", err
			}
		}
		switch {
		case d.TTL > 0 && d.Policy != nil:
			out.Warning = "it was there already, and its ttl and policy are as before"
		case d.TTL > 0:
			out.Warning = "it was there already, and its ttl is as before"
		case d.Policy != nil:
			out.Warning = "it was there already, and its policy is as before"
		}
	} else if m.FadesBeforeTTL() {
		out.Warning = "it fades before its ttl ends, unless it is recalled or kept"
	}
	out.ID, out.FadesAt = m.ID.String(), moment(m.FadesAt)
	did := "Remembered"
	if out.DuplicateOf != "" {
		did = "Was there already, and is reinforced"
	}
	text = fmt.Sprintf("%s in namespace %s as %s; %s.", did, c.tenant, out.ID, fades(m.FadesAt, s.engine.Now()))
	if out.Warning != "" {
		text += " Note: " + out.Warning + "."
	}
	return out, text, nil
}

type correctInput struct {
	ID   string   `json:"id"`
	Text string   `json:"text" jsonschema:"what is right, in a full sentence"`
	Tags []string `json:"tags,omitempty" jsonschema:"those of the old one if missing"`
}

type correctOutput struct {
	Namespace  string `json:"namespace"`
	ID         string `json:"id" jsonschema:"of the new memory"`
	Supersedes string `json:"supersedes"`
	FadesAt    string `json:"fadesAt,omitempty" jsonschema:"missing if it never fades"`
}

// correct has a text take the place of a memory.
func (s *Server) correct(ctx context.Context, c call, in correctInput) (out correctOutput, text string, err error) {
	key, err := c.memory(in.ID)
	if err != nil {
		return out, "", err
	}
	if in.Text == "" {
		return out, "", sigil.NewInvalid("invalid_text", "text", "must not be empty")
	}
	d := sigil.Draft{Tags: in.Tags, IdempotencyKey: c.key}
	if d.Data, err = json.Marshal(in.Text); err != nil {
		return out, "", err
	}
	m, err := s.engine.Correct(ctx, key, d)
	if err != nil {
		return out, "", err
	}
	out = correctOutput{Namespace: c.tenant, ID: m.ID.String(), Supersedes: key.ID.String(), FadesAt: moment(m.FadesAt)}
	return out, fmt.Sprintf("Corrected in namespace %s: %s takes the place of %s; %s.", c.tenant, out.ID, out.Supersedes, fades(m.FadesAt, s.engine.Now())), nil
}

// readSpan reads a duration over 0, or returns 0 for an empty text.
func readSpan(field, text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, ok := draft.Duration(text)
	if !ok || d <= 0 {
		return 0, sigil.NewInvalid("invalid_"+field, field, `must be a duration over 0, such as "90s", "36h" or "7d"`)
	}
	return d, nil
}

type forgetInput struct {
	ID string `json:"id"`
}

type forgetOutput struct {
	Namespace string `json:"namespace"`
	ID        string `json:"id"`
	// Undoable reports whether it can be restored, and RestorableUntil is the time from which on it cannot.
	Undoable        bool   `json:"undoable"`
	RestorableUntil string `json:"restorableUntil,omitempty"`
}

// forget forgets a memory. A memory that a call has forgotten before is forgotten: a client that got no answer may call
// again.
func (s *Server) forget(ctx context.Context, c call, in forgetInput) (out forgetOutput, text string, err error) {
	key, err := c.memory(in.ID)
	if err != nil {
		return out, "", err
	}
	text = fmt.Sprintf("Forgot %s in namespace %s.", key.ID, c.tenant)
	until, err := s.engine.ForgetWithUndo(ctx, key)
	if errors.Is(err, sigil.ErrNotFound) {
		if at, ok := s.forgotten(ctx, key); ok {
			text, err = fmt.Sprintf("%s was forgotten already.", key.ID), nil
			if window := s.engine.Settings().Undo.Window; window > 0 {
				until = at.Add(window)
			}
		}
	}
	if err != nil {
		return out, "", err
	}
	out = forgetOutput{Namespace: c.tenant, ID: key.ID.String()}
	now := s.engine.Now()
	if out.Undoable = until.After(now); !out.Undoable {
		return out, text + " This cannot be undone.", nil
	}
	out.RestorableUntil = moment(until)
	return out, fmt.Sprintf("%s It %s, until %s: by the tool restore if there is one, or by the user with sigil restore %s. If the user wants it gone for good: the tool erase, or sigil erase %s.",
		text, restorable(until, now), out.RestorableUntil, key.ID, key.ID), nil
}

// forgotten reports whether a memory was forgotten, as far as the journal goes back, and when.
func (s *Server) forgotten(ctx context.Context, key sigil.Key) (at time.Time, ok bool) {
	x, err := s.engine.Explain(ctx, key)
	if err != nil || x.Live {
		return at, false
	}
	last := &x.History[len(x.History)-1]
	return last.Time, last.Kind == sigil.Forgotten
}

type keepInput struct {
	ID   string `json:"id"`
	Keep *bool  `json:"keep,omitempty" jsonschema:"true if missing"`
}

type keepOutput struct {
	Namespace string `json:"namespace"`
	ID        string `json:"id"`
	Kept      bool   `json:"kept"`
	FadesAt   string `json:"fadesAt,omitempty" jsonschema:"missing if it never fades"`
}

// keep pins a memory, or unpins it.
func (s *Server) keep(ctx context.Context, c call, in keepInput) (out keepOutput, text string, err error) {
	key, err := c.memory(in.ID)
	if err != nil {
		return out, "", err
	}
	verb := s.engine.Pin
	if in.Keep != nil && !*in.Keep {
		verb = s.engine.Unpin
	}
	m, err := verb(ctx, key)
	if err != nil {
		return out, "", err
	}
	out = keepOutput{Namespace: c.tenant, ID: m.ID.String(), Kept: m.Pinned, FadesAt: moment(m.FadesAt)}
	did := "Kept"
	if !m.Pinned {
		did = "No longer kept"
	}
	return out, fmt.Sprintf("%s: %s in namespace %s %s.", did, out.ID, c.tenant, fades(m.FadesAt, s.engine.Now())), nil
}

// within reads a span, which is unless if the text is empty.
func within(text string, unless time.Duration) (time.Duration, error) {
	if text == "" {
		return unless, nil
	}
	d, ok := draft.Duration(text)
	if !ok || d <= 0 {
		return 0, sigil.NewInvalid("invalid_within", "within", `must be a duration over 0, such as "36h" or "7d"`)
	}
	return d, nil
}
