#!/usr/bin/env bash
# Merges what ci-train.sh and ci-attack.sh left in OUT, shards of any number of jobs among it: OUT/table.md, also on standard
# output and in the job's summary where there is one, and OUT/report.html. Fails where a shard is missing or told twice
# differently. Usage: ci-table.sh OUT      From the environment: SPARSE_ROBUST_BIN as in ci-train.sh.
set -euo pipefail
bin=${SPARSE_ROBUST_BIN:-$(cd "$(dirname "$0")/../bin" && pwd)}
out=${1:?usage: ci-table.sh OUT}
records=("$out"/*.ndjson)
summary=()
[ -z "${GITHUB_STEP_SUMMARY:-}" ] || summary=(--step-summary)

"$bin/compare.js" ${summary[@]+"${summary[@]}"} "${records[@]}" | tee "$out/table.md"
"$bin/compare.js" --force --format html --out "$out/report.html" "${records[@]}"
