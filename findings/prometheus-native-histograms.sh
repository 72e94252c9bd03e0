#!/usr/bin/env bash
# Prometheus: enabling native histograms removes the classic series of a histogram that has both.
#
# Expected: a feature flag adds something. A histogram that a target exposes in both forms is stored in both
# forms, so that queries and alerts on _bucket, _count and _sum keep working.
#
# What happens: with --enable-feature=native-histograms, Prometheus 2.42, the version in Debian 12, stores
# only the native form. The series _bucket, _count and _sum of that histogram stop, and nothing is logged. A
# histogram that is only classic keeps its series. Later versions are not tested here.
#
# Why it matters to users of Sigil: dashboards and alerts are written for the classic series. They would go
# silent on the day that the flag is enabled for another target.
#
# In Sigil: all of its own histograms are only classic (internal/metrics).
# TestHistogramsAreClassicInEveryFormat checks it in the format that such a Prometheus requests.
#
# Needs: go, apt-get, dpkg. Exits with 0 if it still happens, 1 if not, 2 if it could not be tested.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

version=2.42.0+ds-5+deb12u1
apt() { apt-get -qq -o APT::Sandbox::User=root -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" "$@"; }
mkdir -p lists/partial cache/archives/partial
{ apt update && apt download "prometheus=$version" && dpkg -x prometheus_*.deb root; } >apt.log 2>&1 ||
	{ cat apt.log; echo "could not install prometheus $version"; exit 2; }

export GOMODCACHE="$work/mod" GOFLAGS='-mod=mod -modcacherw' GOWORK=off
cat >go.mod <<'EOF'
module finding

go 1.26.0

require github.com/prometheus/client_golang v1.25.0
EOF
cat >main.go <<'EOF'
package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

func main() {
	registry := prometheus.NewRegistry()
	for name, factor := range map[string]float64{"both_seconds": 1.1, "classic_seconds": 0} {
		h := prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: name, Help: "x", Buckets: []float64{1, 2}, NativeHistogramBucketFactor: factor,
		})
		h.Observe(1.5)
		registry.MustRegister(h)
	}
	target := httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	defer target.Close()
	address := strings.TrimPrefix(target.URL, "http://")

	without := stored(address)
	with := stored(address, "--enable-feature=native-histograms")
	classic := []string{"both_seconds_bucket", "both_seconds_count", "both_seconds_sum"}
	fmt.Println("expected, with the flag:   ", append([]string{"both_seconds"}, without...))
	fmt.Println("stored, without the flag:  ", without)
	fmt.Println("stored, with the flag:     ", with)
	for _, name := range classic {
		if !slices.Contains(without, name) || slices.Contains(with, name) {
			fmt.Println("changed:", name)
			os.Exit(1)
		}
	}
	if !slices.Contains(with, "both_seconds") || !slices.Contains(with, "classic_seconds_bucket") {
		fmt.Println("changed: what should be there is not")
		os.Exit(1)
	}
	fmt.Println("still so: the classic series of a histogram that is also native are gone")
}

// stored returns the names of the histograms' series in a Prometheus that has scraped target once.
func stored(target string, flags ...string) []string {
	folder, err := os.MkdirTemp(".", "data")
	check(err)
	config := folder + "/prometheus.yml"
	check(os.WriteFile(config, fmt.Appendf(nil,
		"scrape_configs: [{job_name: finding, scrape_interval: 1s, static_configs: [{targets: ['%s']}]}]\n", target), 0o600))
	free, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	address := free.Addr().String()
	check(free.Close())

	server := exec.Command("root/usr/bin/prometheus", append(flags,
		"--config.file="+config, "--storage.tsdb.path="+folder+"/tsdb", "--web.listen-address="+address)...)
	check(server.Start())
	stop = func() { _ = server.Process.Kill(); _ = server.Wait() }
	defer func() { stop() }()
	for start := time.Now(); time.Since(start) < time.Minute; time.Sleep(100 * time.Millisecond) {
		answer, err := http.Get("http://" + address + "/api/v1/label/__name__/values")
		if err != nil {
			continue
		}
		var names struct{ Data []string }
		err = json.NewDecoder(answer.Body).Decode(&names)
		_ = answer.Body.Close()
		if err == nil && slices.Contains(names.Data, "up") { // one commit with what was scraped
			return slices.DeleteFunc(names.Data, func(name string) bool { return !strings.Contains(name, "_seconds") || strings.HasPrefix(name, "scrape_") })
		}
	}
	check(fmt.Errorf("Prometheus scraped nothing within a minute"))
	return nil
}

var stop = func() {}

func check(err error) {
	if err != nil {
		stop()
		fmt.Println(err)
		os.Exit(2)
	}
}
EOF
go build -o finding . >go.log 2>&1 || { cat go.log; exit 2; }
root/usr/bin/prometheus --version 2>&1 | head -n 1
./finding
