package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/internal/httpapi"
	"github.com/sigil-dna/sigil/internal/httpapi/shape"
	"github.com/sigil-dna/sigil/internal/webhook"
	"github.com/sigil-dna/sigil/local"
)

// startDaemon serves the API over a store in a new folder, and returns its address. A program would use `sigil serve`.
func startDaemon() (addr string, stop func()) {
	dir, err := os.MkdirTemp("", "sigil")
	if err != nil {
		log.Fatal(err)
	}
	db, err := local.Open(dir, nil)
	if err != nil {
		log.Fatal(err)
	}
	api := httpapi.New(db.Engine, nil)
	server := httptest.NewServer(api)
	return server.URL, func() {
		api.Close()
		server.Close()
		if err := errors.Join(db.Close(), os.RemoveAll(dir)); err != nil {
			log.Fatal(err)
		}
	}
}

// deliver makes a daemon's webhook send one event to receiver.
func deliver(secret []byte, receiver http.HandlerFunc) {
	dir, err := os.MkdirTemp("", "sigil")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	db, err := local.Open(dir, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	ctx, taken := context.Background(), make(chan struct{})
	if _, err := db.Encode(ctx, sigil.DefaultTenant, sigil.Draft{Data: []byte(`"tea"`)}); err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		receiver(w, r)
		close(taken)
	}))
	defer server.Close()
	hook := webhook.New(db.Engine, webhook.Options{URL: server.URL, Tenant: sigil.DefaultTenant, Secret: secret, Body: shape.Delivery})
	hook.Start()
	<-taken
	if err := hook.Stop(ctx); err != nil {
		log.Fatal(err)
	}
}

// connect returns a client of the daemon at addr. An empty address means a local `sigil serve`.
func connect(addr string) *client.Client {
	c, err := client.New(addr, nil)
	if err != nil {
		log.Fatal(err)
	}
	return c
}

// A memory is encoded, recalled, which keeps it from fading for another while, and forgotten.
func ExampleClient() {
	addr, stop := startDaemon()
	defer stop()
	ctx := context.Background()

	c, err := client.New(addr, &client.Options{Tenant: "acme"})
	if err != nil {
		log.Fatal(err)
	}
	defer c.CloseIdleConnections()
	kept, err := c.Encode(ctx, sigil.Draft{Data: []byte(`{"note":"tea at five"}`)})
	if err != nil {
		log.Fatal(err)
	}
	recalled, err := c.Recall(ctx, kept.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s, recalled %d time(s)\n", recalled.Data, recalled.AccessCount)

	if err := c.Forget(ctx, kept.ID); err != nil {
		log.Fatal(err)
	}
	_, err = c.Peek(ctx, kept.ID)
	fmt.Println("gone:", errors.Is(err, sigil.ErrNotFound))
	// Output:
	// {"note":"tea at five"}, recalled 1 time(s)
	// gone: true
}

// Search finds memories by their words and by what these mean, best first. It refreshes none of them. A hit without
// matches has none of the words.
func ExampleClient_Search() {
	addr, stop := startDaemon()
	defer stop()
	ctx, c := context.Background(), connect(addr)
	defer c.CloseIdleConnections()

	for _, note := range []string{`{"note":"green tea at five"}`, `{"note":"tea with milk"}`, `{"note":"coffee"}`} {
		if _, err := c.Encode(ctx, sigil.Draft{Data: []byte(note)}); err != nil {
			log.Fatal(err)
		}
	}
	page, err := c.Search(ctx, client.SearchQuery{Text: "green tea", Highlight: true})
	if err != nil {
		log.Fatal(err)
	}
	for _, hit := range page.Hits {
		fmt.Printf("%.2f %s", hit.Score, hit.Memory.Data)
		for _, m := range hit.Matched {
			fmt.Printf(", in %s at %v", m.Pointer, m.Ranges)
		}
		fmt.Println()
	}
	// Output:
	// 0.99 {"note":"green tea at five"}, in /note at [[0 5] [6 9]]
	// 0.46 {"note":"tea with milk"}, in /note at [[0 3]]
	// 0.32 {"note":"coffee"}
}

// All lists every memory, page after page, newest first.
func ExampleClient_All() {
	addr, stop := startDaemon()
	defer stop()
	ctx, c := context.Background(), connect(addr)
	defer c.CloseIdleConnections()

	for _, note := range []string{`"tea at five"`, `"rain"`, `"buy bread"`} {
		if _, err := c.Encode(ctx, sigil.Draft{Data: []byte(note)}); err != nil {
			log.Fatal(err)
		}
	}
	for memory, err := range c.All(ctx, client.ListQuery{Limit: 2}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s\n", memory.Data)
	}
	// Output:
	// "buy bread"
	// "rain"
	// "tea at five"
}

// An encode with an idempotency key can be repeated: the second gets the answer of the first, and encodes nothing.
func ExampleClient_Encode() {
	addr, stop := startDaemon()
	defer stop()
	ctx, c := context.Background(), connect(addr)
	defer c.CloseIdleConnections()

	draft := sigil.Draft{Data: []byte(`{"order":4711}`), IdempotencyKey: "order 4711"}
	first, err := c.Encode(ctx, draft)
	if err != nil {
		log.Fatal(err)
	}
	again, err := c.Encode(ctx, draft)
	if err != nil {
		log.Fatal(err)
	}
	stats, err := c.Stats(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("same:", again.ID == first.ID, "kept:", stats.Memories)
	// Output: same: true kept: 1
}

// The journal has every change, in order. A broken connection is replaced, and no entry is missed.
func ExampleClient_Follow() {
	addr, stop := startDaemon()
	defer stop()
	ctx, c := context.Background(), connect(addr)
	defer c.CloseIdleConnections()

	kept, err := c.Encode(ctx, sigil.Draft{Data: []byte(`"tea"`)})
	if err != nil {
		log.Fatal(err)
	}
	if err := c.Forget(ctx, kept.ID); err != nil {
		log.Fatal(err)
	}
	after := uint64(0) // the beginning; a program stores the position of the last entry it has seen
	for event, err := range c.Follow(ctx, &client.FollowOptions{After: &after}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(event.Position, event.Kind, event.Reason)
		if event.Kind == sigil.Forgotten {
			break // a program would continue
		}
	}
	// Output:
	// 1 encoded request
	// 2 forgotten request
}

// A receiver of a webhook checks the sender, and stores the events before it answers.
func ExampleVerifyWebhook() {
	secret := []byte("what the file of --webhook-secret-file holds")
	receiver := func(w http.ResponseWriter, r *http.Request) {
		var delivery client.Delivery
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err == nil {
			err = client.VerifyWebhook(secret, r.Header.Get("Sigil-Signature"), body, time.Now(), 5*time.Minute)
		}
		if err == nil {
			err = json.Unmarshal(body, &delivery)
		}
		if err != nil {
			http.Error(w, "not for me", http.StatusForbidden)
			return
		}
		for _, event := range delivery.Events { // after status 200 they are not sent again
			fmt.Println(event.Position, event.Kind)
		}
	}
	deliver(secret, receiver) // a program registers it: http.HandleFunc("POST /sigil", receiver)
	// Output: 1 encoded
}
