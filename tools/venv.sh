#!/bin/sh
# Builds .venv with uv, or with venv and pip, and does nothing when it is fresh.
#   sh tools/venv.sh run    what the program needs
#   sh tools/venv.sh dev    that, and what its tests need
# PYTHON=python3.12 in the environment names the interpreter.
set -eu
cd "$(dirname "$0")/.."
want=$1

# A stamp holds what was installed and where: a moved folder or a changed pyproject.toml shows.
fingerprint() { pwd; cat pyproject.toml; }
fresh() { [ -x .venv/bin/python ] && fingerprint | cmp -s - ".venv/stamp-$1"; }
if fresh dev || { [ "$want" = run ] && fresh run; }; then exit 0; fi

case $want in
    run) packages=.        one='[1/3] ' two='[2/3] ' ;;
    *)   packages='.[dev]' one=''       two='' ;;
esac

version_of() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }
is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

python=
for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
    if is_new_enough "$candidate"; then python=$candidate; break; fi
done
if [ -z "$python" ]; then
    found=$(version_of "${PYTHON:-python3}" || echo none)
    echo "sora-tui needs Python 3.11 or newer; found $found. Try: uv run --python 3.12 make run" >&2
    exit 2
fi
version=$(version_of "$python")
echo "${one}Python $version found" >&2

# The scripts in a venv know its path, so one that was moved is of no use.
usable() { is_new_enough .venv/bin/python && grep -qF "$PWD/.venv" .venv/bin/activate 2>/dev/null; }

with_uv() {
    command -v uv >/dev/null 2>&1 || return 1
    usable || { rm -rf .venv && uv venv --python "$python" .venv; } || return 1
    uv pip install --python .venv/bin/python -e "$packages"
}

with_pip() {
    if ! { usable && .venv/bin/python -m pip --version; }; then
        if ! "$python" -c 'import ensurepip, venv'; then
            echo "Python $version cannot build .venv: its ensurepip is missing. Install uv, or" \
                "python$version-venv (Debian, Ubuntu: apt install python$version-venv), and repeat." >&3
            exit 2
        fi
        rm -rf .venv && "$python" -m venv .venv || return 1
    fi
    .venv/bin/python -m pip install --disable-pip-version-check -e "$packages"
}

echo "${two}installing (once, about a minute)" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
exec 3>&2
# uv does not read pip's settings: where it cannot reach an index, pip may.
if ! { with_uv || with_pip; } >"$log" 2>&1; then
    cat "$log" >&2
    echo "Installing failed; the lines above say why. Nothing outside this folder was changed." >&2
    exit 2
fi
mv "$log" .venv/install.log
# Installers compile what they copy, not a package that stays where it is; the first frame waits
# for no compiler.
.venv/bin/python -m compileall -q sora_tui
fingerprint >".venv/stamp-$want"
