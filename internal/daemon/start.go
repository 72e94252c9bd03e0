package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/datadir"
	"github.com/sigil-dna/sigil/internal/front"
	"github.com/sigil-dna/sigil/internal/handover"
	"github.com/sigil-dna/sigil/internal/httpapi"
	"github.com/sigil-dna/sigil/internal/mcp"
	"github.com/sigil-dna/sigil/internal/metrics"
	"github.com/sigil-dna/sigil/internal/web"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore"
	"github.com/sigil-dna/sigil/store/pgstore"
)

// closeTime is the time limit for closing the store, even if the time to drain is over. A store that is not
// closed loses nothing, but takes longer to open.
const closeTime = 30 * time.Second

// start starts the parts in the order in which they need each other. After an error, d.core and d.parts have
// the parts that it has started.
func (d *Daemon) start(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		handover.Close(d.sockets)
		return err
	}
	d.level.Set(d.config.level())
	var err error
	if d.files, err = front.Share(d.config.databaseConnections(), d.config.MaxConnections); err != nil {
		handover.Close(d.sockets)
		return err
	}
	// This comes first, so that no store is created if the port is taken. Clients that connect now wait for
	// the store.
	if d.sockets, err = d.listen(ctx); err != nil {
		return fmt.Errorf("HTTP: %w", err)
	}
	if err := d.assemble(ctx); err != nil {
		handover.Close(d.sockets)
		return err
	}
	d.startHTTP(ctx)

	if !d.config.postgres() {
		if err := d.sayAddr("data", filepath.Join(d.config.Data, datadir.AddrFile)); err != nil {
			return err
		}
	}
	return d.sayAddr("addr-file", d.config.AddrFile) // last, since others wait for it
}

// sayAddr writes the address to a file, which is removed when the daemon stops. If file is "", it does
// nothing.
func (d *Daemon) sayAddr(setting, file string) error {
	if file == "" {
		return nil
	}
	if err := datadir.WriteFile(file, d.Addr()+"\n"); err != nil {
		return fmt.Errorf("%s: %w", setting, err)
	}
	d.parts = append(d.parts, part{setting, func(context.Context) error { return removeFile(file) }})
	return nil
}

// assemble opens the store, and builds on it everything that answers requests and sweeps.
func (d *Daemon) assemble(ctx context.Context) error {
	settings, err := d.config.settings()
	if err != nil {
		return err
	}
	if before := d.engine.Load(); before != nil {
		settings = before.Settings() // Configure may have changed them
	}
	m := metrics.New(d.version)
	s, err := d.openWaiting(ctx, Hooks{Logger: d.log, Commit: m.Commit, Fatal: d.fail}, m)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	d.core = append(d.core, part{"store", func(ctx context.Context) error { return closeStore(ctx, s) }})
	if c, ok := s.(store.Counted); ok {
		m.Held(c.Counts)
	}
	if sized, ok := s.(store.Sized); ok {
		m.Disk(sized.DiskUsage)
	}
	if err := ctx.Err(); err != nil { // opening a large store takes long, and takes no context
		return err
	}
	e := engine.New(s, &engine.Options{
		Observer: m, Limits: d.config.limits(), Settings: settings, Logger: d.log, ClockConfirm: d.config.ClockConfirm,
	})
	m.Clock(e.Clock)
	d.compareClock(ctx, e, s)

	if lost, ok := s.(store.Pinger); ok {
		d.reach = lost.Ping
	}
	if d.backups, err = d.newBackups(s, m); err != nil {
		return fmt.Errorf("backup-dir: %w", err)
	}
	e.UseBackups(d.copies)
	if err := d.startJobs(ctx, e, m); err != nil {
		return fmt.Errorf("scheduler: %w", err)
	}
	if err := d.startCode(); err != nil {
		return err
	}
	d.engine.Store(e)
	api := d.newAPI(e, m)
	d.api = api
	d.core = append(d.core, part{"streams", func(context.Context) error { api.Close(); return nil }})
	d.startRelease()
	if err := d.startWebhook(e, m); err != nil {
		return fmt.Errorf("webhook: %w", err)
	}
	if err := d.startEmbedder(e, m); err != nil {
		return fmt.Errorf("embedder: %w", err)
	}
	return nil
}

