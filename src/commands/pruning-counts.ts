/** How many weights each layer of a network keeps when it is pruned, and what density that comes to. */
import { UsageError } from "../core/errors.js";
import type { Network } from "../models/network.js";
import { weightLayers } from "../models/shapes.js";
import { type Allocation, allocatedCounts } from "../pruning/allocation.js";
import { masksOf } from "../pruning/masked-network.js";
import type { StageName } from "../pruning/stage.js";
import type { PruningSource } from "./pruning-source.js";

export interface KeptChoice {
  readonly stages: readonly StageName[];
  readonly source: PruningSource | null;
  readonly allocation: Allocation | null;
}

/** As allocated; when only fine-tuning, by the masks of the source, which an allocation that is given must agree with. */
export function keptWeights(network: Network, { stages, source, allocation }: KeptChoice): ReadonlyMap<string, number> {
  const layers = weightLayers(network.graph, network.input);
  if (stages[0] !== "finetune")
    return allocatedCounts(layers, allocation ?? { kind: "uniform", target: { density: 1 } });
  const kept = new Map([...masksOf(network)].map(([name, mask]) => [name, mask.length]));
  if (allocation === null) return kept;
  requireSameDensity(source, allocation);
  for (const [name, count] of allocatedCounts(layers, allocation)) {
    const found = kept.get(name) ?? "all";
    if (found !== count)
      throw new UsageError(
        `${source?.path}: keeps ${found} weights of layer ${name}, ${count} were asked for; fine-tuning takes the mask as it is`,
      );
  }
  return kept;
}

/** As asked for, or as the source says it was; else what the kept weights come to. */
export function densityOf(
  network: Network,
  kept: ReadonlyMap<string, number>,
  { stages, source, allocation }: KeptChoice,
): number {
  if (allocation !== null && allocation.kind !== "budget-of" && "density" in allocation.target)
    return allocation.target.density;
  const known = stages[0] === "finetune" ? source?.checkpoint.density : undefined;
  if (known !== undefined) return known;
  const sizes = weightLayers(network.graph, network.input).filter(({ rewire }) => rewire);
  return sum(kept.values()) / sum(sizes.map(({ size }) => size));
}

function requireSameDensity(source: PruningSource | null, allocation: Allocation): void {
  const known = source?.checkpoint.density;
  if (known === undefined || allocation.kind === "budget-of" || !("density" in allocation.target)) return;
  const { density } = allocation.target;
  if (density !== known)
    throw new UsageError(
      `--density ${density}: ${source?.path} was pruned to density ${known}, which fine-tuning keeps; leave --density out`,
    );
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
