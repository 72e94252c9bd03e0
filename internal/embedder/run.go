package embedder

import (
	"context"
	"errors"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/meaning"
)

// leastTextBytes is the length below which a text that is refused is not cut again.
const leastTextBytes = 512

// run makes vectors until ctx ends.
func (w *Worker) run(ctx context.Context) {
	defer close(w.done)
	defer w.client.http.CloseIdleConnections()
	for {
		err := w.work(ctx)
		if ctx.Err() != nil {
			return
		}
		if !w.failing {
			w.options.Logger.Error("making vectors of memories failed: retrying until it succeeds. Searches find words meanwhile", "err", err)
		}
		w.failing = true
		wait := w.health.left(time.Now())
		if wait == 0 { // the source failed
			wait = w.asking.failed(err, &w.options.pace)
		}
		sleep(ctx, wait)
	}
}

// succeeded is called when vectors were made and kept.
func (w *Worker) succeeded() {
	if w.failing {
		w.options.Logger.Info("making vectors of memories succeeded again")
	}
	w.failing = false
	w.asking.over()
}

// work makes vectors until ctx ends or an error occurs.
func (w *Worker) work(ctx context.Context) error {
	model, known := w.Model()
	if !known {
		dims, err := w.probe(ctx)
		if err != nil {
			return err
		}
		model = Model{w.client.model, dims}
		if err := w.source.Use(ctx, model); err != nil {
			return err
		}
		w.mu.Lock()
		w.model = model
		w.mu.Unlock()
		w.succeeded()
	}
	for {
		if err := w.take(ctx); err != nil {
			return err
		}
		if err := w.fill(ctx, model, w.taken); err != nil {
			return err
		}
		w.taken = nil
		w.succeeded()
	}
}

// take waits until there are memories without a vector, and takes some. Those in the queue are the newest, and come
// before what the source has.
func (w *Worker) take(ctx context.Context) error {
	look := time.NewTimer(w.options.pace.look)
	defer look.Stop()
	for len(w.taken) == 0 {
		keys, dropped := w.queue.take(maxTexts)
		if w.taken = keys; len(keys) > 0 {
			return nil
		}
		if dropped {
			w.scanning, w.last = true, sigil.Key{}
		}
		if w.scanning && !w.Held() {
			keys, err := w.source.Missing(ctx, w.last, maxTexts)
			if err != nil {
				return err
			}
			if w.taken = keys; len(keys) > 0 {
				w.last = keys[len(keys)-1]
				return nil
			}
			w.scanning = false
		}
		select {
		case <-w.queue.more:
		case <-look.C:
			w.scanning, w.last = true, sigil.Key{}
			look.Reset(w.options.pace.look)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// fill makes the vectors of memories, and has the source keep them. If it fails, w.taken is what is left to do.
func (w *Worker) fill(ctx context.Context, m Model, keys []sigil.Key) error {
	texts, err := w.source.Texts(ctx, keys)
	if err != nil {
		return err
	}
	vectors := make([]meaning.Vector, len(texts))
	for begin := 0; begin < len(texts); {
		from := begin
		var at []int // where the texts of one request stand
		var batch []string
		for size := 0; begin < len(texts) && len(batch) < w.texts; begin++ {
			text := cut(texts[begin].Text, w.fits)
			if text == "" {
				continue
			}
			if size += len(text); size > maxBatchBytes && len(batch) > 0 {
				break
			}
			at, batch = append(at, begin), append(batch, text)
		}
		made, err := w.embed(ctx, m, batch)
		if err != nil {
			if errors.Is(err, context.DeadlineExceeded) {
				w.texts = max(1, w.texts/2)
			}
			// What was made before is kept. Otherwise, requests that grow until one takes too long would never get to the end.
			if from > 0 && w.source.Keep(ctx, m, texts[:from], vectors[:from]) == nil {
				w.taken = keys[from:]
			}
			return err
		}
		w.texts = min(maxTexts, w.texts+1)
		for i, v := range made {
			vectors[at[i]] = v
		}
	}
	return w.source.Keep(ctx, m, texts, vectors)
}

// embed makes the vectors of texts. If the endpoint refuses them, it finds out by halves which one it refuses, and cuts that
// until it is accepted. The vector of a text that is refused however short is nil.
func (w *Worker) embed(ctx context.Context, m Model, texts []string) ([]meaning.Vector, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	vectors, err := w.request(ctx, m, texts)
	if err == nil || !refused(err) {
		return vectors, err
	}
	if half := len(texts) / 2; half > 0 {
		first, err := w.embed(ctx, m, texts[:half])
		if err != nil {
			return nil, err
		}
		second, err := w.embed(ctx, m, texts[half:])
		return slices.Concat(first, second), err
	}
	if text := texts[0]; len(text) > leastTextBytes {
		shorter := cut(text, max(leastTextBytes, len(text)/2))
		vectors, err = w.embed(ctx, m, []string{shorter})
		if err == nil && vectors[0] != nil {
			w.fits = min(w.fits, len(shorter)) // others of that length would be refused as well, one by one
		}
		return vectors, err
	}
	if _, err := w.probe(ctx); err != nil {
		return nil, err // it refuses everything
	}
	w.options.Skipped()
	return []meaning.Vector{nil}, nil
}

// cut returns the beginning of a text, of at most so many bytes, which does not end within a character.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
