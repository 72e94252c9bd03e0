// Package search is the word index of an embedded store: for each tenant an inverted index in memory, ranked by
// BM25. Its caller passes in finished terms; the index knows nothing of languages or of content. It is derived
// from what the store keeps, so its loss costs a rebuild, never a memory. It does no I/O and starts no goroutine.
//
// It is built like a small log-structured merge tree, as search engines are. New memories are queued and then go to a memtable:
// one call of Work adds those of all concurrent calls, which do not wait for it, and a search adds what is still queued. A full
// memtable is sealed: it becomes an immutable, compressed segment. Segments of about the same size are merged into
// a larger one. A removed memory is only marked as dead; sealing and merging leave the dead out.
//
// Document frequencies, the number of memories and their average length count the dead until then: always all
// three, so that no frequency exceeds the number of memories.
//
// An [Index] is safe for concurrent use. A search takes its lock for as long as it needs to look its terms up, and
// then works on what does not change any more. No method calls a func of a caller with a lock held.
package search
