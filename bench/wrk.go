package main

import (
	"context"
	_ "embed"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// script is the Lua program that wrk runs. wrk is a load generator in C: one in Go would cost more than the daemon, on
// the same processors.
//
//go:embed load.lua
var script []byte

// wrk measures a daemon under one kind of request over the given connections. ids is a file of ids, one a line, or "".
func (b *bench) wrk(ctx context.Context, d *daemon, connections int, kind, ids string) (f figure, err error) {
	file := filepath.Join(b.scratch, "load.lua")
	if err := os.WriteFile(file, script, 0o600); err != nil {
		return f, err
	}
	span := max(1, math.Round(b.span.Seconds()))                                                                  // wrk takes whole seconds
	cmd := exec.CommandContext(ctx, "wrk", "-t2", "-c", strconv.Itoa(connections), "-d", strconv.Itoa(int(span)), //nolint:gosec // no shell, and all arguments are ours
		"--timeout", "30", "-s", file, "http://"+d.addr, "--", kind, ids)
	cmd.Env = environment()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return f, fmt.Errorf("wrk: %w: %s", err, out)
	}
	_, line, _ := strings.Cut(string(out), "RESULT ")
	var micros [3]float64
	var failed int
	if _, err := fmt.Sscan(line, &f.rate, &micros[0], &micros[1], &micros[2], &failed); err != nil {
		return f, fmt.Errorf("wrk printed no result: %w: %s", err, out)
	}
	if failed > 0 {
		return f, fmt.Errorf("wrk: %d requests failed: %s", failed, out)
	}
	f.p50, f.p99, f.p999 = microseconds(micros[0]), microseconds(micros[1]), microseconds(micros[2])
	return f, nil
}

func microseconds(n float64) time.Duration { return time.Duration(n * float64(time.Microsecond)) }
