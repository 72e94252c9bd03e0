package main

import (
	"fmt"
	"math/rand/v2"

	"github.com/sigil-dna/sigil"
)

// payload returns the i-th memory's value, about 500 bytes: what an assistant might keep of one exchange.
func payload(i uint64) []byte { return appendPayload(nil, i) }

func appendPayload(b []byte, i uint64) []byte {
	return fmt.Appendf(b, `{"kind":"note","n":%d,"user":"u-%06d","text":"%s","source":"conversation","score":0.875}`, i, i%1000, filler)
}

const filler = "the quick brown fox jumps over the lazy dog, and then it goes on about how it came to be there, " +
	"what the dog thought of it, and why neither of them would have been remembered had nobody written it down; " +
	"it is the kind of text that is worth a few hundred bytes and a few days, seldom more, and that one would rather " +
	"have forgotten by a rule one knows than by an accident one does not: so here it ends, at about the right length."

// small returns a value of about ten bytes, for measurements that do not depend on the values.
func small(i uint64) []byte { return fmt.Appendf(nil, `{"n":%d}`, i) }

// blob is 64 KiB of bytes that do not compress, as hashes and ids do not.
var blob = func() []byte {
	b := make([]byte, 1<<16)
	_, _ = rand.NewChaCha8([32]byte{}).Read(b)
	return b
}()

func noise(i uint64, n int) []byte {
	at := int(i*131) % (len(blob) - n)
	return blob[at : at+n]
}

// The lengths of a memory's records without its payload, as TestRecordLengths of package record finds them.
const (
	metaBytes  = 26
	bodyBytes  = 66
	eventBytes = 51
)

// draws returns indexes into n memories as a skewed load requests them: few often, most seldom (Zipf, s = 1.1). They
// wrap around, and are the same in every run.
func draws(n, count int) []uint32 {
	zipf := rand.NewZipf(rand.New(rand.NewPCG(1, 2)), 1.1, 1, uint64(n-1))
	d := make([]uint32, count)
	for i := range d {
		d[i] = uint32(zipf.Uint64() * 7919 % uint64(n)) // so that popular memories lie apart
	}
	return d
}

// sizes returns the sizes of stores at which a property is compared, up to ten times the large store's.
func (b *bench) sizes() (s []int) {
	for _, n := range []int{1000, 100_000} {
		if n < b.memories {
			s = append(s, n)
		}
	}
	return append(s, b.memories, 10*b.memories)
}

const tenant = sigil.DefaultTenant
