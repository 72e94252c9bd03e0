package search

// Frequencies sets with, which is as long as terms, to how many memories have each term, and returns how many memories are counted
// and their average length. Like all figures of an index they count removed memories until these are merged.
func (x *Index) Frequencies(terms []string, with []int) (memories int, average float64) {
	x.settle()
	for len(terms) > 0 {
		n := min(len(terms), frequencyStep)
		memories, average = x.frequencies(terms[:n], with)
		terms, with = terms[n:], with[n:]
	}
	if memories == 0 {
		memories, average = x.frequencies(nil, nil)
	}
	return memories, average
}

// frequencyStep is how many terms are looked up during one hold of the lock.
const frequencyStep = 256

func (x *Index) frequencies(terms []string, with []int) (memories int, average float64) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	for i, term := range terms {
		with[i] = 0
		if number := x.vocabulary.find(term); number != 0 {
			with[i] = min(int(x.vocabulary.at(number).df), x.docs)
		}
	}
	if x.docs == 0 {
		return 0, 0
	}
	return x.docs, float64(x.length) / float64(x.docs)
}
