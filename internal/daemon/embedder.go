package daemon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/embedder"
	"github.com/sigil-dna/sigil/internal/meaning"
	"github.com/sigil-dna/sigil/internal/metrics"
	"github.com/sigil-dna/sigil/store"
)

// embedderLease is how long a daemon has to itself what all daemons with a store have no vectors of. It renews that twice as often.
const embedderLease = 30 * time.Second

// embedderClaim is the name of that lease.
const embedderClaim = "embedder"

// startEmbedder has vectors made by an endpoint, if one is set.
func (d *Daemon) startEmbedder(e *engine.Engine, m *metrics.Metrics) error {
	if d.config.search().Meaning != store.MeaningEndpoint {
		return nil
	}
	if d.embedderKey == nil { // otherwise a hand-over was aborted; a missing file must not make that fail
		key, err := readEmbedderKey(d.config.EmbedderKeyFile)
		if err != nil {
			return err
		}
		d.embedderKey = &key
	}
	source := &embedded{engine: e, owner: sigil.NewID(time.Now())}
	worker, err := embedder.New(source, embedder.Endpoint{
		URL: d.config.Embedder, Model: d.config.EmbedderModel, Key: *d.embedderKey, Version: d.version,
	}, embedder.Options{Logger: d.log, Requested: m.Embedded, Skipped: m.Unembedded})
	if err != nil {
		return err
	}
	m.Embedder(worker.Queued)
	e.UseEmbedder(asked{worker})
	worker.Start()
	d.core = append(d.core, part{"embedder", func(ctx context.Context) error {
		err := worker.Stop(ctx)
		if err == nil {
			source.release(ctx)
		}
		return err
	}})
	return nil
}

// asked is a worker as the engine sees it.
type asked struct{ *embedder.Worker }

func (a asked) Query(ctx context.Context, text string) (engine.Vector, error) {
	v, err := a.Worker.Query(ctx, text)
	return engine.Vector(v), err
}

func (a asked) Model() (engine.TextModel, bool) {
	m, known := a.Worker.Model()
	return engine.TextModel(m), known
}

// embedded is an engine as a worker sees it.
type embedded struct {
	engine *engine.Engine
	owner  sigil.ID // identifies this daemon among those with the store

	renewed time.Time
}

func (s *embedded) Use(ctx context.Context, m embedder.Model) error {
	return s.engine.UseModel(ctx, engine.TextModel(m))
}

// Missing returns what is missing, unless another daemon is at it.
func (s *embedded) Missing(ctx context.Context, after sigil.Key, limit int) ([]sigil.Key, error) {
	if now := time.Now(); now.Sub(s.renewed) > embedderLease/2 {
		_, held, err := s.engine.Claim(ctx, embedderClaim, s.owner, embedderLease)
		if err != nil || !held {
			return nil, err
		}
		s.renewed = now
	}
	return s.engine.Unembedded(ctx, after, limit)
}

// release ends the lease, so that the next daemon gets it at once. The worker must have stopped.
func (s *embedded) release(ctx context.Context) {
	if s.renewed.IsZero() {
		return
	}
	finishing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	_, _, _ = s.engine.Claim(finishing, embedderClaim, s.owner, 0) // if that fails, the lease expires
}

func (s *embedded) Texts(ctx context.Context, keys []sigil.Key) ([]embedder.Text, error) {
	texts, err := s.engine.Texts(ctx, keys)
	all := make([]embedder.Text, len(texts))
	for i, t := range texts {
		all[i] = embedder.Text{Key: keys[i], Text: t.Text, Tags: t.Tags}
	}
	return all, err
}

func (s *embedded) Keep(ctx context.Context, m embedder.Model, texts []embedder.Text, vectors []meaning.Vector) error {
	made := make([]engine.Embedding, len(texts))
	for i, t := range texts {
		made[i] = engine.Embedding{Key: t.Key, Tags: t.Tags, Vector: engine.Vector(vectors[i])}
	}
	return s.engine.KeepVectors(ctx, engine.TextModel(m), made)
}

// checkEmbedder calls say for every invalid setting of the endpoint.
func (c *Config) checkEmbedder(say func(setting, why string)) {
	if c.Embedder == "" {
		return
	}
	if why := embedder.CheckURL(c.Embedder); why != "" {
		say("embedder", why)
	}
	if c.EmbedderModel == "" {
		say("embedder-model", "is needed with --embedder: vectors of different models cannot be compared")
	}
	if len(c.EmbedderModel) > 256 || !oneLine(c.EmbedderModel) {
		say("embedder-model", "must be one line of at most 256 bytes")
	}
	if c.Search == "off" {
		say("embedder", "needs --search on")
	}
}

// readEmbedderKey reads the key of an endpoint; without a file there is none. Its errors do not reveal the key.
func readEmbedderKey(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	key := string(bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r")))
	if key == "" || !oneLine(key) {
		return "", fmt.Errorf("%s: %w", file, errors.New("must hold a key on one line"))
	}
	return key, nil
}
