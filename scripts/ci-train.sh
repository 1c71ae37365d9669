#!/usr/bin/env bash
# Trains one network in a CI job, or goes on where an earlier attempt of the job ended: checkpoints in OUT/run, records in
# OUT/train.ndjson. Usage: ci-train.sh OUT      From the environment:
#   TRAIN               options of sparse-train [the recipe for the embedded sample]
#   MINUTES             ends with exit code 130 and a resumable state after this time [no limit]
#   SPARSE_ROBUST_BIN   where the commands are [beside this script]
set -euo pipefail
bin=${SPARSE_ROBUST_BIN:-$(cd "$(dirname "$0")/../bin" && pwd)}
out=${1:?usage: ci-train.sh OUT}
read -ra options <<<"${TRAIN:---config $bin/../configs/sample-tinycnn-trades-s90.yaml}"
options+=(--out "$out/run")
[ -z "${MINUTES:-}" ] || options+=(--max-minutes "$MINUTES")
[ ! -f "$out/run/state.safetensors" ] || options+=(--resume)
mkdir -p "$out"

code=0
"$bin/sparse-train.js" "${options[@]}" >"$out/train.ndjson" || code=$?
[ "$code" != 130 ] || echo "::warning::out of time; the state is in $out/run, and running the job again goes on from there"
exit "$code"
