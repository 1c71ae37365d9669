#!/usr/bin/env bash
# Sparse training against pruning under equal terms: the same data, network, loss, kept kernel weights, image-steps (or
# forward-equivalents) and evaluation, over several seeds and densities. One dense pre-training a seed serves all pruning
# methods. Whatever is finished is left alone, so an interrupted comparison goes on with the same command.
#
# Usage: fair-comparison.sh DATA_DIR [OUT]      OUT: default runs/fair-comparison in this repository
#
# From the environment (in brackets what it is otherwise):
#   DATA [cifar10]  MODEL [vgg16]  WIDTH [1]  OBJECTIVE [trades]  PSEUDO [none: FILE of --rst-data, for OBJECTIVE=rst]
#   DENSITIES ["0.1 0.01"]  SEEDS ["1 2 3"]  SPARSE ["bayes"]: modes of sparse-train  PRUNED ["hydra lwm admm random"]
#   STAGES ["91 18 91"]: epochs of pretrain, prune, finetune; what a method does not prune with it fine-tunes longer
#   BUDGET [image-steps]: sparse-train has as many epochs as STAGES together; or forward-equivalents: as many as their cost pays
#   LAYOUT [own]: every method shares out its weights in its own way; or same: pruning takes each layer's count of sparse training
#   ATTACKS [fgsm,pgd50]  SAMPLES [the whole test set]  MORE, MORE_PRUNED, MORE_SPARSE: further options of training, of one side
set -euo pipefail
caller=$PWD
cd "$(dirname "$0")/.."
from_caller() { case $1 in /*) echo "$1" ;; *) echo "$caller/$1" ;; esac; }
images=$(from_caller "${1:?usage: fair-comparison.sh DATA_DIR [OUT]}")
out=runs/fair-comparison
[ -z "${2:-}" ] || out=$(from_caller "$2")
data=${DATA:-cifar10} model=${MODEL:-vgg16} width=${WIDTH:-1} objective=${OBJECTIVE:-trades} budget=${BUDGET:-image-steps}
read -r pretrain prune finetune <<<"${STAGES:-91 18 91}"
read -ra more <<<"${MORE:-}"
read -ra more_pruned <<<"${MORE_PRUNED:-}"
read -ra more_sparse <<<"${MORE_SPARSE:-}"
mkdir -p "$out"

# 1. The same images, labels and loss for all. (sparse-train leaves out an epoch's last, short batch, as its publication does.)
common=(--data "$data" --data-dir "$images" --objective "$objective" "${more[@]}")
[ -z "${PSEUDO:-}" ] || common+=(--rst-data "$(from_caller "$PSEUDO")")
network=(--model "$model" --width "$width")

field() { # FILE NAME: of the final checkpoint's record
  node -e '
    const records = require("node:fs").readFileSync(process.argv[1], "utf8").trim().split("\n").map((line) => JSON.parse(line));
    console.log(records.filter((record) => record.type === "checkpoint" && record.role === "final").at(-1)[process.argv[2]]);
  ' "$1" "$2"
}

# Trains into OUT/NAME, or goes on with it. A run that is done is left alone.
trained() { # NAME COMMAND OPTION...
  local name=$1 command=$2
  shift 2
  [ -e "$out/$name.trained" ] && return
  local how=--force
  [ -e "$out/$name/state.safetensors" ] && how=--resume
  echo "$name: ${how#--} $command" >&2
  "bin/$command.js" "$@" --out "$out/$name" "$how" >"$out/$name.records"
  touch "$out/$name.trained"
}

# Attacks what NAME trained, once. The same images, attack and seed for all.
attacked() { # NAME SEED
  [ -e "$out/$1.ndjson" ] && return
  local samples=()
  [ -z "${SAMPLES:-}" ] || samples=(--samples "$SAMPLES")
  bin/attack-eval.js --data-dir "$images" --attacks "${ATTACKS:-fgsm,pgd50}" "${samples[@]}" --seed "$2" \
    <"$out/$1.records" >"$out/$1.partial"
  mv "$out/$1.partial" "$out/$1.ndjson"
}

cost() { # COMMAND OPTION...: forward passes that one image costs in a step
  local command=$1
  shift
  "bin/$command.js" "$@" --dry-run 2>&1 | tee /dev/stderr | sed -n 's/.* costs \([0-9]*\) forward passes an image.*/\1/p' | grep . ||
    { echo "$command --dry-run does not say what an image costs" >&2 && return 2; }
}

sparse=("${common[@]}" "${network[@]}" "${more_sparse[@]}")
pruned=("${common[@]}" "${more_pruned[@]}")

# 2. One budget: as many passes over the images as all stages of pruning have together, or as their cost pays.
epochs=$((pretrain + prune + finetune))
case $budget in
  image-steps) ;;
  forward-equivalents)
    paid=$(cost prune-hydra "${pruned[@]}" "${network[@]}")
    price=$(cost sparse-train "${sparse[@]}")
    epochs=$((epochs * paid / price))
    ;;
  *) echo "BUDGET is $budget; it is image-steps or forward-equivalents" >&2 && exit 2 ;;
esac

for seed in ${SEEDS:-1 2 3}; do
  trained "pretrain-$seed" prune-hydra "${pruned[@]}" "${network[@]}" --seed "$seed" --stage pretrain --pretrain-epochs "$pretrain"
  for density in ${DENSITIES:-0.1 0.01}; do
    first=
    for mode in ${SPARSE:-bayes}; do
      name="$mode-$density-$seed"
      first=${first:-$name}
      trained "$name" sparse-train "${sparse[@]}" --seed "$seed" --mode "$mode" --density "$density" --epochs "$epochs"
      attacked "$name" "$seed"
    done
    # 3. As many kept kernel weights in all, whatever each layer has of them; or the same in each layer too.
    keep=(--connections "$(field "$out/$first.records" connections)")
    [ "${LAYOUT:-own}" = own ] || keep=(--allocation "budget-of $out/$first/final.safetensors")
    for method in ${PRUNED:-hydra lwm admm random}; do
      name="$method-$density-$seed"
      case $method in
        hydra | admm) stages=(--prune-epochs "$prune" --finetune-epochs "$finetune") ;;
        *) stages=(--finetune-epochs $((prune + finetune))) ;;
      esac
      trained "$name" prune-hydra "${pruned[@]}" --seed "$seed" --method "$method" "${keep[@]}" "${stages[@]}" \
        "$out/pretrain-$seed/pretrain.safetensors"
      attacked "$name" "$seed"
    done
  done
done

# 4. One table a density: accuracies beside image-steps, forward-equivalents, density of the network and of its layers,
#    multiply-adds and bytes. Seeds of one method are one column: mean, standard deviation, difference paired by seed.
read -r baseline _ <<<"${PRUNED:-hydra}"
[ "$baseline" != random ] || baseline=prune-random
for density in ${DENSITIES:-0.1 0.01}; do
  files=()
  for method in ${PRUNED:-hydra lwm admm random} ${SPARSE:-bayes}; do
    for seed in ${SEEDS:-1 2 3}; do files+=("$out/$method-$density-$seed.ndjson"); done
  done
  printf 'Density %s\n\n' "$density"
  bin/compare.js --baseline "$baseline" "${files[@]}"
  echo
done | tee "$out/tables.md"
