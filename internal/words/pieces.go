package words

import (
	"strings"
	"unicode/utf8"
)

// piece is a place in a chunk that a term is made of.
type piece struct {
	term     *term
	plain    string // folded, without accents, not stemmed: what a prefix is compared with; "" for an accented spelling
	at, span int32  // its position among the smallest parts, and how many of them it takes
	from, to int32  // its bytes in the chunk
	role     role
}

type role uint8

const (
	primary  role = iota // what a word of a query must meet in a memory to be there
	other                // a part of a word, or another form of it
	accented             // the spelling with accents
	compound             // several words joined by signs
	last                 // the last character of a run
	spelled              // a word whose stem does not begin like it
)

// chunk is what a stretch of text comes to.
type chunk struct {
	raw       string
	only      term  // of the only piece, if the chunk is in the cache; its text is empty otherwise
	positions int32 // how many smallest parts there are
	length    int32 // how many words of it count for rank
	notes     []uint32
	pieces    []piece
}

// builder makes the pieces of a chunk.
type builder struct {
	*scratch
	raw    string
	out    chunk
	tokens []token
	spans  [][2]int32 // of each token that is a word: position and span
}

// build cuts a chunk. What it returns shares memory with the builder.
func (b *builder) build(raw string) *chunk {
	b.raw = raw
	b.out.raw, b.out.pieces, b.out.positions, b.out.length = raw, b.out.pieces[:0], 0, 0
	if b.note != nil {
		b.out.notes = b.note(b.out.notes[:0], raw)
	}
	if plainWord(raw) {
		if b.simple(raw, 0, 1, 0, len(raw), primary) {
			b.out.length = 1
		}
		b.out.positions = 1
		return &b.out
	}
	b.tokens = tokens(raw, b.tokens)
	b.spans = b.spans[:0]
	for i, t := range b.tokens {
		at := b.out.positions
		switch t.kind {
		case word:
			b.word(i, t)
		case run:
			b.run(t)
		case symbol:
			text := cut(fold(cut(raw[t.from:t.to], MaxTermBytes)), MaxTermBytes)
			b.add(text, text, at, 1, t.from, t.to, primary)
			b.out.positions++
		}
		b.spans = append(b.spans, [2]int32{at, b.out.positions - at})
	}
	b.compounds()
	return &b.out
}

