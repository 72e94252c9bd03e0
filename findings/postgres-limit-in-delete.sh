#!/usr/bin/env bash
# PostgreSQL: a DELETE that selects its rows by a subquery with LIMIT 2 deletes fifty.
#
# Expected: "delete from t where k in (select k from t … limit 2 for update skip locked)", the usual way to
# take a few rows from a queue, deletes at most two rows. A plan may change how long that takes, not what it
# does.
#
# What happens with PostgreSQL 15.20: if the plan is a nested loop, the subquery runs again for each row of
# the table. Each run skips the rows that this statement has deleted by then, and finds two others, so all
# fifty rows are deleted. With a hash join, which runs the subquery once, it is two. With the subquery in a
# materialized CTE, it is two under both plans. The planner chooses by its estimates, so the same statement
# does either at different times; here, enable_hashjoin and similar settings choose, so that the script does
# not depend on estimates. It is known upstream, and the manual does not promise that a subquery runs once.
#
# Why it matters to users of Sigil: answers under idempotency keys were pruned in this way, a few at a time.
# On a busy machine, one such statement removed more than its limit, and a commit that should be short could
# be long.
#
# In Sigil: store/pgstore/answers.go prunes by a materialized CTE; TestPruneKeepsToItsLimitUnderAnyPlan tests
# the other plan.
#
# Needs: apt-get, dpkg; setpriv if it runs as root. Exits with 0 if it still happens, 1 if not, 2 if it could
# not be tested.
set -euo pipefail
work=$(mktemp -d)
server=''
trap '[ -z "$server" ] || { kill -INT "$server" && wait "$server" || true; }; rm -rf "$work"' EXIT
chmod 755 "$work"
cd "$work"

version=15.20-0+deb12u1
apt() { apt-get -qq -o APT::Sandbox::User=root -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" "$@"; }
mkdir -p lists/partial cache/archives/partial
{ apt update && apt download "postgresql-15=$version" "postgresql-client-15=$version" "libpq5=$version" libicu72 libxml2 libldap-2.5-0 libsasl2-2 \
	libgssapi-krb5-2 libkrb5-3 libk5crypto3 libkrb5support0 libkeyutils1 && for deb in *.deb; do dpkg -x "$deb" root; done; } >apt.log 2>&1 ||
	{ cat apt.log; echo "could not install PostgreSQL $version"; exit 2; }
LD_LIBRARY_PATH=$(echo "$work"/root/usr/lib/*-linux-gnu)
export LD_LIBRARY_PATH
bin=$work/root/usr/lib/postgresql/15/bin

as=()
mkdir data
if [ "$(id -u)" = 0 ]; then
	as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	chown 65534:65534 data
	chmod 700 data
fi
"${as[@]}" "$bin/initdb" -D data -U postgres -A trust --no-sync >initdb.log 2>&1 || { cat initdb.log; exit 2; }
"${as[@]}" "$bin/postgres" -D data -k "$work/data" -c listen_addresses= -c fsync=off >server.log 2>&1 &
server=$!
sql() { "$bin/psql" -XqAt -h "$work/data" -U postgres -d postgres -v ON_ERROR_STOP=1 "$@"; }
for _ in $(seq 200); do
	sql -c 'select 1' >psql.log 2>&1 && break
	sleep 0.1
done
sql -c 'select version()' || { cat server.log; exit 2; }

# deleted PLAN STATEMENT prints how many of fifty rows the statement deletes.
deleted() {
	sql <<-EOF
		$1
		drop table if exists queue;
		create table queue (k int primary key, ends int not null);
		create index on queue (ends);
		insert into queue select n, n from generate_series(1, 50) as n;
		analyze queue;
		with gone as ($2 returning 1) select count(*) from gone;
	EOF
}
hash='set client_min_messages = warning; set enable_nestloop = off; set enable_mergejoin = off;'
nested='set client_min_messages = warning; set enable_hashjoin = off; set enable_mergejoin = off; set enable_hashagg = off; set enable_sort = off; set enable_material = off; set enable_bitmapscan = off;'
few='select k from queue where ends <= 50 order by ends limit 2 for update skip locked'
one=$(deleted "$hash" "delete from queue where k in ($few)")
two=$(deleted "$nested" "delete from queue where k in ($few)")
three=$(sql <<-EOF
	$nested
	drop table if exists queue;
	create table queue (k int primary key, ends int not null);
		create index on queue (ends);
	insert into queue select n, n from generate_series(1, 50) as n;
	analyze queue;
	with few as materialized ($few), gone as (delete from queue using few where queue.k = few.k returning 1) select count(*) from gone;
EOF
)
echo "expected 2 each; deleted by a hash join: $one, by a nested loop: $two, by a materialized CTE in a nested loop: $three"
if [ "$one $two $three" != '2 50 2' ]; then
	echo changed
	exit 1
fi
echo 'still so: the plan decides how many rows are deleted'
