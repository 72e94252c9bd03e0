package daemon_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/sigil-dna/sigil/internal/daemon"
	"github.com/sigil-dna/sigil/wire"
)

// Stop is called with 200 encodes in progress: each is answered or was never accepted, every acknowledged
// memory exists when the store is opened again at once, and, according to lsof and goleak, the process holds
// no file of the store, no listening socket and no goroutine before it ends.
func TestStopUnderLoadHoldsNothing(t *testing.T) {
	before := goleak.IgnoreCurrent()
	l := config(t, "--policy=halflife")
	d := daemon.New(l.Config, nil)
	if err := d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	addr := d.Addr()
	if held := lsof(t); !strings.Contains(held, l.Data) || !strings.Contains(held, addr+" (LISTEN)") {
		t.Fatalf("lsof does not see what a running daemon holds:\n%s", held)
	}

	answered := newLedger()
	var first, all sync.WaitGroup
	first.Add(200)
	for caller := range 200 {
		all.Go(func() {
			once := sync.OnceFunc(first.Done)
			defer once()
			for i := 0; ; i++ {
				data := fmt.Sprintf(`[%d,%d]`, caller, i)
				status, body, err := request(context.Background(), addr, http.MethodPost, "/v1/sigils", `{"data":`+data+`}`)
				if err != nil || status == http.StatusServiceUnavailable {
					return
				}
				var v wire.Memory
				if err := json.Unmarshal([]byte(body), &v); err != nil || status != http.StatusCreated {
					t.Errorf("%d %s (%v)", status, body, err)
					return
				}
				answered.add(v.ID.String(), data)
				once()
			}
		})
	}
	first.Wait()
	stop(t, d)
	all.Wait()

	if held := lsof(t); strings.Contains(held, l.Data) || strings.Contains(held, addr) {
		t.Errorf("after Stop the process still holds something of the daemon:\n%s", held)
	}
	goleak.VerifyNone(t, before)
	again := start(t, l, nil) // the store's lock is free
	web := newBrowser(t, again)
	got := web.all()
	for id, data := range answered.all() {
		if got[id] != data {
			t.Errorf("%s was answered with %s and holds %q", id, data, got[id])
		}
	}
	t.Logf("%d answered", len(answered.all()))
}

// lsof returns the files that this process has open.
func lsof(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "lsof", "-nP", "-p", fmt.Sprint(os.Getpid())).CombinedOutput()
	if len(out) == 0 {
		t.Fatalf("lsof (Debian package lsof): %v", err)
	}
	return string(out)
}
