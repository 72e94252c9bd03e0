#!/usr/bin/env bash
# Installs the programs that the tests call, or those in its arguments (program=package), if they are missing.
# It prints nothing if all are installed. It works as root, otherwise through sudo; without either, it lists
# the packages and fails. A service that a package starts is not left running, now or after a reboot.
set -euo pipefail

# program=Debian package
wanted=(
  promtool=prometheus
  lsof=lsof
  unshare=util-linux
  postgres=postgresql
  pgbouncer=pgbouncer
  node=nodejs
  npm=npm
  chromium=chromium
  minisign=minisign
  python3=python3
  mypy=mypy
  /usr/lib/python3/dist-packages/pip/__init__.py=python3-pip
  /usr/lib/python3/dist-packages/setuptools/__init__.py=python3-setuptools
  /usr/lib/python3/dist-packages/wheel/__init__.py=python3-wheel
  ruby=ruby
  lua5.4=lua5.4
  xmllint=libxml2-utils
  sqlite3=sqlite3
  g++=g++
)
[ $# -eq 0 ] || wanted=("$@")

# have reports whether a program is installed. Debian installs those of PostgreSQL outside PATH, in a folder for each
# version, and PgBouncer in a folder that is only in root's PATH. A path is of a file that is only read.
have() {
  if [ "$1" = postgres ]; then
    compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null
  elif [ "$1" = pgbouncer ]; then
    [ -x /usr/sbin/pgbouncer ]
  elif [[ $1 == /* ]]; then
    [ -r "$1" ]
  else
    command -v "$1" >/dev/null
  fi
}

missing=()
packages=()
for pair in "${wanted[@]}"; do
  if ! have "${pair%%=*}"; then
    missing+=("${pair%%=*}")
    packages+=("${pair#*=}")
  fi
done
[ "${#missing[@]}" -eq 0 ] && exit 0

fail() {
  echo "install-test-deps: $1" >&2
  echo "install-test-deps: missing: ${missing[*]} (Debian packages: ${packages[*]})." >&2
  echo "install-test-deps: as root: apt-get install --no-install-recommends ${packages[*]}" >&2
  exit 1
}

command -v apt-get >/dev/null || fail "there is no apt-get here"

if [ "$(id -u)" -eq 0 ]; then
  as_root=()
elif ! command -v sudo >/dev/null; then
  fail "not root, and there is no sudo"
elif sudo -n true 2>/dev/null; then
  as_root=(sudo -n)
elif [ -t 0 ]; then
  as_root=(sudo) # it can ask for the password
else
  fail "not root, and sudo needs a password, but there is no terminal"
fi

# The package prometheus starts a daemon when it is installed, and its recommended node exporter another. The
# second is not installed, and a policy prevents the first during the installation. PostgreSQL's package would
# also create a cluster, which is not needed: the tests create their own. An existing policy belongs to the
# owner and stays; so does a Prometheus that was running before.
policy=/usr/sbin/policy-rc.d
policy_is_ours=no
no_cluster=/etc/postgresql-common/createcluster.d/sigil-tests.conf
no_cluster_is_ours=no
tidy() {
  [ "$policy_is_ours" = no ] || "${as_root[@]}" rm -f "$policy"
  [ "$no_cluster_is_ours" = no ] || "${as_root[@]}" rm -f "$no_cluster"
}
trap tidy EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

had_prometheus=no
if pgrep -x prometheus >/dev/null 2>&1; then
  had_prometheus=yes
fi

if [ ! -e "$policy" ]; then
  policy_is_ours=yes
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" install -m 755 /dev/stdin "$policy"
fi

if [[ " ${packages[*]} " == *" postgresql "* && ! -e "$no_cluster" ]]; then
  no_cluster_is_ours=yes
  "${as_root[@]}" mkdir -p "${no_cluster%/*}"
  printf 'create_main_cluster = false\n' | "${as_root[@]}" install -m 644 /dev/stdin "$no_cluster"
fi

echo "install-test-deps: installing ${packages[*]}"
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0)
"${apt[@]}" update || true # the lists at hand may do
"${apt[@]}" install -y --no-install-recommends "${packages[@]}" >/dev/null ||
  fail "apt-get could not install them"

if [[ " ${packages[*]} " == *" prometheus "* && $had_prometheus = no ]]; then
  if [ -d /run/systemd/system ]; then
    "${as_root[@]}" systemctl --quiet disable --now prometheus.service || true
  elif [ -x /etc/init.d/prometheus ]; then
    "${as_root[@]}" /etc/init.d/prometheus stop >/dev/null 2>&1 || true
    "${as_root[@]}" update-rc.d prometheus disable >/dev/null 2>&1 || true
  fi
fi

if [[ " ${packages[*]} " == *" redis-server "* ]]; then # the policy kept it from starting now
  if [ -d /run/systemd/system ]; then
    "${as_root[@]}" systemctl --quiet disable redis-server.service || true
  else
    "${as_root[@]}" update-rc.d redis-server disable >/dev/null 2>&1 || true
  fi
fi

if [[ " ${packages[*]} " == *" pgbouncer "* ]]; then # likewise
  if [ -d /run/systemd/system ]; then
    "${as_root[@]}" systemctl --quiet disable pgbouncer.service || true
  else
    "${as_root[@]}" update-rc.d pgbouncer disable >/dev/null 2>&1 || true
  fi
fi

for program in "${missing[@]}"; do
  have "$program" || fail "installed, but still missing: $program"
done
