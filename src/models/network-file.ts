/** Checkpoint files: a network and what is known of it, read with suspicion, written whole or not at all. */
import { InputError } from "../core/errors.js";
import { requireFileDigest } from "../formats/file-digest.js";
import { readSafetensors, type StoredArray } from "../formats/safetensors.js";
import { type WritableTensor, writeSafetensors } from "../formats/safetensors-write.js";
import {
  type CheckpointDescription,
  type CheckpointText,
  checkpointMetadata,
  parseCheckpointText,
} from "../records/checkpoint.js";
import type { Network, Tensor } from "./network.js";
import { refuseOtherKinds } from "./other-kinds.js";
import { parseGraph } from "./parse-graph.js";
import { inferShapes, parameterShapes } from "./shapes.js";
import { parseTensors } from "./stored-tensors.js";
import { toDense, toStored } from "./tensor-storage.js";

export interface NetworkFile {
  readonly network: Network;
  readonly checkpoint: CheckpointText;
  /** Of the whole file. */
  readonly sha256: string;
  readonly bytes: number;
}

/**
 * Reads a checkpoint from anywhere. `sha256` is what a record says of the file. InputError, naming the file and the tensor or
 * field, what was found and what would be right, unless the file holds one whole network and nothing else.
 */
export async function readNetworkFile(path: string, recorded?: { readonly sha256: string }): Promise<NetworkFile> {
  if (recorded !== undefined) await requireFileDigest(path, recorded.sha256);
  else await refuseOtherKinds(path);
  const { metadata, tensors, sha256, bytes } = await readSafetensors(path);
  const checkpoint = parseCheckpointText(metadata, path);
  const { input, classes, shapes = {} } = checkpoint;
  const graph = parseGraph(checkpoint.graph, path);
  const expected = within(path, () => parameterShapes(graph, input));
  within(path, () => requireLogits({ input, classes, graph }));
  const network = { input, classes, graph, tensors: parseTensors({ file: path, expected, stored: tensors, shapes }) };
  return { network, checkpoint, sha256, bytes };
}

export interface WriteOptions {
  /** Every weight with all its entries, for readers that know no connections. */
  readonly dense?: boolean;
}

/**
 * Writes a checkpoint atomically: kernels as their connections where they are masked or sparse (`toStored`), all else dense.
 * The text's input, classes, graph and shapes are the network's. Gives digest and size; errors as `writeAtomically`.
 */
export async function writeNetworkFile(
  path: string,
  network: Network,
  description: CheckpointDescription,
  options: WriteOptions = {},
): Promise<{ sha256: string; bytes: number }> {
  const { tensors, shapes } = storedTensors(network, options.dense ? toDense : toStored);
  const [height, width, channels] = network.input;
  const own = {
    input: [height, width, channels] satisfies CheckpointText["input"],
    classes: network.classes,
    // Parsed for the order of its keys, which is part of the bytes.
    graph: [...parseGraph(network.graph, path)],
    shapes,
  };
  // Twice: first for the order again, last because a description may be another file's text.
  return writeSafetensors(path, { metadata: checkpointMetadata({ ...own, ...description, ...own }), tensors });
}

function requireLogits({ input, classes, graph }: Pick<Network, "input" | "classes" | "graph">): void {
  const last = graph.at(-1);
  const output = inferShapes(graph, input).get(last?.name ?? "input");
  if (output?.flat && output.channels === classes) return;
  const found = output?.flat ? `a vector of ${output.channels}` : "no vector";
  throw new InputError(
    `the last layer, "${last?.name}", gives ${found}; ${classes} classes need a vector of ${classes} logits`,
  );
}

function within<Result>(file: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof InputError) throw new InputError(`${file}: ${error.message}`, { cause: error });
    throw error;
  }
}

function storedTensors({ graph, input, tensors }: Network, toForm: (tensor: Tensor) => Tensor) {
  const stored = new Map<string, WritableTensor>();
  const shapes: Record<string, number[]> = {};
  for (const [name, shape] of parameterShapes(graph, input)) {
    const tensor = tensors.get(name);
    if (tensor?.shape.join() !== shape.join()) throw new Error(`the network's "${name}" is not [${shape.join(", ")}]`);
    const form = toForm(tensor);
    if (form.type === "connections") shapes[name] = shape;
    for (const [part, values] of parts(form)) {
      stored.set(name + part, { shape: part === "" ? shape : [values.length], values });
    }
  }
  return { tensors: stored, shapes };
}

function parts(tensor: Tensor): readonly (readonly [string, StoredArray])[] {
  if (tensor.type === "dense") return [["", tensor.values]];
  return [
    [".index", tensor.index],
    [".value", tensor.values],
  ];
}
