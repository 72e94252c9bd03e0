package daemon_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/internal/daemon"
	"github.com/sigil-dna/sigil/internal/receipt"
	"github.com/sigil-dna/sigil/wire"
)

// sentinel is in what a test erases, and in nothing else.
const sentinel = "s3nt1n3l-zq-7f1b"

// within returns the names of the files in a folder that have the sentinel. Files that vanish meanwhile do not count.
func within(t *testing.T, folder string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && !d.Type().IsRegular() {
			return nil
		}
		if err != nil {
			return err
		}
		b, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if bytes.Contains(b, []byte(sentinel)) {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// receiver is a webhook that refuses everything until it is up. It sends what it gets then to bodies.
type receiver struct {
	up     atomic.Bool
	tried  chan struct{} // an attempt was refused
	bodies chan []byte
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, _ := io.ReadAll(q.Body)
	if !r.up.Load() {
		select {
		case r.tried <- struct{}{}:
		default:
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	r.bodies <- body
}

// TestErasedSentinelIsNowhere has a memory that everything knows which may know one: the idempotency keys, the search, the undo window, a
// stream, a webhook that is down, a backup. When the answer to its erasure is there, nothing has it that was made by the daemon, except the
// backup that was made before, which the receipt names.
func TestErasedSentinelIsNowhere(t *testing.T) {
	for _, how := range []string{"live", "forgotten", "restored", "tag", "query", "tenant", "assistant"} {
		t.Run(how, func(t *testing.T) { eraseSentinel(t, how) })
	}
}

func eraseSentinel(t *testing.T, how string) {
	hook := &receiver{tried: make(chan struct{}, 1), bodies: make(chan []byte, 1000)}
	server := httptest.NewServer(hook)
	defer server.Close()
	backups, log := filepath.Join(t.TempDir(), "backups"), newLogs()
	l := config(t, append(hookArgs(t, server.URL, hookSecret), "--backup-dir="+backups)...)
	options := &daemon.Options{Version: "test", Logger: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	d := daemon.New(l.Config, options)
	if err := d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	running := true
	defer func() {
		if running {
			stop(t, d)
		}
	}()
	c, err := client.New(d.Addr(), nil)
	if err != nil {
		t.Fatal(err)
	}
	ok := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	var others []sigil.ID
	for i := range 20 {
		m, err := c.Encode(t.Context(), sigil.Draft{Data: fmt.Appendf(nil, `{"note":"another %d"}`, i)})
		ok("encode another", err)
		others = append(others, m.ID)
	}

	// The life of the memory.
	m, err := c.Encode(t.Context(), sigil.Draft{Data: []byte(`{"note":"` + sentinel + `"}`), Tags: []string{sentinel}, IdempotencyKey: "key-1"})
	ok("encode", err)
	page, err := c.Search(t.Context(), client.SearchQuery{Text: sentinel})
	if ok("search", err); len(page.Hits) == 0 || page.Hits[0].Memory.ID != m.ID {
		t.Fatalf("found %+v", page.Hits)
	}
	_, err = c.Recall(t.Context(), m.ID)
	ok("recall", err)
	events, stopFollowing := followed(t, c)
	defer stopFollowing()
	for e := wait(t, "an entry", events); e.ID == nil || *e.ID != m.ID; e = wait(t, "an entry", events) { // what was read is held in memory
	}
	<-hook.tried
	if how == "forgotten" || how == "restored" || how == "assistant" {
		ok("forget", c.Forget(t.Context(), m.ID))
	}
	if how == "restored" {
		_, err = c.Restore(t.Context(), m.ID)
		ok("restore", err)
	}
	_, err = c.Backup(t.Context(), "before")
	ok("backup", err)
	if len(within(t, l.Data)) == 0 || len(within(t, backups)) == 0 {
		t.Fatal("the sentinel cannot be found while it is there")
	}

	// Its end.
	q := client.EraseQuery{By: "a test"}
	switch how {
	case "tag":
		q.Tags = []string{sentinel}
	case "query":
		q.Text = sentinel
	case "tenant":
		q.All = true
	default:
		q.IDs = []sigil.ID{m.ID}
	}
	var answer wire.Erased
	if how == "assistant" {
		answer = assistantErases(t, d, m.ID)
	} else {
		answer, err = c.Erase(t.Context(), q)
		ok("erase", err)
	}
	if found := within(t, l.Data); len(found) > 0 {
		t.Errorf("the sentinel is in %v", found)
	}
	if answer.Counts.Memories+answer.Counts.Removed == 0 || answer.Counts.Answers == 0 || answer.Counts.Entries == 0 {
		t.Errorf("erased %+v", answer.Counts)
	}
	_, err = c.Backup(t.Context(), "after")
	ok("backup", err)
	if found := within(t, filepath.Join(backups, "after")); len(found) > 0 {
		t.Errorf("the sentinel is in %v", found)
	}
	named, err := c.ReceiptKey(t.Context())
	ok("key", err)
	key, err := receipt.ParseKey(named.Key)
	ok("key", err)
	said, err := receipt.Verify(answer.Receipt, key)
	if ok("verify", err); !slices.Equal(said.Remains, []string{"the backup before was made before"}) {
		t.Errorf("the receipt names %q", said.Remains)
	}

	// What answers and streams have of it.
	for _, path := range []string{
		"/metrics", "/v1/events?limit=1000", "/v1/events?latest=true&limit=1000", "/v1/sigils?limit=1000", "/v1/removed?limit=1000", "/v1/sigils:export", "/v1/stats",
		"/v1/sigils:search?q=another", "/v1/crystals", "/v1/forecast?within=36500d", "/v1/patterns", "/openapi.json",
	} {
		status, body := ask(t, d, "GET", path, "")
		if status != http.StatusOK || strings.Contains(body, sentinel) {
			t.Errorf("GET %s: %d, with the sentinel: %v", path, status, strings.Contains(body, sentinel))
		}
	}
	if page, err := c.Search(t.Context(), client.SearchQuery{Text: sentinel}); err != nil || len(page.Hits) > 0 && how != "tenant" && page.Hits[0].Memory.ID == m.ID {
		t.Errorf("searched %+v, %v", page.Hits, err)
	}
	fresh, stopFresh := followed(t, c)
	defer stopFresh()
	for e := range fresh {
		if e.ID != nil && *e.ID == m.ID {
			if e.Kind != sigil.Erased || e.Arithmetic != nil {
				t.Errorf("a stream has %+v", e)
			}
			break
		}
	}
	hook.up.Store(true)
	for done := false; !done; {
		body := wait(t, "a delivery", hook.bodies)
		var delivery wire.Delivery
		ok("delivery", json.Unmarshal(body, &delivery))
		for _, e := range delivery.Events {
			if e.ID != nil && *e.ID == m.ID {
				if done = true; e.Kind != sigil.Erased || e.Arithmetic != nil {
					t.Errorf("the webhook got %s", body)
				}
			}
		}
	}
	if strings.Contains(log.String(), sentinel) || bytes.Contains(answer.Receipt, []byte(sentinel)) {
		t.Errorf("logged %s, answered %s", log, answer.Receipt)
	}
	if how != "tenant" {
		for _, id := range others {
			_, err := c.Peek(t.Context(), id)
			ok("another", err)
		}
	}

	stopFollowing()
	stopFresh()
	stop(t, d)
	running = false
	if found := within(t, l.Data); len(found) > 0 {
		t.Errorf("after the stop, the sentinel is in %v", found)
	}
}

// followed follows the journal from its start until stop is called, which waits for the end.
func followed(t *testing.T, c *client.Client) (events <-chan wire.Event, stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	all := make(chan wire.Event, 10_000)
	var following sync.WaitGroup
	following.Go(func() {
		for e, err := range c.Follow(ctx, &client.FollowOptions{After: new(uint64)}) {
			if err != nil {
				return
			}
			all <- e
		}
	})
	return all, func() { cancel(); following.Wait() }
}
