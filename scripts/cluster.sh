#!/usr/bin/env bash
# Runs three daemons on one PostgreSQL, behind one address, to try them out: `cluster.sh up` and `cluster.sh
# down`. Everything is in one folder, SIGIL_CLUSTER, which `down` removes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

dir=${SIGIL_CLUSTER:-/tmp/sigil-cluster-$(id -u)} # short: a socket is in it
addr=${ADDR:-127.0.0.1:7433}
daemons=3

say() { printf 'cluster: %s\n' "$*"; }
fail() { say "$*" >&2; exit 1; }

. scripts/postgres.sh

running() { [ -s "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null; }

# await FILE PROCESS-FILE waits until the file exists, or the process has ended.
await() {
  for _ in $(seq 600); do
    [ -s "$1" ] && return 0
    running "$2" || return 1
    sleep 0.05
  done
  return 1
}

down() {
  local pid
  for pid in "$dir"/*.pid; do
    if running "$pid"; then
      kill "$(cat "$pid")"
      for _ in $(seq 600); do running "$pid" || break; sleep 0.05; done
    fi
  done
  stop_postgres "$dir"
  rm -rf "$dir"
}

up() {
  [ ! -e "$dir" ] || fail "the cluster is already up, in $dir; make cluster-down ends it"
  go build -trimpath -o bin/sigil ./cmd/sigil
  mkdir -m 711 "$dir"
  trap 'say "failed: removing what was started" >&2; tail -n 5 "$dir"/*.log >&2 || true; down' ERR
  go build -o "$dir/front" ./scripts/front
  start_postgres "$dir"
  url="postgres://sigil@/sigil?host=$dir"

  local addrs=()
  for i in $(seq "$daemons"); do
    bin/sigil serve --store "$url" --data "$dir/data.$i" --addr 127.0.0.1:0 --addr-file "$dir/$i.addr" --policy halflife \
      >"$dir/$i.log" 2>&1 &
    echo $! >"$dir/$i.pid"
  done
  for i in $(seq "$daemons"); do
    await "$dir/$i.addr" "$dir/$i.pid"
    addrs+=("$(cat "$dir/$i.addr")")
  done
  "$dir/front" "$addr" "${addrs[@]}" >"$dir/front.log" 2>&1 &
  echo $! >"$dir/front.pid"
  for _ in $(seq 200); do
    running "$dir/front.pid" || false
    curl -fso /dev/null "http://$addr/readyz" && break
    sleep 0.05
  done
  trap - ERR

  say "one memory in PostgreSQL, $daemons daemons (${addrs[*]}), one address: http://$addr"
  cat <<EOF
  bin/sigil encode --addr http://$addr '{"note":"tea at five"}'
  bin/sigil list --addr http://${addrs[0]}      what one has kept, another one tells
  kill -9 \$(cat $dir/1.pid)                     and go on
  psql -h $dir -U sigil sigil -c 'select tenant, id, fades_at, data from sigil.memories'
  make cluster-down                             ends it, and removes $dir
EOF
}

case ${1:-} in
up) up ;;
down)
  [ -e "$dir" ] || { say "it is not up"; exit 0; }
  down
  say "down; $dir is removed"
  ;;
*) fail "usage: cluster.sh up|down" ;;
esac
