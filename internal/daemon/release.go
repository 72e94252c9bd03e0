package daemon

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// releaseEvery is how often it is looked whether memory is to be given back to the system.
	releaseEvery = 2 * time.Second
	// quiet is how many bytes, at most, are allocated in that time when little goes on.
	quiet = 8 << 20
	// worthwhile is how many bytes must be spare, since to give them back takes a collection.
	worthwhile = 64 << 20
)

// spare decides when memory is given back to the system. The runtime does so by and by while it allocates, and leaves
// what one large batch took for minutes when little else goes on.
type spare struct {
	samples   []metrics.Sample
	allocated uint64
	rest      uint64 // what stays spare, whatever is given back
}

func newSpare() *spare {
	s := &spare{}
	for _, name := range []string{
		"/gc/heap/allocs:bytes", "/gc/heap/live:bytes",
		"/memory/classes/heap/objects:bytes", "/memory/classes/heap/unused:bytes", "/memory/classes/heap/free:bytes",
	} {
		s.samples = append(s.samples, metrics.Sample{Name: name})
	}
	return s
}

// read returns how many bytes were allocated since it was last called, and how many are held and not in use.
func (s *spare) read() (allocated, held uint64) {
	metrics.Read(s.samples)
	var v [5]uint64
	for i := range s.samples {
		if s.samples[i].Value.Kind() == metrics.KindUint64 {
			v[i] = s.samples[i].Value.Uint64()
		}
	}
	allocated, s.allocated = v[0]-s.allocated, v[0]
	if all := v[2] + v[3] + v[4]; all > v[1] {
		held = all - v[1]
	}
	return allocated, held
}

// look gives memory back if that is worthwhile, and little goes on.
func (s *spare) look(free func()) {
	allocated, held := s.read()
	s.rest = min(s.rest, held)
	if allocated > quiet || held < s.rest+worthwhile {
		return
	}
	free()
	_, s.rest = s.read()
}

// startRelease has memory given back to the system when little goes on.
func (d *Daemon) startRelease() {
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { // stopping the part ends it
		defer close(ended)
		s := newSpare()
		tick := time.NewTicker(releaseEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				s.look(debug.FreeOSMemory)
			case <-ctx.Done():
				return
			}
		}
	}()
	d.core = append(d.core, part{"release of memory", func(context.Context) error { stop(); <-ended; return nil }})
}