// plainWord reports whether a chunk is a word of ASCII letters without humps, as most are, or of digits.
func plainWord(raw string) bool {
	if len(raw) > MaxTermBytes {
		return false
	}
	if isDigit(raw[0]) {
		return digits(raw)
	}
	for i := range len(raw) {
		if c := raw[i]; (c < 'a' || c > 'z') && (i > 0 || c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

// add adds a piece, unless its term is there already at the same position.
func (b *builder) add(text, plain string, at, span int32, from, to int, as role) {
	if text == "" {
		return
	}
	b.addTerm(text, false, plain, at, span, from, to, as)
}

func (b *builder) addTerm(text string, stop bool, plain string, at, span int32, from, to int, as role) {
	for i := len(b.out.pieces) - 1; i >= 0 && b.out.pieces[i].at == at; i-- {
		if p := &b.out.pieces[i]; p.term.text == text && p.span == span {
			return
		}
	}
	t := b.cache.newTerm(text)
	t.stop = stop
	b.out.pieces = append(b.out.pieces, piece{t, plain, at, span, int32(from), int32(to), as})
}

// word adds a word, its parts, and its form with a sign.
func (b *builder) word(i int, t token) {
	w := b.raw[t.from:t.to]
	at, span, counts, as := b.out.positions, int32(1), true, primary
	sign := b.sign(i, t)
	if sign.to > sign.from {
		as = other
	}
	if all := parts(w); len(all) == 1 && len(all[0].leaves) == 1 {
		counts = b.simple(w, at, 1, t.from, t.to, as)
		if n := leadingDigits(w); n != "" {
			b.add(n, n, at, 1, t.from, t.from+len(n), other)
		}
	} else {
		span = b.partly(w, all, t, at, as)
	}
	if sign.to > sign.from {
		signed := b.raw[sign.from:sign.to]
		if thousands(w) {
			signed = strings.ReplaceAll(signed, ",", "")
		}
		signed = unaccent(fold(signed))
		b.add(signed, signed, at, span, sign.from, sign.to, primary)
	}
	b.out.positions += span
	if counts {
		b.out.length++
	}
}

// partly adds a word that has parts, and returns how many smallest parts it has.
func (b *builder) partly(w string, all []part, t token, at int32, as role) (span int32) {
	whole, first := w, len(b.out.pieces)
	if thousands(w) {
		digits, _, _ := strings.Cut(w, ".")
		whole = strings.ReplaceAll(w, ",", "")
		all = parts(w[len(digits):])
		for i := range all {
			all[i].from += len(digits)
			all[i].to += len(digits)
			all[i].leaves = [][2]int{{all[i].from, all[i].to}}
		}
		if len(all) == 0 {
			b.add(whole, whole, at, 1, t.from, t.to, as)
			return 1
		}
		n := strings.ReplaceAll(digits, ",", "")
		b.add(n, n, at, 1, t.from, t.from+len(digits), other)
		span = 1
	}
	for _, p := range all {
		start := at + span
		for _, leaf := range p.leaves {
			b.simple(w[leaf[0]:leaf[1]], at+span, 1, t.from+leaf[0], t.from+leaf[1], other)
			span++
		}
		if len(p.leaves) > 1 && len(all) > 1 {
			b.simple(w[p.from:p.to], start, int32(len(p.leaves)), t.from+p.from, t.from+p.to, other)
		}
	}
	if len(whole) > MaxTermBytes {
		// Too long to be a term. A query has to meet its parts.
		for i := first; i < len(b.out.pieces); i++ {
			if p := &b.out.pieces[i]; p.span == 1 && p.role == other {
				p.role = primary
			}
		}
		return span
	}
	b.simple(whole, at, span, t.from, t.to, as)
	if len(whole) > 2 && (whole[0] == 'v' || whole[0] == 'V') && isDigit(whole[1]) {
		n := fold(whole[1:])
		b.add(n, n, at, span, t.from+1, t.to, other)
	}
	return span
}

// simple adds a word as one term, and with accents as two. It reports whether the word counts for rank.
func (b *builder) simple(w string, at, span int32, from, to int, as role) (counts bool) {
	folded := cut(fold(cut(w, MaxTermBytes)), MaxTermBytes)
	if base, ok := strings.CutSuffix(folded, "'s"); ok && base != "" {
		folded = base
	}
	plain := unaccent(folded)
	if b.isStop(folded) {
		b.addTerm(stopMark+plain, true, plain, at, span, from, to, as)
		return false
	}
	t := b.stem(plain)
	b.add(t, plain, at, span, from, to, as)
	if t != plain && !reaches(plain, t) {
		b.add(plain, plain, at, span, from, to, spelled)
	}
	if plain != folded {
		if a := b.stem(folded); a != t {
			b.add(a, "", at, span, from, to, accented)
		}
	}
	return true
}

// sign returns the stretch of a word with the sign that belongs to it, or nothing: at the beginning of the chunk, before
// it a dot, #, @, $, or the sign of a number; behind it +, ++ or #.
func (b *builder) sign(i int, t token) token {
	if t.to-t.from >= MaxTermBytes-2 {
		return token{}
	}
	if i == 1 && t.from == 1 {
		number := isDigit(b.raw[1]) && t.to == len(b.raw)
		if sign := b.raw[0]; strings.IndexByte(".#@$", sign) >= 0 || number && (sign == '-' || sign == '+') {
			return token{word, 0, t.to}
		}
	}
	after := b.raw[t.to:]
	switch {
	case strings.HasPrefix(after, "++"):
		return token{word, t.from, t.to + 2}
	case after == "+", after == "#", len(after) > 1 && after[0] == '#' && kinds[after[1]] != alnum && after[1] < utf8.RuneSelf:
		return token{word, t.from, t.to + 1}
	}
	return token{}
}

// run adds the pairs of characters of a run, and its last character.
func (b *builder) run(t token) {
	before, at := "", b.out.positions
	start := t.from // of the character before
	for from := t.from; from < t.to; at++ {
		end, folded := character(b.raw, from, t.to)
		text := b.raw[from:end]
		if !folded {
			text = cut(fold(cut(text, MaxTermBytes/2)), MaxTermBytes/2)
		}
		if before != "" {
			pair := b.raw[start:end]
			if pair[:len(before)] != before || pair[len(before):] != text {
				pair = before + text
			}
			b.add(pair, pair, at-1, 1, start, end, primary)
			b.out.length++
		}
		before, start, from = text, from, end
	}
	as := last
	if at == b.out.positions+1 {
		as = primary
		b.out.length++
	}
	b.add(before, before, at-1, 1, start, t.to, as)
	b.out.positions = at
}

// character returns where the character at from ends, with its marks, and whether it is sure to be folded.
func character(raw string, from, to int) (end int, folded bool) {
	r, size := utf8.DecodeRuneInString(raw[from:to])
	folded, end = plainPair(r), from+size
	for end < to {
		r, size = utf8.DecodeRuneInString(raw[end:to])
		if plainPair(r) || kindOf(r) != extends {
			break
		}
		folded, end = false, end+size
	}
	return end, folded
}

// compounds adds the compounds of several words: the largest, and those between the signs that divide paths, URLs
// and addresses.
func (b *builder) compounds() {
	for i := 0; i < len(b.tokens); i++ {
		if b.tokens[i].kind != word {
			continue
		}
		end, inner := i, i
		for end+2 < len(b.tokens) && b.tokens[end+2].kind == word && b.joins(b.tokens[end+1]) {
			if b.divides(b.tokens[end+1]) {
				b.whole(inner, end)
				inner = end + 2
			}
			end += 2
		}
		if inner > i {
			b.whole(inner, end)
		}
		b.whole(i, end)
		i = end
	}
}

// whole adds the compound from one word to another.
func (b *builder) whole(first, end int) {
	from, to := b.tokens[first].from, b.tokens[end].to
	if first == end || to-from > MaxTermBytes {
		return
	}
	folded := cut(fold(b.raw[from:to]), MaxTermBytes)
	plain := unaccent(folded)
	at := b.spans[first][0]
	span := b.spans[end][0] + b.spans[end][1] - at
	b.add(plain, plain, at, span, from, to, compound)
	if plain != folded {
		b.add(folded, "", at, span, from, to, accented)
	}
}

// joins reports whether a gap can stand within a compound.
func (b *builder) joins(t token) bool {
	if t.kind != gap {
		return false
	}
	for _, r := range b.raw[t.from:t.to] {
		if r >= utf8.RuneSelf && r != '\u2010' && r != '\u2011' {
			return false
		}
	}
	return true
}

// divides reports whether a gap divides the components of a path, a URL or an address.
func (b *builder) divides(t token) bool {
	if b.raw[t.from:t.to] == ":" && isDigit(b.raw[t.from-1]) && isDigit(b.raw[t.to]) {
		return false // a time
	}
	return strings.Trim(b.raw[t.from:t.to], "-._+&'\u2010\u2011") != ""
}
