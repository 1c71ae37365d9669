#!/usr/bin/env bash
# Says whether a change made a network worse: the results in CHANGE against those in BASE, both from ci-train.sh and
# ci-attack.sh. Writes CHANGE/table.md, CHANGE/verdict.xml (JUnit) and CHANGE/report.html, and the table into the job's summary
# where there is one. Exit code 0: no; 1: yes, with the reasons; 2: there is nothing to judge by.
# Usage: ci-gate.sh BASE CHANGE      From the environment: GATE, when to fail [PGD-50 lower by more than chance, or clean
# accuracy by more than 2 points]; SPARSE_ROBUST_BIN as in ci-train.sh.
set -euo pipefail
bin=${SPARSE_ROBUST_BIN:-$(cd "$(dirname "$0")/../bin" && pwd)}
base=${1:?usage: ci-gate.sh BASE CHANGE} change=${2:?usage: ci-gate.sh BASE CHANGE}
gate=${GATE:-high(difference(pgd50x1)) < 0pp or clean < baseline - 2pp}
for folder in "$base" "$change"; do
  compgen -G "$folder/attack-*.ndjson" >/dev/null || { echo "ci-gate: $folder holds no results; ci-attack.sh makes them" >&2; exit 2; }
done
network=run/best.safetensors
if cmp -s "$base/$network" "$change/$network"; then
  # One network has no difference to itself; results of it that are not the same are refused.
  compared=("$base"/*.ndjson "$change"/*.ndjson --force)
  echo "Both sides trained the same network, bit for bit." | tee -a "${GITHUB_STEP_SUMMARY:-/dev/null}"
else
  cat "$base"/*.ndjson >"$change/base.records"
  compared=(--baseline "$change/base.records" "$change"/*.ndjson --force --fail-if "$gate" --junit "$change/verdict.xml")
fi
summary=()
[ -z "${GITHUB_STEP_SUMMARY:-}" ] || summary=(--step-summary)

code=0
"$bin/compare.js" "${compared[@]}" ${summary[@]+"${summary[@]}"} | tee "$change/table.md" || code=$?
"$bin/compare.js" "${compared[@]}" --quiet --format html --out "$change/report.html" 2>/dev/null || true # says the same again
exit "$code"
