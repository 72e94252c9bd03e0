package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/wire"
)

const (
	assistants = 16     // connections at once
	remembered = 10_000 // memories that are searched
	written    = 60_000 // different texts to remember: more than one measurement needs
	mcpPath    = "/mcp"
)

// assistantTools measures two tools of the Model Context Protocol beside the same verbs of REST, by the same client.
func assistantTools(ctx context.Context, b *bench) (string, error) {
	known, err := b.knownWords()
	if err != nil {
		return "", err
	}
	t := newTexts(known)
	writes, err := b.rememberBesideEncode(ctx, t)
	if err != nil {
		return "", err
	}
	reads, err := b.recallBesideSearch(ctx, t)
	if err != nil {
		return "", err
	}
	rows := heading("connections", "calls/s")
	label := strconv.Itoa(assistants)
	rows = append(rows, against(label, writes, map[string]target{writes[len(writes)-1].name: atLeast(0.6)})...)
	rows = append(rows, against(label, reads, nil)...)
	if len(reads) == 2 {
		r := ratio(reads[0], reads[1], p99)
		rows = append(rows, []string{label, "p99, recall ÷ search", "", "", "", "", r.String(), atMost(2).say(r)})
	}
	return rows.String(), nil
}

// tool returns the body of a call.
func tool(i int, name string, arguments any) any {
	return map[string]any{"jsonrpc": "2.0", "id": i, "method": "tools/call", "params": map[string]any{"name": name, "arguments": arguments}}
}

func (b *bench) rememberBesideEncode(ctx context.Context, t *texts) ([]measured, error) {
	write := func(name, path string, body func(i int) any) (side, error) {
		file := filepath.Join(b.scratch, "write"+filepath.Base(path))
		return side{name, "wrk", func(ctx context.Context) (figure, error) {
			return b.withDaemon(ctx, func(d *daemon) (figure, error) { return b.wrk(ctx, d, assistants, path, file) })
		}}, writeBodies(file, min(written, 100*b.memories), body)
	}
	text := func(i int) string { return t.text(1<<41 + uint64(i)) }
	remember, err := write("remember", mcpPath, func(i int) any { return tool(i, "remember", map[string]any{"text": text(i)}) })
	encode, err2 := write("encode by REST", "/v1/sigils", func(i int) any {
		return map[string]any{"data": text(i), "onDuplicate": "reinforce"}
	})
	if err = errors.Join(err, err2); err != nil {
		return nil, err
	}
	return b.compare(ctx, "remember", remember, encode)
}

func (b *bench) recallBesideSearch(ctx context.Context, t *texts) (all []measured, err error) {
	dir := filepath.Join(b.scratch, "remembered")
	e, err := openStore(dir, nil)
	if err != nil {
		return nil, err
	}
	err = e.fill(ctx, min(remembered, b.memories), draft(func(i uint64) []byte { return []byte(strconv.Quote(t.text(i))) }), nil)
	if err = errors.Join(err, e.store.Close()); err != nil {
		return nil, err
	}
	d, err := b.serve(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.stop(syscall.SIGTERM)) }()
	c, err := client.New(d.addr, nil)
	if err == nil {
		_, err = complete(ctx, c, client.SearchQuery{Text: word(0)})
	}
	if err != nil {
		return nil, err
	}
	queries := t.mixed()
	var sides []side
	for _, s := range []struct {
		name, path string
		body       func(i int) any
	}{
		{"recall", mcpPath, func(i int) any { return tool(i, "recall", map[string]any{"query": queries[i]}) }},
		{"search by REST that refreshes", searchPath, func(i int) any { return wire.Search{Query: queries[i], Recall: true} }},
	} {
		file := filepath.Join(b.scratch, fmt.Sprint("read", filepath.Base(s.path)))
		if err := writeBodies(file, len(queries), s.body); err != nil {
			return nil, err
		}
		sides = append(sides, side{s.name, "wrk", func(ctx context.Context) (figure, error) { return b.wrk(ctx, d, assistants, s.path, file) }})
	}
	return b.compare(ctx, "recall", sides...)
}
