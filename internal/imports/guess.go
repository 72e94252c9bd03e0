package imports

import (
	"bufio"
	"bytes"
	"path"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// shape is what the beginning of a JSON text looks like: the names of the members of its first object, and of the first object in
// each of these members.
type shape struct {
	array bool // the object is the first element of an array
	whole bool // the end of the object has been seen, or there is none
	names []string
	inner map[string][]string
}

// lenient makes jsontext read what other systems write: what is wrong with a record is found when it is taken apart.
var lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// look returns the shape of a text of which begin is the beginning.
func look(begin []byte) (s shape) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(bytes.TrimPrefix(begin, byteOrderMark)), lenient...)
	if dec.PeekKind() == '[' {
		s.array = true
		_, _ = dec.ReadToken() // it was there
	}
	s.inner = map[string][]string{}
	if k := dec.PeekKind(); k != '{' {
		s.whole = k != 0
		return s
	}
	_, _ = dec.ReadToken() // it was there
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return s
		}
		member := name.String()
		s.names = append(s.names, member)
		depth := dec.StackDepth()
		if k := dec.PeekKind(); k != '{' && k != '[' {
			if dec.SkipValue() != nil {
				return s
			}
			continue
		}
		s.inner[member] = firstNames(dec)
		for dec.StackDepth() > depth {
			if _, err := dec.ReadToken(); err != nil {
				return s
			}
		}
	}
	s.whole = dec.PeekKind() == '}'
	return s
}

// firstNames returns the names of the members of the object, or of the first of the array, that is next, as far as they can be read.
func firstNames(dec *jsontext.Decoder) (names []string) {
	if dec.PeekKind() == '[' {
		_, _ = dec.ReadToken() // it was there
	}
	if dec.PeekKind() != '{' {
		_, _ = dec.ReadToken() // the end of the array, or a value that is no object
		return nil
	}
	_, _ = dec.ReadToken()
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return names
		}
		names = append(names, name.String())
		if dec.SkipValue() != nil {
			return names
		}
	}
	return names
}

func (s shape) has(names ...string) bool { return hasAll(s.names, names...) }

func (s shape) in(member string, names ...string) bool { return hasAll(s.inner[member], names...) }

func hasAll(all []string, names ...string) bool {
	for _, name := range names {
		if !slices.Contains(all, name) {
			return false
		}
	}
	return true
}

func (s shape) any(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return slices.Contains(s.names, name) })
}

// format returns the format that a text of this shape has, or "". It is careful: lines of JSON of any kind are no format.
func (s shape) format() Format {
	switch {
	case s.has("id", "tenant", "frequency", "potential", "lastAccessed", "fadesAt", "policy"), s.has("sigil", "version", "at", "position"):
		return Sigil
	case s.in("value", "data", "consciousnessState") && s.has("key"), isOldMemory(s.names), s.ofMemories():
		return SigilDNA
	case s.has("type", "name", "observations"), s.has("type", "from", "to", "relationType"):
		return MCPMemory
	case s.has("chat_messages"):
		return Claude
	case s.has("mapping") && s.any("current_node", "create_time", "title"):
		return ChatGPT
	case s.has("agents") && s.any("blocks", "tools", "groups"), s.has("core_memory", "messages"),
		s.has("text", "embedding_config"), s.has("text", "archive_id"):
		return Letta
	case s.in("results", "memory"), s.in("memories", "content", "state"),
		s.has("memory", "id") && s.any("hash", "user_id", "created_at", "createdAt", "metadata"),
		s.has("content", "state", "categories"):
		return Mem0
	case s.in("messages", "role_type", "content"), s.in("facts", "fact"), s.in("edges", "fact"), s.in("episodes", "content"), s.in("nodes", "summary"),
		s.in("sessions", "session_id"), s.has("role_type", "content"), s.has("fact", "source_node_uuid"):
		return Zep
	}
	return ""
}

// isOldMemory reports whether an object with these members is a memory of the replaced stack.
func isOldMemory(names []string) bool {
	return hasAll(names, "data", "consciousnessState") || hasAll(names, "data", "resonanceFrequency")
}

// ofMemories reports whether the first member is a memory of the replaced stack.
func (s shape) ofMemories() bool {
	return !s.array && len(s.names) > 0 && isOldMemory(s.inner[s.names[0]])
}

// begin returns the shape of a stream without consuming it: of its first object, as far as that lies in the first 64 KiB. It waits for
// no more of the stream than it needs.
func begin(in *bufio.Reader) shape {
	for n := 1; ; n = in.Buffered() + 1 {
		_, err := in.Peek(min(n, peeked))
		got, _ := in.Peek(in.Buffered())
		s := look(got)
		if err != nil || s.whole || len(got) >= peeked || s.format() != "" {
			return s
		}
	}
}

func (s *Source) guessStream() (Format, error) { return begin(s.in).format(), nil }

// guessArchive recognizes an archive by its files, and conversations by the first of them.
func (s *Source) guessArchive() (found Format, err error) {
	for _, f := range s.archive.File {
		if !isConversations(path.Base(f.Name)) {
			continue
		}
		err := s.file(f, func(in *bufio.Reader) error {
			found = begin(in).format()
			return nil
		})
		if found != "" || err != nil {
			return found, err
		}
	}
	for _, f := range s.archive.File {
		if isOpenMemory(path.Base(f.Name)) {
			return Mem0, nil
		}
	}
	return "", invalid("is a zip archive, and of no format that is known")
}
