#!/usr/bin/env bash
# The whole pipeline on the embedded sample, in two to three minutes on two cores: a sparse robust network trained from its
# first step, a HYDRA-pruned one with as many weights, both attacked, compared in a table, a figure and a page with pictures.
# Installs and builds first where that has not been done. Results: runs/quickstart (made anew each time).
set -euo pipefail
cd "$(dirname "$0")/.."

command -v node >/dev/null || { echo "quickstart: node is missing; install Node.js 20.19 or newer (below 23)" >&2; exit 2; }
if [ ! -f native/build/Release/sparse_robust.node ] || [ ! -f dist/src/index.js ]; then
  echo "Installing and building (once, about a minute)" >&2
  npm ci --no-fund --no-audit --loglevel=error >&2
fi
PATH="$PWD/node_modules/.bin:$PATH"
out=runs/quickstart
mkdir -p "$out"

connections=1095 # 10 % of tinycnn's 10,952 kernel weights
common=(--data sample --model tinycnn --objective trades --connections "$connections" --force)
attacks=(--attacks fgsm,pgd50x1 --force)

echo "1/3  sparse from the first step (Bayesian connectivity sampling)" >&2
bin/sparse-train.js "${common[@]}" --epochs 22 --out "$out/ours" |
  bin/attack-eval.js "${attacks[@]}" --pictures "$out/ours.png" >"$out/ours.ndjson"
echo "2/3  dense pre-training, HYDRA pruning, fine-tuning: equal weights, equal image-steps" >&2
bin/prune-hydra.js "${common[@]}" --pretrain-epochs 10 --prune-epochs 2 --finetune-epochs 10 --out "$out/hydra" |
  bin/attack-eval.js "${attacks[@]}" --pictures "$out/hydra.png" >"$out/hydra.ndjson"
echo "3/3  the comparison" >&2
compared=(--baseline "$out/hydra.ndjson" "$out/ours.ndjson" --force)
bin/compare.js "${compared[@]}" --plot "$out/attacks.svg" --figure attacks | tee "$out/table.md"
bin/compare.js "${compared[@]}" --format html --out "$out/report.html"
echo "In $out: records, checkpoints, table.md, attacks.svg, and report.html with the adversarial pictures" >&2
