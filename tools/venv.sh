#!/bin/sh
# tools/venv.sh WHAT: make .venv in the checkout and install WHAT into it ("." to run, ".[dev]" to work on it).
#
# Takes the newest Python from 3.11 on that is on the PATH; PYTHON=… names another. Called by the Makefile.
set -eu
cd "$(dirname "$0")/.."
what=$1

is_new_enough='import sys; sys.exit(sys.version_info < (3, 11))'
makes_venvs='import ensurepip, venv' # Debian has these in a package of their own
version='import platform; print(platform.python_version())'

fail() {
    echo "$1" >&2
    exit 1
}

# Print the name of a Python that is new enough and makes environments, or say what is missing.
find_python() {
    too_old="" no_venv=""
    for name in ${PYTHON:-python3.15 python3.14 python3.13 python3.12 python3.11 python3 python}; do
        # Some are there only to say that they are not: ask each for its version.
        found=$("$name" -c "$version" 2>/dev/null) || continue
        if ! "$name" -c "$is_new_enough" 2>/dev/null; then
            too_old="$too_old $name is $found,"
        elif ! "$name" -c "$makes_venvs" 2>/dev/null; then
            no_venv=${no_venv:-$found}
        else
            echo "$name"
            return
        fi
    done
    if [ -n "$no_venv" ]; then
        minor=${no_venv#*.}
        package=python${no_venv%%.*}.${minor%%.*}-venv
        fail "Python $no_venv cannot make virtual environments here. On Debian and Ubuntu: apt install $package"
    fi
    fail "chatroom needs Python 3.11 or newer:${too_old:- no Python here,} see https://www.python.org/downloads/"
}

if ! .venv/bin/python -c "$is_new_enough" >/dev/null 2>&1; then
    python=$(find_python)
    echo "Making .venv with $("$python" --version) ..."
    "$python" -m venv --clear .venv
fi

echo "Installing into .venv ..."
.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable "$what" ||
    fail "The installation failed. pip needs a way to PyPI: HTTPS_PROXY and PIP_INDEX_URL tell it of one."
for module in chatroom/net/_broadcast chatroom/protocol/_posts chatroom_compiled__mypyc; do
    ls src/$module.*.so >/dev/null 2>&1 && continue
    echo "Not everything could be compiled: the server works the same and costs more. It takes a C compiler and the"
    echo "headers of Python (Debian: apt install gcc python3-dev); .venv/bin/pip install -v -e . tells what is missing."
    break
done
