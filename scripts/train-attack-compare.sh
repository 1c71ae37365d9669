#!/usr/bin/env bash
# The classic comparison, small enough for two cores: VGG-16 at a quarter of its width on CIFAR-10, TRADES, 10 % of the
# weights, sparse from the first step against HYDRA at equal kept weights and equal image-steps; FGSM and PGD-50 on test images.
# Usage: train-attack-compare.sh [DATA_DIR] [OUT]      DENSITY, EPOCHS (a multiple of 5), SAMPLES, SEED from the environment.
# OUT: default runs/cifar10-vgg16-quarter in this repository.
set -euo pipefail
caller=$PWD
cd "$(dirname "$0")/.."
from_caller() { case $1 in /*) echo "$1" ;; *) echo "$caller/$1" ;; esac; }
data=$(from_caller "${1:-${SPARSE_ROBUST_DATA:?usage: train-attack-compare.sh DATA_DIR [OUT]}}")
out=runs/cifar10-vgg16-quarter
[ -z "${2:-}" ] || out=$(from_caller "$2")
density=${DENSITY:-0.1} epochs=${EPOCHS:-5} samples=${SAMPLES:-1000} seed=${SEED:-1}
mkdir -p "$out"

common=(--data cifar10 --data-dir "$data" --model vgg16 --width 0.25 --objective trades --seed "$seed" --force)
attack() { bin/attack-eval.js --data-dir "$data" --attacks fgsm,pgd50x1 --samples "$samples" --seed "$seed"; }

bin/sparse-train.js "${common[@]}" --density "$density" --epochs "$epochs" --out "$out/ours" | attack >"$out/ours.ndjson"

# The same number of kept weights, and the same epochs in all: two fifths, one fifth, two fifths.
connections=$(node -e '
  const lines = require("node:fs").readFileSync(process.argv[1], "utf8").trim().split("\n").map((line) => JSON.parse(line));
  console.log(lines.find((record) => record.type === "checkpoint" && record.role === "final").connections);
' "$out/ours.ndjson")
bin/prune-hydra.js "${common[@]}" --connections "$connections" --out "$out/hydra" \
  --pretrain-epochs $((epochs * 2 / 5)) --prune-epochs $((epochs / 5)) --finetune-epochs $((epochs * 2 / 5)) |
  attack >"$out/hydra.ndjson"

bin/compare.js --baseline "$out/hydra.ndjson" "$out/ours.ndjson" | tee "$out/table.md"