// newAPI returns the API. With a nil engine, the API answers that the daemon is not ready.
func (d *Daemon) newAPI(e *engine.Engine, m *metrics.Metrics) *httpapi.API {
	var code httpapi.Code
	if d.code != nil {
		code = *d.code
	}
	code.Verdict = m.Verdict
	var assistants httpapi.MCP // nil only together with the engine
	if e != nil {
		limit := d.config.RequestTimeout
		assistants = mcp.New(e, mcp.Options{Version: d.version, Logger: d.log, Timeout: limit, EraseTimeout: httpapi.SlowTimes * limit, Called: m.Called})
	}
	var made httpapi.Backups
	switch {
	case d.config.postgres():
		made = elsewhere{}
	case d.backups != nil:
		made = d.backups
	}
	return httpapi.New(e, &httpapi.Options{
		MCP: assistants, Backups: made,
		Code: code, Version: d.version, Logger: d.log, Ready: d.check, Metrics: m.Handler(),
		Console: web.New(),
		Observe: func(route, method string, status int, took time.Duration) {
			m.Request(method+" "+route, status, took)
		},
		MaxStreams:     max(1, d.files.Connections/2), // they are never idle, so they cannot be closed for others
		MaxSubscribers: d.config.MaxSubscribers, Subscribers: m.Subscribers, Lagged: m.Lagged, Lagging: m.Lagging,
		MaxBody: d.config.MaxBody, MaxBatchBody: d.config.MaxBatchBody, LoopbackOnly: loopback(d.host()),
		AllowedHosts: strings.FieldsFunc(d.config.AllowedHosts, func(r rune) bool { return r == ',' }),
		MaxHeld:      d.config.MaxInFlight, RequestTimeout: d.config.RequestTimeout,
	})
}

// startHTTP starts to answer with d.api. If another API answers on the sockets already, it replaces that.
func (d *Daemon) startHTTP(ctx context.Context) {
	d.ready.Store(true) // before any client can ask; some wait already
	if d.server != nil {
		d.server.Open(d.api)
		return
	}
	d.serveHTTP(ctx, d.api)
}

// serveHTTP starts to answer with api on the sockets.
func (d *Daemon) serveHTTP(ctx context.Context, api *httpapi.API) {
	addr := d.sockets[0].Addr().String()
	d.addr.Store(&addr)
	o := front.Options{
		LaneContext: httpapi.Timed, Connections: d.files.Connections,
		RequestTimeout: d.config.RequestTimeout, Grace: d.grace, Fail: d.fail, Logger: d.log,
	}
	if d.config.HTTP == "lane" {
		o.Takes = httpapi.Short
	}
	d.server = front.New(ctx, o)
	d.server.Open(api)
	d.server.Serve(d.sockets)
	httpapi.Prepare() // while requests are answered already
	d.parts = append(d.parts, part{"HTTP", func(ctx context.Context) error {
		if d.api != nil { // otherwise the store was never opened
			d.api.Leave()
			d.backups.end()
		}
		return d.server.Drain(ctx)
	}})
}

// openStore opens the store that c names.
func (d *Daemon) openStore(c Config, h Hooks) (store.Store, error) {
	if c.postgres() {
		s, err := pgstore.Open(context.Background(), c.Store, &pgstore.Options{
			Logger: h.Logger, OnCommit: h.Commit, ClockConfirm: c.ClockConfirm, MaxConns: c.StoreConnections, Search: c.search(), Undo: c.Undo > 0,
		})
		if err != nil {
			return nil, err
		}
		return s, nil
	}
	s, err := pebblestore.Open(c.Data, &pebblestore.Options{Logger: h.Logger, OnCommit: h.Commit, OnFatal: h.Fatal, OpenFiles: d.files.Tables, Search: c.search(), Undo: c.Undo > 0})
	if err != nil { // not s: a nil *pebblestore.Store is not a nil store.Store
		return nil, err
	}
	return s, nil
}

func closeStore(ctx context.Context, s store.Store) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	closed := make(chan error, 1)
	// This function waits for the goroutine, unless a call of the store hangs; then the goroutine ends with
	// that call.
	go func() { closed <- s.Close() }()
	select {
	case err := <-closed:
		return err
	case <-ctx.Done():
		return errors.New("calls are still in progress")
	}
}

// removeFile removes a file. It succeeds if the file is already gone.
func removeFile(name string) error {
	if err := os.Remove(name); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
