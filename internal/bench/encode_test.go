package bench_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/google/uuid"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// payload gives the i-th memory's value, about 500 bytes: what an assistant might keep of a turn.
func payload(i uint64) []byte {
	return fmt.Appendf(nil, `{"kind":"note","n":%d,"user":"u-%06d","text":"%s","source":"conversation","score":0.875}`, i, i%1000, filler)
}

const filler = "the quick brown fox jumps over the lazy dog, and then it goes on about how it came to be there, " +
	"what the dog thought of it, and why neither of them would have been remembered had nobody written it down; " +
	"it is the kind of text that is worth a few hundred bytes and a few days, seldom more, and that one would rather " +
	"have forgotten by a rule one knows than by an accident one does not: so here it ends, at about the right length."

// callers runs b.N operations spread over n goroutines.
func callers(b *testing.B, n int, op func(i uint64) error) {
	b.Helper()
	var next atomic.Uint64
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for range n {
		wg.Go(func() {
			for i := next.Add(1); i <= uint64(b.N); i = next.Add(1) {
				if err := op(i); err != nil {
					failed.Store(&err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	if err := failed.Load(); err != nil {
		b.Fatal(*err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "encodes/s")
}

// BenchmarkEncode is durable encode in process beside the same bytes put into a bare Pebble by as many
// callers, each committing and syncing a batch of its own: the records of the memory and its journal
// entry, under keys of the same length.
func BenchmarkEncode(b *testing.B) {
	for _, n := range []int{1, 64, 1000} {
		b.Run(fmt.Sprintf("of=pebble/callers=%d", n), func(b *testing.B) { benchBare(b, n) })
		b.Run(fmt.Sprintf("of=sigil/callers=%d", n), func(b *testing.B) { benchSigil(b, n) })
	}
}

func benchSigil(b *testing.B, n int) {
	s, err := pebblestore.Open(b.TempDir(), &pebblestore.Options{Logger: quiet})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	e := engine.New(s, nil)
	callers(b, n, func(i uint64) error {
		_, err := e.Encode(context.Background(), sigil.DefaultTenant, sigil.Draft{Data: payload(i)})
		return err
	})
}

func benchBare(b *testing.B, n int) {
	o := pebblestore.DatabaseOptions()
	o.Logger = silent{}
	db, err := pebble.Open(b.TempDir(), o)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	callers(b, n, func(i uint64) error {
		id := uuid.Must(uuid.NewV7())
		batch := db.NewBatch()
		defer func() { _ = batch.Close() }()
		for _, r := range []struct {
			family byte
			value  []byte
		}{{'m', noise(i, metaBytes)}, {'b', append(slices.Clone(noise(i, bodyBytes)), payload(i)...)}} {
			key := append([]byte{r.family}, sigil.DefaultTenant...)
			if err := batch.Set(append(append(key, 0), id[:]...), r.value, nil); err != nil {
				return err
			}
		}
		key := binary.BigEndian.AppendUint64(append([]byte("j"+sigil.DefaultTenant), 0), i)
		if err := batch.Set(key, noise(i, eventBytes), nil); err != nil {
			return err
		}
		return batch.Commit(pebble.Sync)
	})
}

// silent keeps the database's words out of the figures.
type silent struct{}

func (silent) Infof(string, ...any)      {}
func (silent) Errorf(string, ...any)     {}
func (silent) Fatalf(f string, v ...any) { panic(fmt.Sprintf(f, v...)) }

// blob is bytes that do not compress, as hashes and ids do not.
var blob = func() []byte {
	b := make([]byte, 1<<16)
	_, _ = rand.NewChaCha8([32]byte{}).Read(b)
	return b
}()

func noise(i uint64, n int) []byte {
	at := int(i*131) % (len(blob) - n)
	return blob[at : at+n]
}

// The lengths of a memory's records beside its payload, as TestRecordLengths of package record
// finds them.
const (
	metaBytes  = 26
	bodyBytes  = 66
	eventBytes = 51
)
