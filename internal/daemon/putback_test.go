package daemon_test

import (
	"errors"
	"testing"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/internal/daemon"
	"github.com/sigil-dna/sigil/internal/prove/pgtest"
)

// TestPutBackUnderADaemon restores a database from an older copy under a daemon, with a reader of a tenant in
// which nothing happens: the reader learns that it is ahead without asking again.
func TestPutBackUnderADaemon(t *testing.T) {
	cluster := pgtest.Start(t, pgtest.Fast)
	execute := func(sql string) {
		t.Helper()
		if err := cluster.Exec(t.Context(), "postgres", sql); err != nil {
			t.Fatal(err)
		}
	}
	encode := func(d *daemon.Daemon) {
		t.Helper()
		if status, body := ask(t, d, "POST", "/v1/sigils", `{"data":"tea"}`); status != 201 {
			t.Fatal(status, body)
		}
	}
	execute("create database kept")
	args := []string{"--store=" + cluster.URL("kept"), "--policy=halflife"}
	before := daemon.New(config(t, args...).Config, nil)
	if err := before.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	encode(before)
	stop(t, before) // nobody may be connected to what is copied
	execute("create database older template kept")

	d := start(t, config(t, args...), nil)
	c, err := client.New("http://"+d.Addr(), &client.Options{Tenant: "quiet"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseIdleConnections()
	if _, err := c.Encode(t.Context(), sigil.Draft{Data: []byte(`"tea"`)}); err != nil {
		t.Fatal(err)
	}
	following, ended := make(chan uint64, 10), make(chan error, 1)
	go func() { // waited for below
		for e, err := range c.Follow(t.Context(), &client.FollowOptions{After: new(uint64)}) {
			if err != nil {
				ended <- err
				return
			}
			following <- e.Position
		}
	}()
	if position := wait(t, "the entry that is lost", following); position != 2 {
		t.Fatalf("position %d, want 2", position)
	}
	execute("drop database kept with (force)")
	execute("alter database older rename to kept")
	err = wait(t, "the end of the reader", ended)
	var refused *client.Error
	if !errors.As(err, &refused) || refused.Problem.Code != "position_ahead" || refused.Problem.Newest == nil || *refused.Problem.Newest != 1 {
		t.Error(err)
	}
}
