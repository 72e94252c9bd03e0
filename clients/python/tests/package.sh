#!/usr/bin/env bash
# Builds a wheel, installs it into an empty virtual environment, and runs the README's example there. It uses Debian's Python,
# which has what builds a wheel without a network.
#
# tests/package.sh FOLDER URL   a folder of its own, and the address of a daemon
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$1 url=$2 python=/usr/bin/python3
mkdir -p "$folder"
cp -r pyproject.toml README.md src "$folder" # setuptools leaves files beside its source
"$python" -m pip wheel --quiet --no-index --no-deps --no-build-isolation --wheel-dir "$folder/wheel" "$folder"
"$python" -m venv --without-pip "$folder/venv"
"$python" -m pip --python "$folder/venv/bin/python" install --quiet --no-index "$folder"/wheel/*.whl
[ -f "$("$folder/venv/bin/python" -c 'import sigil_client; print(sigil_client.__path__[0])')/py.typed" ] ||
	{ echo 'the wheel has no py.typed' >&2; exit 1; }
"$folder/venv/bin/python" tests/readme.py README.md "$url"
