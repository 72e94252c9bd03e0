package daemon_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/internal/daemon"
	"github.com/sigil-dna/sigil/internal/prove/pgtest"
)

// TestPostgresBackups backs a database up while it is used, by its own means, and brings it back in two ways: recovered to a point in
// time, and as it was at the backup. It shows what memories there are then, and what readers of the journal notice.
func TestPostgresBackups(t *testing.T) {
	cluster := pgtest.Start(t, pgtest.Archiving)
	serve := func(c *pgtest.Cluster) (*daemon.Daemon, *client.Client) {
		t.Helper()
		d := daemon.New(config(t, "--store="+c.URL("postgres"), "--policy=halflife").Config, nil)
		if err := d.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		api, err := client.New("http://"+d.Addr(), nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(api.CloseIdleConnections)
		return d, api
	}
	// encode keeps two memories and returns the token of the newest entry.
	encode := func(api *client.Client, what string) string {
		t.Helper()
		for n := range 2 {
			if _, err := api.Encode(t.Context(), sigil.Draft{Data: fmt.Appendf(nil, "%q", fmt.Sprint(what, n))}); err != nil {
				t.Fatal(err)
			}
		}
		page, err := api.LatestEvents(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		return page.Token
	}
	copied := func() *pgtest.Cluster {
		t.Helper()
		c, err := cluster.BaseBackup()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Remove)
		return c
	}
	d, api := serve(cluster)
	before := encode(api, "before")
	base, recovered := copied(), copied()
	kept := encode(api, "kept")
	point := time.Now() // of this machine's clock, as that of the server
	lost := encode(api, "lost")
	identity, err := api.Identity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stop(t, d)
	if err := cluster.Stop(pgtest.Shutdown); err != nil { // archives the rest of the log
		t.Fatal(err)
	}
	if err := recovered.Recover(cluster, point); err != nil {
		t.Fatal(err)
	}
	if err := base.Start(); err != nil {
		t.Fatal(err)
	}

	for _, tt := range []struct {
		name     string
		cluster  *pgtest.Cluster
		memories []string // newest first
		newest   string
		epoch    bool // it is another one
	}{
		{"recovered to a point in time", recovered, []string{`"kept1"`, `"kept0"`, `"before1"`, `"before0"`}, kept, true},
		{"as it was at the backup", base, []string{`"before1"`, `"before0"`}, before, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, api := serve(tt.cluster)
			defer stop(t, d)
			list, err := api.List(t.Context(), client.ListQuery{})
			if err != nil {
				t.Fatal(err)
			}
			var memories []string
			for i := range list.Memories {
				memories = append(memories, string(list.Memories[i].Data))
			}
			if !slices.Equal(memories, tt.memories) {
				t.Errorf("it has %q, want %q", memories, tt.memories)
			}
			now, err := api.Identity(t.Context())
			if err != nil || now.Store != identity.Store || (now.Epoch != identity.Epoch) != tt.epoch {
				t.Errorf("store %s with epoch %s, was %s with %s, %v", now.Store, now.Epoch, identity.Store, identity.Epoch, err)
			}
			page, err := api.EventsAfter(t.Context(), tt.newest, 0)
			if err != nil || len(page.Events) != 0 || page.Token != tt.newest {
				t.Errorf("after the newest entry: %+v, %v", page, err)
			}
			for _, written := range []string{"", "since", "then"} {
				if written != "" {
					encode(api, written)
				}
				_, err := api.EventsAfter(t.Context(), lost, 0)
				ahead(t, "a page", err)
				for _, err := range api.Follow(t.Context(), &client.FollowOptions{Token: lost}) {
					ahead(t, "a stream", err)
				}
			}
		})
	}
}

// ahead checks that a reader was told that the store lacks its entry.
func ahead(t *testing.T, reader string, err error) {
	t.Helper()
	var refused *client.Error
	if !errors.Is(err, sigil.ErrGone) || !errors.As(err, &refused) || refused.Problem.Code != "position_ahead" || refused.Problem.Newest == nil {
		text, _ := json.Marshal(refused)
		t.Errorf("%s of what is lost: %v, %s", reader, err, text)
	}
}
