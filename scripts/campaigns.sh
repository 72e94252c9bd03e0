#!/usr/bin/env bash
# Runs the long campaigns and writes their rows of docs/campaigns.md, with date and commit. Logs go to campaigns/.
#
# scripts/campaigns.sh run [NAME...]   run the named campaigns, or all, on a clean checkout
# scripts/campaigns.sh stale           print the rows that are older than the newest change of what they prove;
#                                      fails if there is one
#
# SIGIL_SHARE=25 runs a quarter of the usual size, which its row notes.
set -euo pipefail
cd "$(dirname "$0")/.."
table=docs/campaigns.md logs=campaigns share=${SIGIL_SHARE:-100}

engine=':(glob)*.go engine :(glob)store/*.go store/storetest store/internal'
embedded="$engine store/pebblestore"
postgres="$engine store/pgstore"
daemon='cmd internal/daemon internal/httpapi internal/datadir internal/front internal/handover internal/bus internal/clock scheduler'

# campaign NAME MINUTES WHAT "PATHS" COMMAND...: COMMAND must end within MINUTES; PATHS are the paths that it
# proves.
campaign() {
	local name=$1 minutes=$2 what=$3 paths=$4
	shift 4
	if [ ${#wanted[@]} -gt 0 ] && [[ " ${wanted[*]} " != *" $name "* ]]; then return; fi
	"$mode" "$name" "$minutes" "$what" "$paths" "$@"
}

part() { echo $((($1 * share + 99) / 100)); }

run() {
	local name=$1 minutes=$2 what=$3 log=$logs/$1.log begin=$SECONDS verdict=passed
	shift 4
	mkdir -p "$logs"
	echo "$name: at most $minutes minutes" >&2
	timeout --kill-after=30 $((minutes * 60)) "$@" >"$log" 2>&1 || verdict='**failed**' failed=1
	local took=$(((SECONDS - begin + 59) / 60))
	write "| $name | $(date -u +%F) | $(git rev-parse --short HEAD) | $took min | $what | $(figures "$log") | $verdict |"
	[ "$verdict" = passed ] || tail -n 20 "$log" >&2
	if [ "$name" = mutants ]; then
		{
			printf '# Mutants\n\nThe program broken on purpose, one way at a time, at %s on %s. Each must make its gate fail.\n' "$(git rev-parse --short HEAD)" "$(date -u +%F)"
			printf 'Written by `make campaigns`; the edits are in scripts/mutants.sh.\n\n'
			grep '^|' "$log"
		} >docs/mutants.md
	fi
}

# figures prints what the tests of a log report as done; for a soak, the figures of its table.
figures() {
	awk '/^ +[a-z_]+\.go:[0-9]+: / && !/\[rapid\]|: SIGIL_SEED=[0-9]+$|: +[0-9]+ × / {
			sub(/^ +[a-z_]+\.go:[0-9]+: /, ""); gsub(/\|/, "/"); printf "%s%s", separator, $0; separator = "; "
		}
		/killed in/ { killed++ } / \*\*/ && /^\|/ { missed++ }
		END { if (killed + missed) printf "%d mutants, %d killed", killed + missed, killed }' "$1" | cut -c 1-600
	if [ "$(basename "$1")" = soak.log ] && [ -f soak.md ]; then
		awk -F ' *[|] *' '/^\| (operations|SIGKILL|hand-overs|full disks|compared|violations|seed) / { printf "%s%s: %s", separator, $2, $3; separator = "; " }' soak.md | cut -c 1-600
	fi
}

# write adds a row to the table, replacing the one with the same name.
write() {
	local name=${1#| }
	name=${name%% |*}
	if grep -q "^| $name |" "$table"; then
		ROW=$1 awk -v name="$name" 'index($0, "| " name " |") == 1 { print ENVIRON["ROW"]; next } { print }' "$table" >"$table.new"
		mv "$table.new" "$table"
	else
		echo "$1" >>"$table"
	fi
}

stale() {
	local name=$1 paths=$4 commit since
	commit=$(awk -F ' *[|] *' -v name="$name" '$2 == name { print $4 }' "$table")
	if [ -z "$commit" ] || ! git merge-base --is-ancestor "$commit" HEAD 2>/dev/null; then
		echo "$name: never run on this history" && failed=1
		return
	fi
	since=$(set -f && git log --oneline "$commit..HEAD" -- $paths ':!*.md' ':!*_test.go' | wc -l)
	if [ "$since" -gt 0 ]; then
		echo "$name: run at $commit; $since commits have changed what it proves since" && failed=1
	fi
}

mode=${1:-run} failed=0
shift || true
wanted=("$@")
case $mode in
run)
	if [ -n "$(git status --porcelain -- ':!docs/campaigns.md' ':!docs/mutants.md')" ]; then
		echo 'a row names a commit: commit your changes first' >&2
		exit 1
	fi
	;;
stale) ;;
*)
	sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
	exit 2
	;;
esac

campaign crash 30 'power cut after every write; every disk operation fails' "$embedded" make crash
campaign kill 40 "$(part 200) rounds of SIGKILL under load" "$embedded $daemon" make kill ROUNDS="$(part 200)"
campaign kill-backups 15 "$(part 30) rounds of SIGKILL beside backups, each of which is restored" "$embedded $daemon" make kill-backups ROUNDS="$(part 30)"
campaign kill-postgres 30 "$(part 40) rounds of SIGKILL, of daemon and database" "$postgres $daemon" make kill-postgres ROUNDS="$(part 40)"
campaign fleet 15 "four daemons, a thousand clients, $(part 20) memories each" "$postgres $daemon" make fleet EACH="$(part 20)"
campaign histories 120 "$(part 200) rounds of each system, checked for linearizability" "$embedded $postgres $daemon" make histories ROUNDS="$(part 200)"
campaign model 60 "$(part 200000) random steps beside the model" "$embedded internal/prove/model" make model STEPS="$(part 200000)"
campaign model-postgres 90 "$(part 10000) random steps beside the model" "$postgres internal/prove/model" make model-postgres STEPS="$(part 10000)"
campaign handover 15 "$(part 20) hand-overs under load" "$embedded $daemon" make handover HANDOVERS="$(part 20)"
campaign readers 10 '200 readers of the journal beside writers' "$embedded $daemon" make readers SECONDS="$(part 60)"
campaign soak $(($(part 20) + 10)) "everything mixed, $(part 20) minutes" "$embedded $daemon" make soak MINUTES="$(part 20)"
campaign api-fuzz 60 "$(part 200000) requests made from the OpenAPI document" 'internal/httpapi internal/front engine' make api-fuzz REQUESTS="$(part 200000)"
campaign lives 20 'a thousand daemons, one after another' "$daemon" make lives
campaign ninety-days 60 "$(part 100000) memories live through ninety days of fake time" "$embedded $postgres internal/clock internal/prove/ninety" make ninety-days MEMORIES="$(part 100000)"
campaign mutants 90 'the program broken on purpose; the list is in scripts/mutants.sh' "$embedded $postgres $daemon internal/codesign" make mutants
exit "$failed"
