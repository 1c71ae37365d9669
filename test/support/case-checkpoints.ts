/** Checkpoints for the case tests: sound ones, and each kind of damage. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stream } from "../../src/core/rng.js";
import { formatSafetensors } from "../../src/formats/safetensors-write.js";
import type { Graph } from "../../src/models/graph.js";
import type { Network, Tensor } from "../../src/models/network.js";
import { writeNetworkFile } from "../../src/models/network-file.js";
import { parameterShapes } from "../../src/models/shapes.js";
import { checkpointMetadata } from "../../src/records/checkpoint.js";

const GRAPH: Graph = [
  {
    name: "conv1",
    op: "conv",
    inputs: ["input"],
    filters: 4,
    kernel: 3,
    stride: 2,
    padding: "same",
    bias: false,
    rewire: true,
  },
  { name: "relu1", op: "relu", inputs: ["conv1"] },
  { name: "pool1", op: "avgpool", inputs: ["relu1"], size: 4, stride: 4 },
  { name: "flatten", op: "flatten", inputs: ["pool1"], order: "chw" },
  { name: "fc", op: "dense", inputs: ["flatten"], units: 10, bias: true, rewire: true },
];
const INPUT = [32, 32, 1] as const;

/** sha256 of each sound file, by name. */
export type Digests = ReadonlyMap<string, string>;

/** Writes all of them into `folder`. */
export async function writeCheckpoints(folder: string): Promise<Digests> {
  const at = (name: string) => join(folder, name);
  const toy = await writeNetworkFile(at("toy.safetensors"), toyNetwork(1), description("bayes", "best"));
  const other = await writeNetworkFile(at("other.safetensors"), toyNetwork(2), description("hydra", "final"));
  const { data: _data, ...nameless } = description("bayes", "best");
  await writeNetworkFile(at("nameless.safetensors"), toyNetwork(1), nameless);
  writeDamaged(folder, readFileSync(at("toy.safetensors")));
  writeFileSync(at("wrong-shape.safetensors"), Buffer.concat(wrongShape()));
  return new Map([
    ["toy.safetensors", toy.sha256],
    ["other.safetensors", other.sha256],
  ]);
}

/** Random weights: some images are right by chance, and attacks have something to take. */
function toyNetwork(seed: number): Network {
  const shapes = [...parameterShapes(GRAPH, INPUT)];
  const tensors = new Map(shapes.map(([name, shape], i): [string, Tensor] => [name, normalTensor(shape, seed, i)]));
  return { input: INPUT, classes: 10, graph: GRAPH, tensors };
}

function normalTensor(shape: readonly number[], seed: number, which: number): Tensor {
  const values = new Float32Array(shape.reduce((product, extent) => product * extent, 1));
  stream(seed, "initial-weight", which).fillNormal(values, 0.3);
  return { type: "dense", shape, values };
}

function description(method: string, role: string) {
  const facts = { method, role, density: 1, objective: "at", seed: 1, step: 10, epoch: 1 };
  return { ...facts, model: { name: "toy" }, data: { name: "sample" }, config: { epsilon: "8/255" }, tool: "0.1.0" };
}

function writeDamaged(folder: string, sound: Buffer): void {
  writeFileSync(join(folder, "truncated.safetensors"), sound.subarray(0, sound.length - 100));
  const flipped = Buffer.from(sound);
  flipped[flipped.length - 10] = (flipped.at(-10) ?? 0) ^ 1;
  writeFileSync(join(folder, "flipped.safetensors"), flipped);
  const long = Buffer.from(sound);
  long.writeBigUInt64LE(2n ** 40n);
  writeFileSync(join(folder, "long-header.safetensors"), long);
  writeFileSync(join(folder, "empty.safetensors"), "");
}

/** A whole file whose last layer has an input less than the graph asks for. */
function wrongShape(): Uint8Array[] {
  const { tensors } = toyNetwork(1);
  const stored = [...tensors].map(([name, { shape, values }]) =>
    name === "fc.weight"
      ? ([name, { shape: [10, 63], values: values.slice(0, 630) }] as const)
      : ([name, { shape, values }] as const),
  );
  const [height, width, channels] = INPUT;
  const text = { ...description("bayes", "best"), input: [height, width, channels] satisfies [number, number, number] };
  const metadata = checkpointMetadata({ ...text, classes: 10, graph: [...GRAPH] });
  return formatSafetensors({ metadata, tensors: new Map(stored) });
}
