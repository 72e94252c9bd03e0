package main

import (
	"context"
	"fmt"
)

// overHTTP measures durable encode over HTTP, one memory per request, beside Redis at the same durability.
func overHTTP(ctx context.Context, b *bench) (string, error) {
	rows := heading("connections", "encodes/s")
	for _, n := range []int{64, 1000} {
		ours := func(name, kind string) side {
			return side{name, "wrk", func(ctx context.Context) (figure, error) {
				return b.withDaemon(ctx, func(d *daemon) (figure, error) { return b.wrk(ctx, d, n, kind, "") })
			}}
		}
		all, err := b.compare(ctx, fmt.Sprintf("http, %d connections", n),
			ours("Sigil", "encode"), b.redisEncode(n), ours("Sigil, answering with ids", "brief"))
		if err != nil {
			return "", err
		}
		rows = append(rows, against(fmt.Sprint(n), all, map[string]target{"Redis": atLeast(1)})...)
		if len(all) == 3 {
			r := ratio(all[0], all[1], p99)
			rows = append(rows, []string{fmt.Sprint(n), "answering with ids, Sigil ÷ Redis", "", "", "", "", ratio(all[2], all[1], rate).String(), ""})
			rows = append(rows, []string{fmt.Sprint(n), "p99, Sigil ÷ Redis", "", "", "", "", r.String(), atMost(1).say(r)})
		}
	}
	return rows.String(), nil
}
