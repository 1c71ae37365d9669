import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { sparseTrain } from "../../src/commands/sparse-train.js";
import type { Tensor } from "../../src/models/network.js";
import { readNetworkFile, writeNetworkFile } from "../../src/models/network-file.js";
import { callOf } from "../support/command-context.js";
import { temporaryFolder } from "../support/temporary-folder.js";

type Flags = Readonly<Record<string, unknown>>;

const base: Flags = {
  ...{ data: "sample", trainSamples: 30, testSamples: 10, model: "tinycnn", batchSize: 9, threads: 1 },
  ...{ epochs: 1, objective: "natural", select: "last" },
};
/** Nothing moves: what comes out is what the run began with, batch-norm's statistics aside. */
const still: Flags = { learningRate: 1e-30, weightDecay: 0, noiseScaling: 0 };

test("--mask-from begins with the connections of a checkpoint and weights of its own", async (t) => {
  const folder = temporaryFolder(t);
  const first = await trained({ ...base, density: 0.1, out: join(folder, "bayes") });
  const flags = { ...base, mode: "fixed", maskFrom: first.path, seed: 2 };
  const second = await trained({ ...flags, out: join(folder, "fixed") });
  assert.deepEqual(indices(second.tensors), indices(first.tensors));
  assert.notDeepEqual(values(second.tensors), values(first.tensors));
  assert.equal(second.checkpoint.parent, null);
  assert.equal(second.checkpoint.config?.maskFrom, first.sha256);
  assert.equal(second.checkpoint.connections, first.checkpoint.connections);
});

test("--init-from a sparse checkpoint begins with its connections and all of its parameters", async (t) => {
  const folder = temporaryFolder(t);
  const first = await trained({ ...base, density: 0.1, out: join(folder, "first") });
  for (const mode of ["fixed", "rigl"]) {
    const flags = { ...base, ...still, mode, initFrom: first.path };
    const second = await trained({ ...flags, out: join(folder, mode) });
    assert.deepEqual(indices(second.tensors), indices(first.tensors));
    assert.deepEqual(values(second.tensors), values(first.tensors));
    assert.equal(second.checkpoint.parent, first.sha256);
  }
});

test("--init-from a dense checkpoint leaves the connections to the mode, and --mask-from goes before it", async (t) => {
  const folder = temporaryFolder(t);
  const dense = await trained({ ...base, mode: "dense", out: join(folder, "dense") });
  const sparse = await trained({ ...base, density: 0.1, out: join(folder, "sparse") });
  const drawn = await trained({
    ...{ ...base, ...still, mode: "fixed", density: 0.2 },
    ...{ initFrom: dense.path, out: join(folder, "drawn") },
  });
  assert.equal(drawn.checkpoint.connections, Math.floor(0.2 * 10_952));
  requireTaken(drawn.tensors, dense.tensors);
  const masked = await trained({
    ...{ ...base, ...still, mode: "fixed", initFrom: dense.path, maskFrom: sparse.path },
    out: join(folder, "masked"),
  });
  assert.deepEqual(indices(masked.tensors), indices(sparse.tensors));
  requireTaken(masked.tensors, dense.tensors);
});

test("the method goes on from a network that it has trained, keeping its budget", async (t) => {
  const folder = temporaryFolder(t);
  const first = await trained({ ...base, density: 0.1, out: join(folder, "first") });
  const second = await trained({ ...base, initFrom: first.path, out: join(folder, "second") });
  assert.equal(second.checkpoint.connections, first.checkpoint.connections);
});

test("--init-from alone takes the model too, with its width, also one that no name stands for", async (t) => {
  const folder = temporaryFolder(t);
  const { model: _, ...unnamed } = base;
  const narrow = await trained({ ...base, width: 0.5, density: 0.1, out: join(folder, "narrow") });
  const again = await trained({ ...unnamed, initFrom: narrow.path, out: join(folder, "again") });
  assert.deepEqual(again.checkpoint.model, { name: "tinycnn", width: 0.5 });
  assert.equal(again.checkpoint.config?.model, "tinycnn");
  assert.equal(again.checkpoint.config?.width, 0.5);
  const { network, checkpoint } = await readNetworkFile(narrow.path);
  const path = join(folder, "own.safetensors");
  const graph = network.graph.map((layer) => (layer.op === "maxpool" ? { ...layer, op: "avgpool" as const } : layer));
  await writeNetworkFile(path, { ...network, graph }, { ...checkpoint, model: { name: "mine" } });
  const mine = await trained({ ...unnamed, initFrom: path, out: join(folder, "mine") });
  assert.equal(mine.checkpoint.model?.name, "mine");
  const written = await readNetworkFile(join(folder, "mine", "final.safetensors"));
  assert.deepEqual(written.network.graph, graph);
  const masked = await trained({ ...unnamed, maskFrom: narrow.path, out: join(folder, "masked") });
  assert.deepEqual(masked.checkpoint.model, { name: "tinycnn", width: 0.5 });
  await assert.rejects(
    trained({ ...unnamed, width: 2, initFrom: narrow.path, out: join(folder, "refused") }),
    /--width 2: .*final\.safetensors has width 0\.5, which the run begins with; leave --width out/,
  );
});

