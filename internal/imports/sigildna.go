package imports

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/imports/leveldb"
)

const (
	reasonOther    = "a record that is not a memory: crystals, patterns and networks are computed anew"
	reasonMetadata = "had metadata, which a memory cannot have: it is not kept"
	reasonState    = "had a state outside 0 to 1, or none that is an object: it gets the default one"
	reasonTenant   = "had a tenant that is not a text: it gets that of the request"
	reasonMembers  = "had members that a memory cannot have: they are not kept"
)

// computed are the members of the stack's memories that are read, are computed anew, or are what reasonNew says.
var computed = []string{
	"id", "hash", "data", "consciousnessState", "resonanceFrequency", "crystallizationPotential", "crystallized", "memoryPattern", "timestamp",
	"createdAt", "lastAccessed", "accessCount", "decay", "tenantId", "metadata",
}

// old reads records of the replaced stack.
type old struct {
	w        *out
	memories int
}

// readSigilDNA reads the folder of the replaced stack's LevelDB; lines of {"key":…,"value":…} as contrib/level/dump.mjs prints them; or a
// JSON file of its memories: lines, a list, or an object with a member for each.
// The data of a memory stays as it is, so that its frequency is the same.
func readSigilDNA(w *out, s *Source) error {
	o := &old{w: w}
	var err error
	if s.dir != "" {
		err = o.folder(s.dir)
	} else {
		_, err = s.each(func(string) bool { return false }, func(in *bufio.Reader, _ string) error {
			if s := begin(in); s.array || s.ofMemories() {
				return o.file(in)
			}
			return lines(in, o.line, func(n int, reason string) error { return w.left(fmt.Sprintf("line %d", n), reason) })
		})
	}
	if err != nil {
		return err
	}
	return w.counted(Changed, o.memories, reasonNew)
}

// folder reads the LevelDB twice: first to see that all of it can be read, so that a damaged one is not imported in part.
func (o *old) folder(dir string) error {
	cut, err := leveldb.Read(dir, func(_, _ []byte) error { return nil })
	if err == nil {
		_, err = leveldb.Read(dir, func(key, value []byte) error {
			return o.record(string(key), "key "+shown(key), value)
		})
	}
	switch {
	case errors.Is(err, errStopped):
		return err
	case errors.Is(err, leveldb.ErrInUse):
		return sigil.NewInvalid("invalid_import", "", err.Error()+": stop it first")
	case errors.Is(err, leveldb.ErrTooLong):
		return sigil.NewInvalid("invalid_import", "", err.Error()+": open and close it once with level, which moves them into tables")
	case err != nil:
		return sigil.NewInvalid("invalid_import", "", err.Error()+
			"; nothing of it is imported. Open and close it once with level, on a copy, and look at what is still there; or import what contrib/level/dump.mjs prints of it")
	case cut != "":
		return o.w.left(cut, "a last record that is cut off, as a crash leaves it; level leaves it out, too")
	}
	return nil
}

// shown returns a key as it can be printed.
func shown(key []byte) string {
	if s := string(key); utf8.ValidString(s) && len(s) <= 120 && strings.IndexFunc(s, func(r rune) bool { return r < ' ' }) < 0 {
		return s
	}
	return fmt.Sprintf("%.120q", key)
}

// file reads a list of memories, or an object with a member for each.
func (o *old) file(in *bufio.Reader) error {
	p := newParser(in)
	var err error
	if p.kind() == '[' {
		err = p.array(func(n int) error {
			v, err := p.value()
			if err != nil {
				return err
			}
			return o.entry(v, fmt.Sprintf("element %d", n))
		})
	} else {
		err = p.object(func(name string) error {
			v, err := p.value()
			if err != nil {
				return err
			}
			return o.record(name, "member "+shown([]byte(name)), v)
		})
	}
	if err != nil {
		return err
	}
	return p.ends()
}

func (o *old) line(line jsontext.Value, n int) error { return o.entry(line, fmt.Sprintf("line %d", n)) }

// entry takes a memory, or a key with one.
func (o *old) entry(v jsontext.Value, place string) error {
	r, problem := parse(v)
	if problem != "" {
		return o.w.left(place, `neither a memory nor {"key":…,"value":…}`)
	}
	if key, isText := r.string(r.values["key"]); isText && r.values["value"] != nil {
		return o.record(key, place, r.values["value"])
	}
	if r.has("key") || r.has("value") {
		return o.w.left(place, `neither a memory nor {"key":…,"value":…}`)
	}
	id, _ := r.string(r.values["id"])
	return o.record(id, place, v)
}

func (o *old) record(key, place string, value []byte) error {
	v := jsontext.Value(value)
	if !v.IsValid(lenient...) {
		return o.w.left(place, "a record that is not JSON")
	}
	if v.Kind() == '"' { // JSON within JSON, if the stack stored text with the encoding json
		if text, ok := (&record{}).string(v); ok && jsontext.Value(text).IsValid(lenient...) {
			v = jsontext.Value(text)
		}
	}
	r, problem := parse(v)
	if problem != "" || r.values["data"] == nil || !r.has("consciousnessState") && !r.has("resonanceFrequency") {
		return o.w.left(place, reasonOther)
	}
	m := Memory{Data: json.RawMessage(r.values["data"]), ID: key, Place: place, Tenant: r.text("tenantId")}
	if v := r.values["consciousnessState"]; v.Kind() == '{' {
		var state sigil.State
		if json.Unmarshal(v, &state) == nil {
			m.State = &state
		} else if err := o.w.changed(place, reasonState); err != nil {
			return err
		}
	} else if r.has("consciousnessState") {
		if err := o.w.changed(place, reasonState); err != nil {
			return err
		}
	}
	if r.has("tenantId") {
		if err := o.w.changed(place, reasonTenant); err != nil {
			return err
		}
	}
	if others := slices.DeleteFunc(slices.Clone(r.names), func(name string) bool { return slices.Contains(computed, name) }); len(others) > 0 {
		if err := o.w.changed(place+": "+shown([]byte(strings.Join(others, ", "))), reasonMembers); err != nil {
			return err
		}
	}
	if r.has("metadata") && string(r.values["metadata"]) != "{}" {
		if err := o.w.changed(place, reasonMetadata); err != nil {
			return err
		}
	}
	o.memories++
	return o.w.memory(m)
}
