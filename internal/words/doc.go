// Package words turns the text of a memory into terms, reads queries, and says where a query's words stand in a
// memory. Both stores index the terms that it makes, so they find the same memories. It owns the terms, their
// version and the formula that ranks them. It does no I/O, starts no goroutine and keeps no index.
//
// # What is searched
//
// Every string in a memory's data, at any depth, every number as it is written, and every tag. Names of members,
// true, false and null are not searched. [Settings] exclude parts of the data by JSON pointer, or everything.
//
// # Terms
//
// A text is cut at white space and at brackets, quotes and the like. Each piece is cut into words by the rules of
// Unicode (UAX 29), and a word into its parts:
//
//	state-of-the-art            the whole, state, of, the, art
//	snake_case, camelCase       the whole, and each part
//	HTTPServer2                 httpserver2, http, server, 2
//	v1.2.3                      the whole, 1.2.3, v1, 2, 3
//	C++, C#, .NET, #tag, @name  with the sign and without
//	-12.5                       with the sign and without; 12, 5
//	1,000.50                    1000.50, 1000, 50
//	2026-11-29, an id, a hash   the whole, and what stands between hyphens
//	a path, a URL, an address   the whole, each component, the parts of each component
//
// Each of them is folded: NFKC, full case folding, characters removed that are never seen. A simple word is then
// stemmed. A word with accents has two terms, one without accents and one with them: a query without accents finds
// both spellings, and a query with accents finds both but ranks its own spelling first.
//
// Scripts that are written without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese), and Korean, are cut into
// overlapping pairs of characters. The last character of a run is a term of its own, so that any single character
// is found as the beginning of a term.
//
// Stop words of English are terms with a mark: they take part in phrases and are found if a query has nothing
// else, but do not count for rank. Words of tags are terms twice, the second time with a mark for the clause tag:.
package words
