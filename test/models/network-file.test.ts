import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { InputError } from "../../src/core/errors.js";
import { readSafetensors } from "../../src/formats/safetensors.js";
import { type WritableTensor, writeSafetensors } from "../../src/formats/safetensors-write.js";
import type { Network, Tensor } from "../../src/models/network.js";
import { readNetworkFile, writeNetworkFile } from "../../src/models/network-file.js";
import { parseGraph } from "../../src/models/parse-graph.js";
import { toConnections, toDense } from "../../src/models/tensor-storage.js";
import { everyLayer } from "../support/small-networks.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const GRAPH = [
  { name: "conv1", op: "conv", filters: 2, kernel: 1 },
  { name: "bn1", op: "batchnorm" },
  { name: "flatten", op: "flatten" },
  { name: "fc", op: "dense", units: 2, bias: false },
];

const floats = (shape: number[], ...values: number[]) => ({ shape, values: Float32Array.from(values) });
const ones = { shape: [2], values: Float32Array.of(1, 1) };

/** The tensors of GRAPH on 1×1 images of 3 channels, its dense kernel as connections. */
function smallTensors(): Map<string, WritableTensor> {
  return new Map<string, WritableTensor>([
    ["conv1.weight", floats([2, 3, 1, 1], 1, 2, 3, 4, 5, 6)],
    ["bn1.weight", ones],
    ["bn1.bias", ones],
    ["bn1.running_mean", ones],
    ["bn1.running_var", ones],
    ["fc.weight.index", { shape: [2], values: Uint32Array.of(1, 2) }],
    ["fc.weight.value", floats([2], 7, 0)],
  ]);
}

const TEXT = { input: [1, 1, 3], classes: 2, graph: GRAPH, shapes: { "fc.weight": [2, 2] } };

interface Changes {
  readonly tensors?: (tensors: Map<string, WritableTensor>) => unknown;
  readonly text?: object;
  readonly metadata?: Readonly<Record<string, string>>;
}

async function written(context: TestContext, { tensors = () => undefined, text = {}, metadata = {} }: Changes) {
  const path = join(temporaryFolder(context), "a.safetensors");
  const all = smallTensors();
  tensors(all);
  const entries = { format: "sparse-robust/1", checkpoint: JSON.stringify({ ...TEXT, ...text }), ...metadata };
  await writeSafetensors(path, { metadata: new Map(Object.entries(entries)), tensors: all });
  return path;
}

async function refused(context: TestContext, changes: Changes, pattern: RegExp): Promise<void> {
  const path = await written(context, changes);
  await assert.rejects(readNetworkFile(path), (error) => {
    assert.ok(error instanceof InputError, String(error));
    assert.ok(error.message.startsWith(`${path}: `), error.message);
    assert.match(error.message, pattern);
    return true;
  });
}

test("a file with input, classes, graph and tensors is enough", async (context) => {
  const { network, checkpoint } = await readNetworkFile(await written(context, {}));
  assert.deepEqual(network.input, [1, 1, 3]);
  assert.equal(network.classes, 2);
  assert.deepEqual(network.graph, parseGraph(GRAPH, "x"));
  assert.deepEqual(
    [...network.tensors.keys()],
    [...["conv1.weight", "bn1.weight", "bn1.bias", "bn1.running_mean", "bn1.running_var", "fc.weight"]],
  );
  assert.deepEqual(network.tensors.get("fc.weight"), {
    ...{ type: "connections", shape: [2, 2] },
    ...{ index: Uint32Array.of(1, 2), values: Float32Array.of(7, 0) },
  });
  assert.equal(checkpoint.method, undefined);
});

test("method, objective and fields that nobody knows are kept as they are", async (context) => {
  const text = { method: "lottery", objective: "fgsm-rs", extra: { a: [1] } };
  const { checkpoint } = await readNetworkFile(await written(context, { text }));
  assert.deepEqual([checkpoint.method, checkpoint.objective, checkpoint.extra], ["lottery", "fgsm-rs", { a: [1] }]);
});

/** Every layer of the contract; a masked kernel with a zero, an empty one, a sparse and a dense one. */
function variedNetwork(): Network {
  const network = everyLayer();
  const tensors = new Map<string, Tensor>(network.tensors);
  const kernels = [...tensors.keys()].filter((name) => (tensors.get(name)?.shape.length ?? 0) > 1);
  const change = (i: number, form: (values: Float32Array, shape: readonly number[]) => Tensor) => {
    const { values, shape } = toDense(tensors.get(kernels[i] ?? "") ?? assert.fail());
    tensors.set(kernels[i] ?? "", form(values, shape));
  };
  change(0, (values, shape) => toConnections({ type: "dense", shape, values: values.with(3, -0) }));
  change(1, (_, shape) => ({ type: "connections", shape, index: new Uint32Array(0), values: new Float32Array(0) }));
  change(2, (values, shape) => ({ type: "dense", shape, values: values.map((value, i) => (i % 3 ? 0 : value)) }));
  return { ...network, tensors };
}