test("what does not go together with a checkpoint to begin with is refused", async (t) => {
  const folder = temporaryFolder(t);
  const { path } = await trained({ ...base, density: 0.1, out: join(folder, "first") });
  const refusals: readonly [Flags, RegExp][] = [
    [{ maskFrom: path, density: 0.1 }, /--density: --mask-from brings its own number of connections/],
    [{ initFrom: path, sparsity: 0.9 }, /--sparsity: --init-from brings its own number of connections/],
    [{ maskFrom: path, set: ["layers.conv3.density=0.2"] }, /layers.conv3: --mask-from brings the connections/],
    [{ maskFrom: path, mode: "random" }, /--mask-from: --mode random takes no mask/],
    [{ maskFrom: path, mode: "dense" }, /--mask-from: --mode dense takes no mask/],
    [
      { initFrom: path, width: 2 },
      /first\/final.safetensors: "conv1.weight" is \[\d.*\] there; --model tinycnn has it as/,
    ],
    [{ initFrom: join(folder, "none") }, /none/],
  ];
  for (const [flags, message] of refusals)
    await assert.rejects(trained({ ...base, ...flags, out: join(folder, "refused") }), message);
});

test("a resumed run needs the same checkpoint to begin with, wherever it lies", async (t) => {
  const folder = temporaryFolder(t);
  const { path } = await trained({ ...base, density: 0.1, out: join(folder, "first") });
  const out = join(folder, "second");
  const flags = { ...base, mode: "fixed", out };
  await run({ ...flags, maskFrom: path, maxMinutes: 1e-9 });
  await assert.rejects(run({ ...flags, resume: true }), /maskFrom is not set, .* was started with "[0-9a-f]{64}"/);
  const digest = "0".repeat(64);
  await assert.rejects(
    run({ ...flags, maskFrom: digest, resume: true }),
    /--resume: the run began with a checkpoint \(sha256 0{12}…\); name where it lies: --mask-from FILE/,
  );
  assert.equal(await run({ ...flags, maskFrom: path, resume: true }), 0);
});

test("with a fixed sign and no way back a static network only loses connections, and says so", async (t) => {
  const out = join(temporaryFolder(t), "run");
  const flags = { ...base, mode: "fixed", staticReparam: true, density: 0.1, noiseScaling: 0.3, out };
  const { options, context, lines } = await callOf(sparseTrain, flags);
  assert.equal(await sparseTrain.run(options, context), 0);
  const final = lines().findLast(({ type }) => type === "checkpoint");
  assert.ok(Number(final?.connections) < 1095);
  const notice = lines().find(({ code }) => code === "connections-lost");
  assert.match(String(notice?.message), new RegExp(`${final?.connections} of 1095 connections are left`));
});

/** Of the kernels, whatever they were before. */
function requireTaken(tensors: ReadonlyMap<string, Tensor>, from: ReadonlyMap<string, Tensor>): void {
  for (const [name, tensor] of tensors) {
    if (tensor.type !== "connections") continue;
    const whole = from.get(name)?.values ?? [];
    assert.deepEqual(
      [...tensor.values],
      Array.from(tensor.index, (position) => whole[position]),
    );
  }
}

function indices(tensors: ReadonlyMap<string, Tensor>) {
  return [...tensors].flatMap(([name, tensor]) =>
    tensor.type === "connections" ? [{ name, index: tensor.index }] : [],
  );
}

function values(tensors: ReadonlyMap<string, Tensor>) {
  return [...tensors].flatMap(([name, tensor]) =>
    tensor.type === "connections" ? [{ name, values: tensor.values }] : [],
  );
}

async function run(flags: Flags): Promise<number> {
  const { options, context } = await callOf(sparseTrain, flags);
  return sparseTrain.run(options, context);
}

async function trained(flags: Flags & { readonly out: string }) {
  assert.equal(await run(flags), 0);
  const path = join(flags.out, "final.safetensors");
  const { network, checkpoint, sha256 } = await readNetworkFile(path);
  return { path, sha256, checkpoint, tensors: network.tensors };
}
