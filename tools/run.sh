#!/bin/sh
# Builds .venv if need be, then opens the screen; without a terminal it makes a practice clip.
set -eu
cd "$(dirname "$0")/.."
sh tools/venv.sh run

status=0
if [ -t 0 ] && [ -t 2 ] && [ "${TERM:-dumb}" != dumb ]; then
    if [ -e .env ] || env | grep -Eq '^SORA_(BASE_URL|API_KEY|SERVER)='; then
        echo "[3/3] starting; nothing is sent before you say so" >&2
    else
        echo "[3/3] starting; nothing leaves this machine" >&2
    fi
    .venv/bin/python -P -m sora_tui || status=$?
else
    echo "[3/3] starting; no terminal here, so one practice clip; nothing leaves this machine" >&2
    # Whatever server the environment names: a demonstration never costs anything.
    .venv/bin/python -P -m sora_tui generate -f prompts/harbour.md \
        --server simulator --workspace . </dev/null || status=$?
fi
echo "Next time: make run, or .venv/bin/sora-tui (--help lists the commands)" >&2
exit "$status"