test("a network of every layer is read back as it was, and written again in the same bytes", async (context) => {
  const folder = temporaryFolder(context);
  const first = join(folder, "a");
  const second = join(folder, "b");
  const dense = join(folder, "c");
  const network = variedNetwork();
  const description = { model: { name: "x", width: 0.5 }, method: "bayes", density: 0.1, seed: 0, parent: null };
  const stored = await writeNetworkFile(first, network, description);
  assert.equal(stored.sha256, createHash("sha256").update(readFileSync(first)).digest("hex"));
  const read = await readNetworkFile(first, stored);
  assert.deepEqual([read.sha256, read.bytes], [stored.sha256, readFileSync(first).length]);
  for (const [name, tensor] of network.tensors)
    assert.deepEqual(toDense(read.network.tensors.get(name) ?? assert.fail()), toDense(tensor), name);
  for (const [key, value] of Object.entries(description)) assert.deepEqual(read.checkpoint[key], value);
  await writeNetworkFile(second, read.network, read.checkpoint);
  assert.ok(readFileSync(second).equals(readFileSync(first)));
  await writeNetworkFile(dense, network, description, { dense: true });
  assert.ok([...(await readNetworkFile(dense)).network.tensors.values()].every(({ type }) => type === "dense"));
});

test("masked kernels are stored as connections at any density, others below one half", async (context) => {
  const path = join(temporaryFolder(context), "a");
  const network = variedNetwork();
  await writeNetworkFile(path, network, {});
  const { tensors } = await readSafetensors(path);
  for (const [name, tensor] of network.tensors) {
    const values = toDense(tensor).values;
    const isSparse = tensor.type === "connections" || 2 * values.filter((value) => value !== 0).length < values.length;
    assert.equal(tensors.has(`${name}.index`), isSparse && tensor.shape.length > 1, name);
    assert.notEqual(tensors.has(name), tensors.has(`${name}.index`), name);
  }
});

test("a file that changed since its record is told from a damaged one", async (context) => {
  const path = await written(context, {});
  const record = { sha256: "0".repeat(64) };
  await assert.rejects(readNetworkFile(path, record), (error) => {
    assert.ok(error instanceof InputError);
    assert.match(
      error.message,
      /: the file changed since its record: its sha256 is [0-9a-f]{64}, the record says 0{64}; /,
    );
    return true;
  });
  writeFileSync(path, "");
  await assert.rejects(readNetworkFile(path, record), /the file changed since its record/);
});

test("a missing, extra or twice stored tensor is named", async (context) => {
  await refused(
    context,
    { tensors: (all) => all.delete("bn1.bias") },
    /tensor "bn1\.bias": is missing; the graph needs F32 \[2\]/,
  );
  await refused(
    context,
    { tensors: (all) => all.delete("fc.weight.value") },
    /tensor "fc\.weight": has an index but no value/,
  );
  await refused(
    context,
    { tensors: (all) => all.delete("fc.weight.index") },
    /tensor "fc\.weight": is missing; the graph needs F32 \[2, 2\]/,
  );
  await refused(
    context,
    { tensors: (all) => all.set("bn1.weigth", ones) },
    /tensor "bn1\.weigth": belongs to no layer of the graph; did you mean "bn1\.weight"\?/,
  );
  const dense = floats([2, 2], 1, 2, 3, 4);
  await refused(context, { tensors: (all) => all.set("fc.weight", dense) }, /tensor "fc\.weight": is stored twice/);
});

test("a tensor of another shape or type is refused with both", async (context) => {
  const turned = floats([3, 2, 1, 1], 1, 2, 3, 4, 5, 6);
  await refused(
    context,
    { tensors: (all) => all.set("conv1.weight", turned) },
    /tensor "conv1\.weight": has the shape \[3, 2, 1, 1\]; the graph needs \[2, 3, 1, 1\]/,
  );
  const integers = { shape: [2], values: Int32Array.of(1, 1) };
  await refused(
    context,
    { tensors: (all) => all.set("bn1.bias", integers) },
    /tensor "bn1\.bias": is I32; F32 would be right/,
  );
  await refused(
    context,
    { tensors: (all) => all.set("fc.weight.index", integers) },
    /tensor "fc\.weight": index: is I32; U32 would be right/,
  );
  await refused(
    context,
    { tensors: (all) => all.set("fc.weight.value", floats([1], 1)) },
    /tensor "fc\.weight": value: has the shape \[1\]; the graph needs \[2\]/,
  );
  await refused(
    context,
    { text: { shapes: { "fc.weight": [4, 1] } } },
    /tensor "fc\.weight" \(in "shapes"\): has the shape \[4, 1\]; the graph needs \[2, 2\]/,
  );
  await refused(
    context,
    { text: { shapes: {} } },
    /tensor "fc\.weight": no shape in the checkpoint text's "shapes"; \[2, 2\] would be right/,
  );
});

