/** `--allocation`: how the layers of a network that is pruned share the weights that are kept. */
import { InputError, UsageError } from "../core/errors.js";
import { readNetworkFile } from "../models/network-file.js";
import type { Allocation } from "../pruning/allocation.js";
import { masksOf } from "../pruning/masked-network.js";
import type { Target } from "../sparsity/connectivity.js";
import { type DensityValues, givenDensities } from "./density-options.js";
import { allocationRules } from "./prune-hydra-options.js";

export interface AllocationOptions extends DensityValues {
  readonly allocation: string;
}

export interface ChosenAllocation {
  /** Null where a stage alone asks for no number of weights. */
  readonly allocation: Allocation | null;
  /** What it comes to, by config key: a digest in place of a path. */
  readonly identity: Readonly<Record<string, string>>;
}

/** Reads the checkpoint of "budget-of CHECKPOINT". UsageError for another rule or a density beside it, InputError for a dense network. */
export async function chosenAllocation(options: AllocationOptions, target: Target | null): Promise<ChosenAllocation> {
  const { allocation } = options;
  const rule = allocationRules.find((known) => known === allocation);
  if (rule !== undefined) return { allocation: target && { kind: rule, target }, identity: { allocation } };
  const [, path] = /^budget-of[ =:]\s*(.+)$/.exec(allocation) ?? [];
  if (path === undefined) throw noSuchRule(allocation);
  const [density] = givenDensities(options);
  if (density !== undefined)
    throw new UsageError(
      `--${density}: --allocation budget-of brings the weights of each layer; leave one of the two out`,
    );
  const { network, sha256 } = await readNetworkFile(path);
  const counts = new Map([...masksOf(network)].map(([name, mask]) => [name, mask.length]));
  if (counts.size === 0)
    throw new InputError(`${path}: is dense; --allocation budget-of takes a sparse network's layout`);
  return {
    allocation: { kind: "budget-of", counts, path },
    identity: { budgetOf: sha256 },
  };
}

function noSuchRule(allocation: string): UsageError {
  if (allocation.startsWith("budget-of"))
    return new UsageError(
      '--allocation budget-of: the checkpoint is missing; give both as one: --allocation "budget-of FILE"',
    );
  return new UsageError(
    `--allocation ${allocation}: is not one of ${allocationRules.join(", ")}, "budget-of CHECKPOINT"`,
  );
}
