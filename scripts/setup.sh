#!/usr/bin/env bash
# Sets up everything Headrace needs into one folder; called by `make setup`. Safe to run again.
set -euo pipefail

cd "$(dirname "$0")/.."
unset PYTHONDONTWRITEBYTECODE # set in containers and by CI: every command would compile all that it imports, each time
venv=${1:-.venv}
began=$SECONDS
log=$(mktemp)
trap 'rm -f "$log"' EXIT

say() { printf '  %-9s %s\n' "$1" "$2"; }
stop() { printf '\nerror: %s\n' "$1" >&2; exit 1; }

# watched NAME TEXT COMMAND...: runs it, counts the seconds on a terminal, shows its output only if it fails.
watched() {
    local name=$1 text=$2 since=$SECONDS
    shift 2
    [ -t 1 ] || say "$name" "$text …"
    "$@" >"$log" 2>&1 &
    local job=$!
    trap 'kill $job 2>/dev/null; exit 130' INT
    while kill -0 "$job" 2>/dev/null; do
        [ ! -t 1 ] || printf '\r  %-9s %s … %d s ' "$name" "$text" $((SECONDS - since))
        sleep 0.3
    done
    trap - INT
    [ ! -t 1 ] || printf '\r\033[K'
    if ! wait "$job"; then
        tail -n 15 "$log" >&2
        stop "$text did not work; the last lines of its output are above"
    fi
    say "$name" "$text: $((SECONDS - since)) s"
}

can_apt() { [ "$(id -u)" = 0 ] && [ -f /etc/debian_version ] && command -v apt-get >/dev/null; }
apt_get() { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; }

fits_python() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; }

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if fits_python "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    stop "Python 3.11, 3.12 or 3.13 is needed, and $(python3 --version 2>/dev/null || echo none) was found;
       install one, or name it: make setup PYTHON=/path/to/python3.11"
}

make_venv() {
    local version
    python=$(find_python)
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        can_apt || stop "Python's venv module is missing; run: sudo apt-get install python$version-venv"
        watched venv "installing python$version-venv" apt_get "python$version-venv"
    fi
    if ! fits_python "$venv/bin/python"; then
        rm -rf "$venv"
        watched python "environment in $venv, Python $version" "$python" -m venv --without-pip "$venv"
    fi
}

# uv itself comes from the lock too, hash and all. A pip in the environment takes longer to install than all that uv does,
# so it is there only where the Python that made the environment has none.
install_uv() {
    awk '/^[^ #]/ { wanted = /^uv==/ } wanted' requirements.lock >"$venv/uv.txt"
    if ! "$python" -m pip --version; then
        "$venv/bin/python" -m ensurepip
        python="$venv/bin/python"
    fi
    "$python" -m pip --python "$venv/bin/python" install -q --disable-pip-version-check --no-compile --no-deps \
        --require-hashes -r "$venv/uv.txt"
}

java_version() {
    "${JAVA_HOME:+$JAVA_HOME/bin/}java" -version 2>&1 | sed -nE 's/.* version "([0-9]+).*/\1/p'
}
fits_java() { [[ $(java_version || true) =~ ^(17|21)$ ]]; }

check_java() {
    local other
    if ! fits_java; then
        for other in /usr/lib/jvm/*{17,21}*; do
            [ ! -x "$other/bin/java" ] ||
                stop "Java 17 or 21 is needed; one is installed, so run: export JAVA_HOME=$other"
        done
        can_apt || stop "Java 17 or 21 is needed; run: sudo apt-get install openjdk-17-jre-headless"
        watched java "installing a headless Java" install_java
    fi
    fits_java || stop "Java 17 or 21 is needed, and $(java_version || echo none) was found; set JAVA_HOME to one"
    say java "version $(java_version)"
}
install_java() { apt_get openjdk-17-jre-headless || apt_get openjdk-21-jre-headless; }

uv() { "$venv/bin/uv" "$@" --python "$venv/bin/python"; }

echo "Setting up (about a minute the first time)"
rm -f "$venv/.ready"
make_venv
check_java
watched uv "the package installer" install_uv
watched packages "$(grep -c '==' requirements.lock) pinned packages" uv pip sync --require-hashes requirements.lock
watched headrace "the project itself" uv pip install --no-deps --no-build-isolation --editable .
watched jars "Spark's jars for Delta and Kafka" "$venv/bin/python" -c \
    'from cli.health_checks import mend; from headrace.settings import get_settings; mend(get_settings())'
watched bytecode "Python's byte code of what commands import" "$venv/bin/python" scripts/import_all.py
touch "$venv/.ready"
say done "in $((SECONDS - began)) s"