test("positions must ascend and lie in the kernel", async (context) => {
  const index = (...positions: number[]) => ({
    tensors: (all: Map<string, WritableTensor>) =>
      all.set("fc.weight.index", { shape: [2], values: Uint32Array.from(positions) }),
  });
  await refused(context, index(2, 1), /tensor "fc\.weight": index: entry 1 is 1 after 2; positions must ascend/);
  await refused(context, index(2, 2), /tensor "fc\.weight": index: entry 1 is 2 after 2; positions must ascend/);
  await refused(
    context,
    index(1, 4),
    /tensor "fc\.weight": index: entry 1 is 4; a kernel of \[2, 2\] has positions below 4/,
  );
  await refused(context, index(1, 2 ** 32 - 1), /entry 1 is 4294967295; .* below 4/);
});

test("values must be finite, and variances not negative", async (context) => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    const message = new RegExp(`entry 1 is ${value}; all values must be finite`);
    await refused(context, { tensors: (all) => all.set("bn1.bias", floats([2], 0, value)) }, message);
    await refused(context, { tensors: (all) => all.set("fc.weight.value", floats([2], 0, value)) }, message);
  }
  await refused(
    context,
    { tensors: (all) => all.set("bn1.running_var", floats([2], 1, -1)) },
    /tensor "bn1\.running_var": entry 1 is -1; a variance is not negative/,
  );
});

test("a text that is none, of another format or without its required fields is refused", async (context) => {
  await refused(
    context,
    { metadata: { format: "pt" } },
    /__metadata__ has the format "pt"; a checkpoint has "sparse-robust\/1"/,
  );
  await refused(context, { metadata: { checkpoint: "{" } }, /the checkpoint text in __metadata__ is not JSON/);
  await refused(context, { metadata: { checkpoint: "[]" } }, /malformed checkpoint text/);
  await refused(context, { text: { input: [1, 1] } }, /malformed checkpoint text: input/);
  await refused(context, { text: { classes: 0 } }, /malformed checkpoint text: classes/);
  await refused(context, { text: { density: 2 } }, /malformed checkpoint text: density/);
  const path = join(temporaryFolder(context), "b");
  await writeSafetensors(path, { metadata: new Map(), tensors: smallTensors() });
  await assert.rejects(
    readNetworkFile(path),
    new InputError(`${path}: __metadata__ has no format; a checkpoint has "sparse-robust/1"`),
  );
  await writeSafetensors(path, { metadata: new Map([["format", "sparse-robust/1"]]), tensors: smallTensors() });
  await assert.rejects(readNetworkFile(path), /__metadata__ has no "checkpoint"; it must say input, classes, graph/);
});

test("a graph that does not fit its input, its layers or its classes is refused with the layer", async (context) => {
  await refused(context, { text: { graph: [{ name: "r", op: "rellu" }] } }, /layer 1 "r": unknown op "rellu"/);
  await refused(
    context,
    { text: { graph: [...GRAPH, { name: "p", op: "maxpool", size: 2 }] } },
    /layer "p" \(maxpool\)/,
  );
  await refused(
    context,
    { text: { classes: 3 } },
    /the last layer, "fc", gives a vector of 2; 3 classes need a vector of 3 logits/,
  );
  await refused(context, { text: { graph: GRAPH.slice(0, 2) } }, /the last layer, "bn1", gives no vector/);
});

const GOLDEN = fileURLToPath(new URL("../../../../shared/golden/vgg-small.safetensors", import.meta.url));

test("a network that another program wrote is read, every value", {
  skip: existsSync(GOLDEN) ? false : "no ../shared/golden beside the checkout",
}, async (context) => {
  const { network, checkpoint } = await readNetworkFile(GOLDEN);
  const entries = [...network.tensors.values()].map((tensor) => toDense(tensor).values.length);
  const running = [...network.tensors]
    .filter(([name]) => name.includes("running"))
    .map(([, { shape }]) => shape[0] ?? 0);
  const sum = (numbers: number[]) => numbers.reduce((all, one) => all + one, 0);
  assert.equal(sum(entries) - sum(running), 168_154);
  assert.deepEqual([checkpoint.objective, checkpoint.data?.classes?.length], ["fgsm-rs", 10]);
  const copy = join(temporaryFolder(context), "copy");
  await writeNetworkFile(copy, network, checkpoint);
  assert.deepEqual((await readNetworkFile(copy)).network, network);
});

test("a run's folder and a file of records are told from a checkpoint, with what was meant", async (context) => {
  const folder = temporaryFolder(context);
  const records = join(folder, "records.ndjson");
  writeFileSync(records, '{"type":"run.start","run":"1"}\n');
  await assert.rejects(readNetworkFile(records), /records.ndjson: holds records, no network; compare reads them/);
  await assert.rejects(readNetworkFile(folder), /cannot read .*: it is a folder|not a regular file/);
  writeFileSync(join(folder, "best.safetensors"), "");
  await assert.rejects(readNetworkFile(folder), /: is the folder of a run; did you mean .*best.safetensors\?$/);
});
