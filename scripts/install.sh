#!/usr/bin/env bash
# `make install`: build .venv from requirements.lock. The output of the tools goes to a log file.
# PYTHON chooses the interpreter; UV_VERSION is the version of uv.
set -euo pipefail
cd "$(dirname "$0")/.."
log=.lacuna/install.log
mkdir -p .lacuna

fits() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2> /dev/null; }

python=
for name in ${PYTHON:-python3.11 python3.12 python3.13 python3}; do
    if fits "$name"; then
        python=$name
        break
    fi
done
if [ -z "$python" ]; then
    if [ -n "${PYTHON:-}" ]; then
        echo "PYTHON=$PYTHON is not Python 3.11, 3.12 or 3.13. Name one: make install PYTHON=/path/to/python3.12"
    else
        echo "Lacuna needs Python 3.11, 3.12 or 3.13, and none of them is on PATH."
        echo "Install one, or name one: make install PYTHON=/path/to/python3.12"
    fi
    exit 1
fi

build() {
    [ -x .lacuna/uv/bin/uv ] || { "$python" -m venv .lacuna/uv && .lacuna/uv/bin/python -m pip install "uv==$UV_VERSION"; } || return
    [ -x .venv/bin/python ] || "$python" -m venv --without-pip .venv || return
    # compiled now, or every Airflow command would compile for seconds
    VIRTUAL_ENV=.venv UV_COMPILE_BYTECODE=1 .lacuna/uv/bin/uv pip sync --require-hashes requirements.lock
}

echo "Installing the locked packages into .venv with $("$python" --version) (once, 1 to 2 minutes; log: $log) …"
if ! build > "$log" 2>&1; then
    echo "The installation failed. The end of $log:"
    tail -n 20 "$log" | sed 's/^/  /'
    echo "If the network failed, run \`make install\` again. If not, remove .venv and .lacuna/uv first."
    exit 1
fi
