#!/bin/sh
# tools/venv.sh WHAT: make .venv in the checkout and install WHAT into it ("." to run, ".[dev]" to work on it).
#
# Takes the newest Python from 3.11 on that is on the PATH; PYTHON=… chooses another. Called by the Makefile.
set -eu
cd "$(dirname "$0")/.."
what=$1

# The check a Python must pass: new enough, and able to make an environment (Debian splits that off).
suits='import sys; sys.exit(0 if sys.version_info >= (3, 11) else 3)'
can_make_venv='import ensurepip, venv'

find_python() {
    seen=""
    for name in ${PYTHON:-} python3.15 python3.14 python3.13 python3.12 python3.11 python3 python; do
        command -v "$name" >/dev/null 2>&1 || continue
        if "$name" -c "$suits" >/dev/null 2>&1; then
            echo "$name"
            return
        fi
        if version=$("$name" -c 'import platform; print(platform.python_version())' 2>/dev/null); then
            seen="$seen $name is $version;"
        fi
    done
    echo "chatroom needs Python 3.11 or newer.${seen:+ Here$seen} see https://www.python.org/downloads/" >&2
    exit 1
}

if ! .venv/bin/python -c "$suits" >/dev/null 2>&1; then
    python=$(find_python)
    if ! "$python" -c "$can_make_venv" >/dev/null 2>&1; then
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        echo "$python cannot make virtual environments. On Debian and Ubuntu: apt install python$version-venv" >&2
        exit 1
    fi
    echo "Making .venv with $("$python" --version) ..."
    "$python" -m venv --clear .venv
fi

echo "Installing into .venv ..."
if ! .venv/bin/python -m pip install --quiet --disable-pip-version-check --editable "$what"; then
    echo "The installation failed: is there a way to PyPI from here? (pip reads PIP_INDEX_URL and HTTPS_PROXY.)" >&2
    exit 1
fi
