/** `state.safetensors`: everything that a resumed run needs to end in the same bytes as one that was never stopped. */
import { z } from "zod";
import { InputError } from "../core/errors.js";
import type { StateTensor } from "../engines/engine.js";
import type { StoredArray, StoredTensor } from "../formats/safetensors.js";
import type { Network, Tensor } from "../models/network.js";
import { parameterShapes } from "../models/shapes.js";
import { readStateFile, writeStateFile } from "../models/state-file.js";
import { parseTensors } from "../models/stored-tensors.js";
import { trainerStateSchema } from "./trainer-state.js";

const textSchema = z.object({
  command: z.string(),
  run: z.string().min(1),
  /** What alters the result; a resumed run must have the same. */
  config: z.record(z.string(), z.unknown()),
  /** Digest of the training images. */
  data: z.string(),
  /** Length of `records.ndjson` when the state was saved; what stands behind it is written again. */
  recordsBytes: z.int().min(0),
  /** A run that is done has no arrays any more. */
  isDone: z.boolean(),
  trainer: trainerStateSchema,
  /** Of the command alone. */
  extra: z.unknown(),
});

export type RunStateText = z.output<typeof textSchema>;

export type StateArrays = ReadonlyMap<string, StateTensor>;

export interface RunArrays {
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Of the engine, beyond the network: momenta, the recently dead. */
  readonly engine: StateArrays;
  /** Of the update. */
  readonly update: StateArrays;
}

export interface RunState {
  readonly text: RunStateText;
  /** The network as it was; what the file lacks or has too much is an InputError. */
  network(shape: Omit<Network, "tensors">): Network;
  readonly engine: StateArrays;
  readonly update: StateArrays;
}

export async function writeRunState(path: string, text: RunStateText, arrays: RunArrays | null): Promise<void> {
  await writeStateFile(path, { text, arrays: arrays === null ? new Map() : named(arrays) });
}

/** InputError, naming the file, when it is no saved run or damaged. */
export async function readRunState(path: string): Promise<RunState> {
  const { text, arrays } = await readStateFile(path);
  const parsed = textSchema.safeParse(text);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new InputError(`${path}: malformed state: ${issue?.path.join(".")}: ${issue?.message}`);
  }
  return {
    text: parsed.data,
    network: (shape) => ({ ...shape, tensors: networkTensors(path, shape, withPrefix(arrays, "network.")) }),
    engine: stateTensors(path, withPrefix(arrays, "engine.")),
    update: stateTensors(path, withPrefix(arrays, "update.")),
  };
}

function named({ tensors, engine, update }: RunArrays): Map<string, StoredArray> {
  const arrays = new Map<string, StoredArray>();
  for (const [name, tensor] of tensors) {
    if (tensor.type === "connections") arrays.set(`network.${name}.index`, tensor.index);
    arrays.set(`network.${name}${tensor.type === "connections" ? ".value" : ""}`, tensor.values);
  }
  for (const [name, { values }] of engine) arrays.set(`engine.${name}`, values);
  for (const [name, { values }] of update) arrays.set(`update.${name}`, values);
  return arrays;
}

function withPrefix(arrays: ReadonlyMap<string, StoredArray>, prefix: string): Map<string, StoredArray> {
  const found = [...arrays].filter(([name]) => name.startsWith(prefix));
  return new Map(found.map(([name, values]) => [name.slice(prefix.length), values]));
}

function stateTensors(path: string, arrays: ReadonlyMap<string, StoredArray>): Map<string, StateTensor> {
  return new Map([...arrays].map(([name, values]) => [name, stateTensor(values, `${path}: tensor "${name}"`)]));
}

function stateTensor(values: StoredArray, place: string): StateTensor {
  if (values instanceof Float32Array) return { type: "f32", values };
  if (values instanceof Uint32Array) return { type: "u32", values };
  throw new InputError(`${place}: is neither F32 nor U32, which a saved run has`);
}

/** State files keep flat arrays; the graph knows the shapes. */
function networkTensors(
  file: string,
  { graph, input }: Omit<Network, "tensors">,
  arrays: ReadonlyMap<string, StoredArray>,
): Map<string, Tensor> {
  const expected = parameterShapes(graph, input);
  const stored = new Map([...arrays].map(([name, values]) => [name, shaped(values, expected.get(name))]));
  return parseTensors({ file, expected, stored, shapes: Object.fromEntries(expected) });
}

function shaped(values: StoredArray, shape: readonly number[] | undefined): StoredTensor {
  const size = shape?.reduce((all, one) => all * one, 1);
  const dtype = values instanceof Float32Array ? "F32" : values instanceof Uint32Array ? "U32" : "U8";
  return { dtype, shape: shape !== undefined && size === values.length ? shape : [values.length], values };
}
