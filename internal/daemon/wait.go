package daemon

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/metrics"
	"github.com/sigil-dna/sigil/store"
)

const (
	// firstPause is the wait before the first retry to reach a database. Each wait is twice as long as the
	// previous one, up to lastPause.
	firstPause = 250 * time.Millisecond
	lastPause  = 5 * time.Second
	// tellEvery is the time between two log lines while the daemon waits for the database.
	tellEvery = 15 * time.Second
)

// openWaiting opens the store. If a database cannot be reached, for example since it has not started yet,
// openWaiting retries for up to --store-wait, while the daemon answers that it is not ready. Other errors,
// such as a wrong password or those of a data folder, are returned at once.
func (d *Daemon) openWaiting(ctx context.Context, h Hooks, m *metrics.Metrics) (store.Store, error) {
	defer d.waiting.Store(false)
	begin, told := time.Now(), time.Time{}
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		s, err := d.open(d.config, h)
		if err == nil {
			if !told.IsZero() {
				d.log.Info("the database can be reached", "waited", time.Since(begin).Round(time.Millisecond))
			}
			return s, nil
		}
		left := d.config.StoreWait - time.Since(begin)
		if !d.config.postgres() || !errors.Is(err, sigil.ErrUnavailable) || left <= 0 {
			if !told.IsZero() {
				err = fmt.Errorf("waited %s: %w", sigil.FormatDuration(time.Since(begin).Round(time.Second)), err)
			}
			return nil, err
		}
		if d.server == nil { // otherwise a hand-over has failed, and the server is running
			d.waiting.Store(true)
			d.serveHTTP(ctx, d.newAPI(nil, m))
		}
		if now := time.Now(); now.Sub(told) >= tellEvery {
			told = now
			d.log.Warn("the database cannot be reached yet: waiting", "left", left.Round(time.Second), "err", err)
		}
		select {
		case <-time.After(min(pause, left)):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
