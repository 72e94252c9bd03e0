package pgstore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/prove/pgtest"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pgstore"
)

// However a check divides the work, it finds the same.
func TestCheckInParts(t *testing.T) {
	url, v := filled(t)
	whole, err := pgstore.Check(t.Context(), url, quietly)
	if err != nil {
		t.Fatal(err)
	}
	damaged := copied(t, url)
	execute(t, damaged, `update sigil.links set link = sha256(link) where position in (3, 11); delete from sigil.journal where last = 5;
update sigil.removals set position = position + 1 where id = '`+v.Forgotten.ID.String()+`'; update sigil.memories set potential = 0.7 where id = '`+v.Vector.ID.String()+`'`)
	worse, err := pgstore.Check(t.Context(), damaged, quietly)
	if err != nil || worse.Wrong < 6 {
		t.Fatalf("%v, %v", worse.Sentences(), err)
	}
	for _, size := range []struct{ rows, part, window int }{{1, 1, 1}, {2, 3, 4}, {7, 100, 5}, {100, 2, 100}} {
		for of, want := range map[string]store.Checked{url: whole, damaged: worse} {
			got, err := pgstore.CheckInParts(t.Context(), of, size.rows, size.part, size.window, false)
			if err != nil || fmt.Sprint(got.Found) != fmt.Sprint(want.Found) || got.Memories != want.Memories || got.Bytes != want.Bytes || got.Events != want.Events ||
				got.Answers != want.Answers || got.Signatures != want.Signatures || got.Removed != want.Removed || got.Crystals != want.Crystals {
				t.Errorf("in parts of %v: %+v, %v\nwant %+v", size, got, err, want)
			}
		}
	}
	if whole.Memories == 0 || whole.Events == 0 || whole.Answers != 2 || whole.Signatures != 1 || whole.Removed != 2 || whole.Crystals != 1 {
		t.Errorf("counts %+v", whole)
	}
}

// A check beside daemons that change everything finds nothing, and a repair repairs nothing.
func TestCheckBesideDaemons(t *testing.T) {
	url := database(t)
	s := open(t, url, &pgstore.Options{Undo: true})
	e := engine.New(s, &engine.Options{Settings: engine.Settings{Undo: engine.Undo{Window: time.Hour}}})
	ctx, stop := context.WithCancel(t.Context())
	var workers sync.WaitGroup
	work := func(f func(i int) error) {
		workers.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				if err := f(i); err != nil && !errors.Is(err, sigil.ErrNotFound) && ctx.Err() == nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for n := range 3 {
		tenant := fmt.Sprint("t", n%2)
		var keys []sigil.Key
		work(func(i int) error {
			d := sigil.Draft{Data: fmt.Appendf(nil, `{"text":"the %d kettle of %d"}`, i, n), Tags: []string{"x"}, IdempotencyKey: fmt.Sprint(n, " ", i)}
			if i%5 == 0 {
				d.TTL = 50 * time.Millisecond
			}
			m, err := e.Encode(ctx, tenant, d)
			if err != nil {
				return err
			}
			keys = append(keys, m.Key)
			key := keys[i/2]
			switch i % 6 {
			case 0:
				return e.Forget(ctx, key)
			case 1:
				_, err = e.Recall(ctx, key)
			case 2:
				_, err = e.Correct(ctx, key, d)
			case 3:
				_, err = e.Change(ctx, key, sigil.Change{Tags: &[]string{"y", "z"}})
			case 4:
				_, err = e.Pin(ctx, key)
			}
			if errors.Is(err, sigil.ErrConflict) { // the key of an answer, or what was corrected
				return nil
			}
			return err
		})
	}
	work(func(int) error { _, err := e.Sweep(ctx); return err })
	work(func(int) error { _, err := e.Crystallize(ctx); return err })
	work(func(i int) error { // another daemon, which drops the words of all
		other, err := pgstore.Open(ctx, url, &pgstore.Options{Logger: quietly.Logger, Timeout: time.Minute, Search: store.SearchSettings{Language: []string{"de", "en"}[i%2]}})
		if err != nil {
			return err
		}
		return other.Close()
	})
	for i := range 6 {
		found, err := pgstore.CheckInParts(t.Context(), url, 100, 300, 1000, i%2 == 1)
		if err != nil || found.Wrong > 0 || len(found.Repaired) > 0 {
			t.Errorf("found %v, repaired %v, %v", found.Sentences(), found.Repaired, err)
		}
	}
	stop()
	workers.Wait()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// A check needs only the right to read, and says what is no store of this version.
func TestCheckOfWhatCannotBeChecked(t *testing.T) {
	url, _ := filled(t)
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	execute(t, url, `create role reader login; grant usage on schema sigil to reader; grant select on all tables in schema sigil to reader`)
	t.Cleanup(func() { execute(t, url, `drop owned by reader; drop role reader`) }) // after its copy is dropped
	if names, said := checked(t, strings.Replace(url, "sigil@", "reader@", 1)); len(names) > 0 {
		t.Error(said)
	}
	empty, err := pgtest.Shared(t).Database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pgstore.Check(t.Context(), strings.Replace(url, config.Database, empty, 1), quietly); sigil.CodeOf(err) != "no_store" {
		t.Errorf("of a database without a store: %v", err)
	}
	older := copied(t, url)
	execute(t, older, `delete from sigil.version where version_id > 18`)
	if _, err := pgstore.Check(t.Context(), older, quietly); !errors.Is(err, sigil.ErrFormat) {
		t.Errorf("of an older schema: %v", err)
	}
	if got := query(t, older, `select max(version_id)::text from sigil.version`); got != "18" {
		t.Errorf("the schema was changed to version %s", got)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := pgstore.Check(gone, url, quietly); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}
