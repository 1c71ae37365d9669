#!/usr/bin/env bash
# Attacks the best network of ci-train.sh, or one shard of its test images: OUT/attack-I-of-N.ndjson.
# Usage: ci-attack.sh OUT [I/N]      From the environment: ATTACK, options of attack-eval [fgsm and PGD-50 with one restart];
# SPARSE_ROBUST_BIN as in ci-train.sh.
set -euo pipefail
bin=${SPARSE_ROBUST_BIN:-$(cd "$(dirname "$0")/../bin" && pwd)}
out=${1:?usage: ci-attack.sh OUT [I/N]}
shard=${2:-1/1}
read -ra options <<<"${ATTACK:---attacks fgsm,pgd50x1}"

"$bin/attack-eval.js" "${options[@]}" --shard "$shard" "$out/run/best.safetensors" >"$out/attack-${shard/\//-of-}.ndjson"
