package model

import (
	"testing"

	"github.com/anishathalye/porcupine"
)

// lifetime is the lifetime of the memories in the tales below, in milliseconds. They are encoded at 0.
const lifetime = 40

// call is one operation of a tale, from call to ret milliseconds.
func call(v verb, from, to int64, o outcome, f figures) op {
	return op{verb: v, call: from * 1e6, ret: to * 1e6, answer: answer{outcome: o, figures: f, lo: from, hi: to}}
}

// at returns a plain memory's figures after a number of recalls, the last of them at a time.
func at(count uint64, accessed int64) figures {
	return figures{data: `"x"`, accessed: accessed, fades: accessed + lifetime, count: count}
}

func with(f figures, change func(f *figures)) figures {
	change(&f)
	f.fades = spec{lifetime}.deadline(f, f.accessed)
	return f
}

func pinned(f *figures)       { f.pinned = true }
func crystallized(f *figures) { f.crystallized = true }
func ending(f *figures)       { f.ttl = 30 }
func otherwise(f *figures)    { f.data = `"y"` }

func TestSpec(t *testing.T) {
	encoded := call(encode, 0, 1, done, at(0, 0))
	isPinned := call(pin, 2, 3, done, with(at(0, 0), pinned))
	none, later := figures{}, figures{data: `"x"`, created: 2, accessed: 2, fades: 42}
	for _, tt := range []struct {
		name  string
		right bool
		ops   []op
	}{
		{"encode, recall, peek", true, []op{encoded, call(recall, 5, 6, done, at(1, 5)), call(peek, 7, 8, done, at(1, 5))}},
		{"two recalls at once, in either order", true, []op{
			encoded, call(recall, 5, 9, done, at(2, 8)), call(recall, 5, 9, done, at(1, 7)), call(peek, 10, 11, done, at(2, 8)),
		}},
		{"lost update: two recalls answered with one count", false, []op{
			encoded, call(recall, 5, 9, done, at(1, 7)), call(recall, 5, 9, done, at(1, 8)),
		}},
		{"recall lost: a later peek does not see it", false, []op{
			encoded, call(recall, 5, 6, done, at(1, 5)), call(peek, 7, 8, done, at(0, 0)),
		}},
		{"a peek beside the recall need not see it", true, []op{
			encoded, call(recall, 5, 8, done, at(1, 5)), call(peek, 6, 7, done, at(0, 0)),
		}},
		{"peeks beside the recall that see it and then do not", false, []op{
			encoded, call(recall, 5, 12, done, at(1, 5)), call(peek, 6, 7, done, at(1, 5)), call(peek, 8, 9, done, at(0, 0)),
		}},
		{"a recall that moved the deadline by too much", false, []op{
			encoded, call(recall, 5, 6, done, figures{data: `"x"`, accessed: 5, count: 1, fades: 46}),
		}},
		{"a recall stamped before it was called", false, []op{encoded, call(recall, 5, 6, done, at(1, 4))}},
		{"a recall stamped after it was answered", false, []op{encoded, call(recall, 5, 6, done, at(1, 7))}},
		{"time that runs back from recall to recall", false, []op{
			encoded, call(recall, 5, 9, done, at(1, 8)), call(recall, 5, 9, done, at(2, 6)),
		}},
		{"another memory's content", false, []op{encoded, call(peek, 2, 3, done, with(at(0, 0), otherwise))}},

		{"not found from the deadline on", true, []op{encoded, call(peek, 39, 40, notFound, none), call(recall, 41, 42, notFound, none)}},
		{"not found before the deadline", false, []op{encoded, call(peek, 38, 39, notFound, none)}},
		{"not found before the deadline that a recall moved", false, []op{
			encoded, call(recall, 30, 31, done, at(1, 30)), call(peek, 45, 46, notFound, none),
		}},
		{"given past the deadline", false, []op{encoded, call(peek, 40, 41, done, at(0, 0))}},
		{"recalled past the deadline", false, []op{encoded, call(recall, 39, 41, done, at(1, 40))}},
		{"pinned past the deadline", false, []op{encoded, call(pin, 40, 41, done, with(at(0, 0), pinned))}},
		{"a slow pin from before the deadline", true, []op{
			encoded, call(pin, 38, 60, done, with(at(0, 0), pinned)), call(peek, 45, 61, done, with(at(0, 0), pinned)),
		}},
		{"not found, and the slow pin kept it", false, []op{
			encoded, call(pin, 38, 60, done, with(at(0, 0), pinned)), call(peek, 41, 42, notFound, none), call(peek, 61, 62, done, with(at(0, 0), pinned)),
		}},
		{"resurrection: found after not found", false, []op{
			encoded, call(peek, 39, 41, notFound, none), call(recall, 39, 50, done, at(1, 39)), call(peek, 51, 52, done, at(1, 39)),
		}},
		{"a recall answered before the deadline keeps it", true, []op{
			encoded, call(recall, 39, 50, done, at(1, 39)), call(peek, 51, 52, done, at(1, 39)), call(peek, 78, 79, notFound, none),
		}},

		{"a change takes the ttl away", true, []op{
			call(encode, 0, 1, done, with(at(0, 0), ending)), call(change, 10, 11, done, at(0, 0)), call(peek, 35, 36, done, at(0, 0)),
		}},
		{"a change beside a peek, which need not see it", true, []op{
			call(encode, 0, 1, done, with(at(0, 0), ending)), call(change, 10, 20, done, at(0, 0)), call(peek, 11, 12, done, with(at(0, 0), ending)),
		}},
		{"a change lost: the ttl ends it all the same", false, []op{
			call(encode, 0, 1, done, with(at(0, 0), ending)), call(change, 10, 11, done, at(0, 0)), call(peek, 31, 32, notFound, none),
		}},
		{"changed past its ttl", false, []op{call(encode, 0, 1, done, with(at(0, 0), ending)), call(change, 30, 31, done, at(0, 0))}},

		{"forget", true, []op{encoded, call(forget, 5, 6, done, at(0, 0)), call(peek, 7, 8, notFound, none)}},
		{"a peek beside the forget may see it", true, []op{encoded, call(forget, 5, 9, done, at(0, 0)), call(peek, 6, 7, done, at(0, 0))}},
		{"stale read: found after the forget", false, []op{encoded, call(forget, 5, 6, done, at(0, 0)), call(peek, 7, 8, done, at(0, 0))}},
		{"forgotten twice", false, []op{encoded, call(forget, 5, 9, done, at(0, 0)), call(forget, 5, 9, done, at(0, 0))}},
		{"forgotten after a recall, with the figures of before", false, []op{
			encoded, call(recall, 5, 6, done, at(1, 5)), call(forget, 7, 8, done, at(0, 0)),
		}},

		{"searched, and found", true, []op{encoded, call(search, 2, 3, done, at(0, 0)), call(recall, 5, 6, done, at(1, 5)), call(search, 7, 8, done, at(1, 5))}},
		{"searched after the encode, and not found", false, []op{encoded, call(search, 2, 3, notFound, none)}},
		{"searched, and found as it was before a recall that was answered", false, []op{
			encoded, call(recall, 5, 6, done, at(1, 5)), call(search, 7, 8, done, at(0, 0)),
		}},
		{"searched after the forget", true, []op{encoded, call(forget, 5, 6, done, at(0, 0)), call(search, 7, 8, notFound, none)}},
		{"searched and found after the forget", false, []op{encoded, call(forget, 5, 6, done, at(0, 0)), call(search, 7, 8, done, at(0, 0))}},
		{"searched and found past the deadline", false, []op{encoded, call(search, 40, 41, done, at(0, 0))}},
		{"searched and found after it was released", false, []op{encoded, call(fade, 40, 40, done, at(0, 0)), call(search, 41, 42, done, at(0, 0))}},
		{"searched and found after it was evicted", false, []op{encoded, call(evict, 5, 9, done, at(0, 0)), call(search, 10, 11, done, at(0, 0))}},
		{"searched at the deadline, beside a recall that deferred it", true, []op{
			encoded, call(recall, 39, 50, done, at(1, 39)), call(search, 41, 42, notFound, none), call(peek, 51, 52, done, at(1, 39)),
		}},
		{"searched after the recall that deferred the deadline", false, []op{
			encoded, call(recall, 39, 40, done, at(1, 39)), call(search, 41, 42, notFound, none),
		}},
		{"released at the deadline", true, []op{encoded, call(fade, 40, 40, done, at(0, 0)), call(peek, 41, 42, notFound, none)}},
		{"told that it is gone, then released", true, []op{encoded, call(peek, 40, 41, notFound, none), call(fade, 42, 42, done, at(0, 0))}},
		{"released before the deadline", false, []op{encoded, call(fade, 39, 39, done, at(0, 0))}},
		{"released by what it was before a recall that was answered", false, []op{
			encoded, call(recall, 39, 40, done, at(1, 39)), call(fade, 41, 41, done, at(0, 0)),
		}},
		{"released though a recall moved the deadline", false, []op{
			encoded, call(recall, 39, 40, done, at(1, 39)), call(fade, 41, 41, done, at(1, 39)),
		}},
		{"release of a pinned memory", false, []op{encoded, isPinned, call(fade, 50, 50, done, at(0, 0))}},
		{"release of a pinned memory, journaled as pinned", false, []op{encoded, isPinned, call(fade, 50, 50, done, with(at(0, 0), pinned))}},
		{"release of a crystallized memory", false, []op{
			call(encode, 0, 1, done, with(at(0, 0), crystallized)), call(fade, 50, 50, done, at(0, 0)),
		}},
		{"a ttl ends a pinned memory", true, []op{
			call(encode, 0, 1, done, with(with(at(0, 0), pinned), ending)), call(fade, 30, 30, done, with(with(at(0, 0), pinned), ending)),
		}},
		{"a recall does not move a ttl", false, []op{
			call(encode, 0, 1, done, with(at(0, 0), ending)), call(recall, 5, 6, done, at(1, 5)),
		}},
		{"found past its ttl", false, []op{
			call(encode, 0, 1, done, with(at(0, 0), ending)), call(peek, 30, 31, done, with(at(0, 0), ending)),
		}},
		{"pinned, and there long after", true, []op{encoded, isPinned, call(peek, 900, 901, done, with(at(0, 0), pinned))}},
		{"pinned, and missing", false, []op{encoded, isPinned, call(peek, 900, 901, notFound, none)}},
		{"unpinned: idleness starts anew", true, []op{
			encoded, isPinned, call(unpin, 500, 501, done, at(0, 500)), call(peek, 530, 531, done, at(0, 500)), call(peek, 540, 541, notFound, none),
		}},
		{"unpinned, and idle since the last access", false, []op{encoded, isPinned, call(unpin, 20, 21, done, at(0, 0))}},
		{"unpinning what is not pinned changes nothing", true, []op{encoded, call(unpin, 20, 21, done, at(0, 0))}},

		{"evicted", true, []op{encoded, call(evict, 5, 9, done, at(0, 0)), call(peek, 10, 11, notFound, none)}},
		{"evicted, and found", false, []op{encoded, call(evict, 5, 9, done, at(0, 0)), call(peek, 10, 11, done, at(0, 0))}},
		{"eviction of a pinned memory", false, []op{encoded, isPinned, call(evict, 5, 9, done, with(at(0, 0), pinned))}},

		{"an unanswered recall that was done", true, []op{
			encoded, call(recall, 5, 999, unknown, none), call(peek, 20, 21, done, at(1, 12)), call(recall, 22, 23, done, at(2, 22)),
		}},
		{"an unanswered recall that was not", true, []op{encoded, call(recall, 5, 999, unknown, none), call(peek, 40, 41, notFound, none)}},
		{"an unanswered recall that kept it for a while", true, []op{
			encoded, call(recall, 5, 999, unknown, none), call(peek, 50, 51, done, at(1, 30)), call(peek, 71, 72, notFound, none),
		}},
		{"an unanswered recall, done and undone", false, []op{
			encoded, call(recall, 5, 999, unknown, none), call(peek, 20, 21, done, at(1, 12)), call(peek, 22, 23, done, at(0, 0)),
		}},
		{"an unanswered recall cannot have come too late", false, []op{
			encoded, call(recall, 5, 999, unknown, none), call(peek, 60, 61, done, at(1, 45)),
		}},
		{"an unanswered recall that was seen cannot fade at the old deadline", false, []op{
			encoded, call(recall, 5, 999, unknown, none), call(peek, 20, 21, done, at(1, 12)), call(peek, 45, 46, notFound, none),
		}},
		{"an unanswered forget that was done", true, []op{encoded, call(forget, 5, 999, unknown, none), call(peek, 7, 8, notFound, none)}},
		{"an unanswered forget that was done late", true, []op{
			encoded, call(forget, 5, 999, unknown, none), call(peek, 7, 8, done, at(0, 0)), call(peek, 9, 10, notFound, none),
		}},
		{"an unanswered forget, done and undone", false, []op{
			encoded, call(forget, 5, 999, unknown, none), call(peek, 7, 8, notFound, none), call(peek, 9, 10, done, at(0, 0)),
		}},
		{"an unanswered pin that was done", true, []op{
			encoded, call(pin, 5, 999, unknown, none), call(peek, 50, 51, done, with(at(0, 0), pinned)),
		}},
		{"an unanswered unpin that was done", true, []op{
			encoded, isPinned, call(unpin, 50, 999, unknown, none), call(peek, 80, 81, done, at(0, 70)), call(peek, 110, 111, notFound, none),
		}},
		{"encoded later", true, []op{call(encode, 2, 3, done, later), call(peek, 4, 5, done, later)}},
		{"read before it was encoded", false, []op{call(peek, 0, 1, done, later), call(encode, 2, 3, done, later)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := porcupine.CheckOperations(spec{lifetime}.model(), operations(tt.ops)); got != tt.right {
				t.Errorf("the checker says %v, want %v", got, tt.right)
			}
		})
	}
}
