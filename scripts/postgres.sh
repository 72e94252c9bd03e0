# Sourced by scripts that run a PostgreSQL of their own, in a folder that has its data, its log and its socket. They have a function fail.
# shellcheck shell=bash

postgres=$(compgen -G '/usr/lib/postgresql/*/bin' | sort -V | tail -1) || true
[ -n "$postgres" ] || fail "PostgreSQL is missing: make deps installs it (Debian's package postgresql)"

# as_postgres DIR COMMAND… runs a command in a folder. PostgreSQL refuses to run as root.
as_postgres() {
	local dir=$1
	shift
	if [ "$(id -u)" -eq 0 ]; then
		(cd "$dir" && setpriv --reuid=postgres --regid=postgres --init-groups "$@")
	else
		(cd "$dir" && "$@")
	fi
}

# start_postgres DIR [SETTING…] makes a cluster in a folder and starts it, with a database that is called sigil.
start_postgres() {
	local dir=$1 settings="-k $1 -c listen_addresses=''" setting
	shift
	for setting; do settings+=" -c $setting"; done
	[ "$(id -u)" -ne 0 ] || chown postgres: "$dir"
	as_postgres "$dir" "$postgres/initdb" -D "$dir/postgres" -U sigil -A trust -E UTF8 --locale=C --no-instructions >/dev/null
	as_postgres "$dir" "$postgres/pg_ctl" -D "$dir/postgres" -l "$dir/postgres.log" -s -w -o "$settings" start
	as_postgres "$dir" "$postgres/createdb" -h "$dir" -U sigil sigil
}

# stop_postgres DIR ends what start_postgres started, if it did.
stop_postgres() {
	[ ! -d "$1/postgres" ] || as_postgres "$1" "$postgres/pg_ctl" -D "$1/postgres" -m fast -s stop || true
}
