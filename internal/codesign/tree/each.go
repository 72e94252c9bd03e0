package tree

import (
	"context"
	"iter"
	"runtime"
	"sync"
)

// mostInBatch is how many files a worker takes at a time: handing over single small files would cost more than them.
const mostInBatch = 32

// batch is files in work. Done is closed once their results are there.
type batch[R any] struct {
	files   []File
	errs    []error
	results []R
	done    chan struct{}
}

// Each calls do for the files, several at a time, and show with what it returned, one at a time and in their order. A
// file that came with an error is shown with it and a zero R. Each returns the first error of show, or that of ctx if
// it ends first; it has then no call in progress.
func Each[R any](ctx context.Context, files iter.Seq2[File, error], do func(File) R, show func(File, R, error) error) error {
	workers := runtime.GOMAXPROCS(0)
	jobs := make(chan *batch[R])
	ordered := make(chan *batch[R], 4*workers)
	ctx, stop := context.WithCancelCause(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer stop(nil)

	running.Go(func() {
		defer close(jobs)
		defer close(ordered)
		size := 1 // grows, so that the first few files are spread over the workers
		b := &batch[R]{}
		flush := func() bool {
			b.results, b.done = make([]R, len(b.files)), make(chan struct{})
			for _, to := range []chan<- *batch[R]{ordered, jobs} {
				select {
				case to <- b:
				case <-ctx.Done():
					return false
				}
			}
			size = min(2*size, mostInBatch)
			b = &batch[R]{files: make([]File, 0, size), errs: make([]error, 0, size)}
			return true
		}
		for f, err := range files {
			b.files, b.errs = append(b.files, f), append(b.errs, err)
			if len(b.files) >= size && !flush() {
				return
			}
		}
		if len(b.files) > 0 {
			flush()
		}
	})
	for range workers {
		running.Go(func() {
			for b := range jobs {
				for i, f := range b.files {
					if b.errs[i] == nil && ctx.Err() == nil {
						b.results[i] = do(f)
					}
				}
				close(b.done)
			}
		})
	}
	for b := range ordered {
		select {
		case <-b.done:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if ctx.Err() != nil { // some of it may not have been done
			return context.Cause(ctx)
		}
		for i, f := range b.files {
			if err := show(f, b.results[i], b.errs[i]); err != nil {
				return err
			}
		}
	}
	return context.Cause(ctx)
}
