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
	"strings"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

// exampleDaemon knows one memory. In real life it is `sigil serve`.
func exampleDaemon() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		memory := func(recalls int) string {
			return fmt.Sprintf(`{"id":%q,"data":{"note":"tea at five"},"accessCount":%d}`, someID, recalls)
		}
		switch {
		case r.Method == http.MethodDelete:
			w.WriteHeader(http.StatusNoContent)
		case strings.HasSuffix(r.URL.Path, ":recall"):
			io.WriteString(w, memory(1))
		case r.Method == http.MethodPost:
			w.WriteHeader(http.StatusCreated)
			io.WriteString(w, memory(0))
		case r.URL.Path == "/v1/sigils":
			io.WriteString(w, `{"memories":[`+memory(1)+`],"next":null}`)
		default:
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusNotFound)
			io.WriteString(w, `{"status":404,"code":"not_found","field":"id","detail":"no such memory"}`)
		}
	}))
}

func ExampleClient() {
	daemon := exampleDaemon() // or none: an empty address is that of a local `sigil serve`
	defer daemon.Close()
	ctx := context.Background()

	c, err := client.New(daemon.URL, &client.Options{Tenant: "acme"})
	if err != nil {
		log.Fatal(err)
	}
	kept, err := c.Encode(ctx, sigil.Draft{Data: json.RawMessage(`{"note":"tea at five"}`)})
	if err != nil {
		log.Fatal(err)
	}
	recalled, err := c.Recall(ctx, kept.ID) // keeps it from fading for another while
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

func ExampleClient_All() {
	daemon := exampleDaemon()
	defer daemon.Close()
	c, err := client.New(daemon.URL, nil)
	if err != nil {
		log.Fatal(err)
	}
	for memory, err := range c.All(context.Background(), client.ListQuery{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s\n", memory.Data)
	}
	// Output: {"note":"tea at five"}
}
