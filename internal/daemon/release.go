package daemon

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// releaseEvery is the time between two checks for spare memory.
	releaseEvery = 2 * time.Second
	// quiet is the maximum number of bytes allocated in that time if the process counts as quiet.
	quiet = 8 << 20
	// worthwhile is the minimum number of spare bytes to return, since returning them takes a garbage
	// collection.
	worthwhile = 64 << 20
)

// spare decides when memory is returned to the system. The runtime returns it gradually, while it allocates;
// in a quiet process, the memory of one large batch would stay for minutes.
type spare struct {
	samples   []metrics.Sample
	allocated uint64
	rest      uint64 // bytes that remain spare even after memory was returned
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

// read returns how many bytes were allocated since its last call, and how many are held but not in use.
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

// look returns memory to the system if that is worthwhile and the process is quiet.
func (s *spare) look(free func()) {
	allocated, held := s.read()
	s.rest = min(s.rest, held)
	if allocated > quiet || held < s.rest+worthwhile {
		return
	}
	free()
	_, s.rest = s.read()
}

// startRelease starts the goroutine that returns memory to the system when the process is quiet.
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
