#!/usr/bin/env bash
# Runs once, when the image is built: Python 3.11 or newer, and what grading needs.
set -euo pipefail
autograder=${AUTOGRADER:-/autograder}
source="$autograder/source"

suits() { "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }
choose() {
    for python in python3.14 python3.13 python3.12 python3.11 python3; do
        if suits "$python"; then echo "$python"; return; fi
    done
}

if [ ! -x "$autograder/venv/bin/python" ]; then
    python=$(choose)
    if [ -z "$python" ]; then
        apt-get update
        apt-get install -y python3.12 python3.12-venv || apt-get install -y python3.11 python3.11-venv
        python=$(choose)
    fi
    if [ -z "$python" ]; then
        echo "There is no Python 3.11 or newer; choose the image of Ubuntu 24.04." >&2
        exit 1
    fi
    "$python" -m venv "$autograder/venv"
fi
"$autograder/venv/bin/python" -m pip install --quiet -r "$source/requirements.txt" -c "$source/constraints.txt"

# The code under test runs as a user of its own: what is the instructor's, it cannot even open.
chmod -R go-rwx "$source"
