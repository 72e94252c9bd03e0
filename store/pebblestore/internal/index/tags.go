package index

import (
	"slices"
	"strings"

	"github.com/sigil-dna/sigil/store/internal/record"
)

// tagSet is the number of a list of tags that memories have, or 0 if they have no tags.
type tagSet uint32

// tagSets numbers the lists of tags of an index's memories. Memories with the same list share it.
type tagSets struct {
	numbers map[string]tagSet // by encoded form
	sets    []set             // by number - 1
	free    []tagSet          // the numbers of unused elements of sets
}

type set struct {
	encoded string   // as in [record.Labels]
	tags    []string // each once; parts of encoded
	users   int
}

// use returns the number of a list, which is not empty, for one more user.
func (s *tagSets) use(encoded string) tagSet {
	if n, there := s.numbers[encoded]; there {
		s.sets[n-1].users++
		return n
	}
	if s.numbers == nil {
		s.numbers = map[string]tagSet{}
	}
	tags := record.TagsOf(encoded)
	slices.Sort(tags)
	made := set{encoded, slices.Compact(tags), 1}
	var n tagSet
	if last := len(s.free) - 1; last >= 0 {
		n, s.free = s.free[last], s.free[:last]
		s.sets[n-1] = made
	} else {
		s.sets = append(s.sets, made)
		n = tagSet(len(s.sets))
	}
	s.numbers[encoded] = n
	return n
}

// release ends one use of a list.
func (s *tagSets) release(n tagSet) {
	used := &s.sets[n-1]
	if used.users--; used.users > 0 {
		return
	}
	delete(s.numbers, used.encoded)
	*used = set{}
	s.free = append(s.free, n)
}

// tags returns the place of the number of an entry's list of tags.
func (s *entries) tags(e *entry) *tagSet {
	r := e.ref - 1
	return &s.slabs[r/slabSize].tags[r%slabSize]
}

// label sets the tags of an entry that has none.
func (s *entries) label(e *entry, encoded string) {
	if encoded != "" {
		*s.tags(e) = s.sets.use(encoded)
	}
}

// tagsOf returns the tags of an entry, each once.
func (s *entries) tagsOf(e *entry) []string {
	if n := *s.tags(e); n != 0 {
		return s.sets.sets[n-1].tags
	}
	return nil
}

// labels returns the labels of an entry.
func (s *entries) labels(e *entry) record.Labels {
	l := record.Labels{Hash: e.hash}
	if n := *s.tags(e); n != 0 {
		l.Tags = s.sets.sets[n-1].encoded
	}
	return l
}

// tag adds an entry to the lists of its tags.
func (t *tenant) tag(e *entry) {
	for _, tag := range t.of.tagsOf(e) {
		list := t.tagged[tag]
		if list == nil {
			if t.tagged == nil {
				t.tagged = map[string]*sorted{}
			}
			list = &sorted{of: t.of, key: byID}
			t.tagged[strings.Clone(tag)] = list // the rest of the encoded form need not stay
		}
		list.insert(e)
	}
}

// untag removes entries, which must be sorted by id, from the lists of their tags, and removes their tags.
func (t *tenant) untag(leaving []*entry) {
	var byTag map[string][]*entry
	for _, e := range leaving {
		for _, tag := range t.of.tagsOf(e) {
			if byTag == nil {
				byTag = map[string][]*entry{}
			}
			byTag[tag] = append(byTag[tag], e)
		}
	}
	for tag, some := range byTag {
		list := t.tagged[tag]
		if list.remove(some...); list.count == 0 {
			delete(t.tagged, tag)
		}
	}
	for _, e := range leaving {
		if n := t.of.tags(e); *n != 0 {
			t.of.sets.release(*n)
			*n = 0
		}
	}
}

// shortest returns the shortest list that has all of the tenant's entries with all of tags, or nil if there is no such
// entry. Without tags, it is the list of all entries.
func (t *tenant) shortest(tags []string) *sorted {
	list := &t.all
	for i, tag := range tags {
		l := t.tagged[tag]
		if l == nil {
			return nil
		}
		if i == 0 || l.count < list.count {
			list = l
		}
	}
	return list
}

// hasAll reports whether an entry has all of tags.
func (s *entries) hasAll(e *entry, tags []string) bool {
	if len(tags) == 0 {
		return true
	}
	has := s.tagsOf(e)
	return !slices.ContainsFunc(tags, func(tag string) bool { return !slices.Contains(has, tag) })
}
