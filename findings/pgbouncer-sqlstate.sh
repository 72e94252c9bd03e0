#!/usr/bin/env bash
# PgBouncer: every error of its own has one SQLSTATE, "protocol violation".
#
# Expected: a pooler in front of PostgreSQL answers with PostgreSQL's SQLSTATE for the same condition: 3D000
# for an unknown database, 28P01 for a wrong password, 53300 for too many connections, and with a state of its
# own if the server behind it does not answer. A client decides by the SQLSTATE what to try again.
#
# What happens: PgBouncer 1.18, the version in Debian 12, answers 08P01 (protocol violation) to all of these
# and to a setting that it does not pass on. A lasting condition, such as a wrong password, and a passing one,
# such as a full pool, differ only in the text. It was discussed upstream, and later versions have more
# states; they are not tested here.
#
# Why it matters to users of Sigil: behind such a PgBouncer, a wrong password or database name looks like a
# database that is not up yet, so `sigil serve` waits for it (--store-wait) before it gives up.
#
# In Sigil: store/pgstore/errors.go treats 08P01 as a passing condition, recognizes a refused setting by the
# text, and keeps PgBouncer's text (TestTheWordsOfAPooler). docs/scale.md describes it.
#
# Needs: go, apt-get, dpkg. Exits with 0 if it still happens, 1 if not, 2 if it could not be tested.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

version=1.18.0-1+deb12u1
apt() { apt-get -qq -o APT::Sandbox::User=root -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" "$@"; }
mkdir -p lists/partial cache/archives/partial
{ apt update && apt download "pgbouncer=$version" libevent-2.1-7 libc-ares2 && for deb in *.deb; do dpkg -x "$deb" root; done; } >apt.log 2>&1 ||
	{ cat apt.log; echo "could not install pgbouncer $version"; exit 2; }
LD_LIBRARY_PATH=$(echo "$work"/root/usr/lib/*-linux-gnu)
export LD_LIBRARY_PATH

export GOMODCACHE="$work/mod" GOFLAGS='-mod=mod -modcacherw' GOWORK=off
cat >go.mod <<'EOF'
module finding

go 1.26.0

require github.com/jackc/pgx/v5 v5.12.0
EOF
cat >main.go <<'EOF'
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const config = `[databases]
silent = host=127.0.0.1 port=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %s
unix_socket_dir =
auth_type = scram-sha-256
auth_file = users
max_client_conn = 1
query_wait_timeout = 5
`

const tooMany = "no more connections allowed (max_client_conn)"

func main() {
	// A database server that accepts connections and sends nothing.
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	defer silent.Close()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	bouncer := free.Addr().String()
	check(free.Close())
	check(os.WriteFile("users", []byte("\"ann\" \"right\"\n"), 0o644))
	check(os.WriteFile("pgbouncer.ini", fmt.Appendf(nil, config, port(silent.Addr().String()), port(bouncer)), 0o644))
	args := []string{"root/usr/sbin/pgbouncer", "-q", "pgbouncer.ini"}
	if os.Getuid() == 0 { // which PgBouncer refuses to run as
		args = append([]string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"}, args...)
	}
	server := exec.Command(args[0], args[1:]...)
	check(server.Start())
	stop = func() { _ = server.Process.Kill(); _ = server.Wait() }
	same := true
	show := func(what, postgres string, got answer) {
		fmt.Printf("%-32s expected %-16s got %s %q\n", what, postgres, got.state, got.text)
		same = same && got.state == "08P01"
	}
	show("an unknown database", "3D000", alone("ann:right@"+bouncer+"/nowhere?sslmode=disable"))
	show("a wrong password", "28P01", alone("ann:wrong@"+bouncer+"/silent?sslmode=disable"))
	show("a setting that is not passed on", "no error", alone("ann:right@"+bouncer+"/silent?sslmode=disable&lock_timeout=1000"))
	first := make(chan answer)
	go func() { first <- alone("ann:right@" + bouncer + "/silent?sslmode=disable") }()
	check(silent.(*net.TCPListener).SetDeadline(time.Now().Add(30 * time.Second)))
	_, err = silent.Accept() // the first is logged in and waits for the server
	check(err)
	show("one connection too many", "53300", connect("ann:right@"+bouncer+"/silent?sslmode=disable"))
	show("a server that does not answer", "one of its own", <-first)
	stop()
	if !same {
		fmt.Println("changed: not all are 08P01")
		os.Exit(1)
	}
	fmt.Println("still so: all are 08P01")
}

type answer struct{ state, text string }

// alone is like connect, once PgBouncer listens and has released the previous connection.
func alone(url string) answer {
	for start := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		got := connect(url)
		if got.state != "" && got.text != tooMany {
			return got
		}
		if time.Since(start) > 30*time.Second {
			check(errors.New(got.text))
		}
	}
}

func connect(url string) answer {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, err := pgconn.Connect(ctx, "postgres://"+url)
	if err == nil {
		_ = conn.Close(ctx)
		return answer{"00000", "connected"}
	}
	var said *pgconn.PgError
	if !errors.As(err, &said) {
		return answer{"", err.Error()}
	}
	return answer{said.Code, said.Message}
}

func port(address string) string {
	_, port, err := net.SplitHostPort(address)
	check(err)
	return port
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
chmod a+rx "$work"
root/usr/sbin/pgbouncer --version | head -n 1
./finding
