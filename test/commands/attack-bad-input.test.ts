import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { InputError, UsageError } from "../../src/core/errors.js";
import type { Network, Tensor } from "../../src/models/network.js";
import { readNetworkFile, writeNetworkFile } from "../../src/models/network-file.js";
import { attack, attackFolder, type Flags, results } from "../support/attack-calls.js";
import { npyFile } from "../support/npy-file.js";

const IMAGES = 20;
const PIXELS = 32 * 32;

/** A folder of grey images, with labels from 0 to 7 unless others are given. */
function ownImages(folder: string, given: { labels?: number[]; pixels?: Float32Array; names?: string } = {}): string {
  mkdirSync(folder);
  const labels = given.labels ?? Array.from({ length: IMAGES }, (_, i) => i % 8);
  const bytes = Uint8Array.from({ length: IMAGES * PIXELS }, (_, i) => (i * 37) % 256);
  const shape = [IMAGES, 32, 32, 1];
  const floats = given.pixels;
  const images = floats
    ? npyFile({ shape, descr: "<f4", bytes: new Uint8Array(floats.buffer) })
    : npyFile({ shape, bytes });
  writeFileSync(`${folder}/images.npy`, images);
  writeFileSync(`${folder}/labels.npy`, npyFile({ shape: [IMAGES], bytes: Uint8Array.from(labels) }));
  if (given.names !== undefined) writeFileSync(`${folder}/classes.txt`, given.names);
  return folder;
}

async function refused(path: string, flags: Flags, kind: typeof UsageError | typeof InputError, message: RegExp) {
  await assert.rejects(attack(path, { attacks: "fgsm", ...flags }), (error) => {
    assert.ok(error instanceof kind, String(error));
    assert.match(error.message, message);
    return true;
  });
}

test("images of one's own are attacked, also where their labels do not show every class of the network", async (context) => {
  const at = await attackFolder(context);
  const { lines, code } = await attack(at("toy.safetensors"), { attacks: "fgsm", data: ownImages(at("own")) });
  assert.equal(code, 0);
  assert.deepEqual(
    results(lines).map(({ samples }) => samples),
    [IMAGES, IMAGES],
  );
});

test("labels out of range, pixels outside [0, 1] or not finite, and named classes of another number are refused", async (context) => {
  const at = await attackFolder(context);
  const toy = at("toy.safetensors");
  const labels = Array.from({ length: IMAGES }, (_, i) => (i === 7 ? 12 : 1));
  await refused(
    toy,
    { data: ownImages(at("far"), { labels }) },
    InputError,
    /far: test image 7 has the label 12; .*has 10 classes/,
  );
  const named = ownImages(at("named"), { names: "cat\ndog\n", labels: labels.fill(1) });
  await refused(toy, { data: named }, InputError, /has 10 classes; .*named has 2/);
  for (const [name, value] of [
    ["above", 1.5],
    ["nan", Number.NaN],
    ["below", -1],
  ] as const) {
    const pixels = new Float32Array(IMAGES * PIXELS).fill(value, 5 * PIXELS);
    await refused(toy, { data: ownImages(at(name), { pixels }) }, InputError, /images\.npy: image 5 has a pixel of/);
  }
});

test("a network of four classes refuses a fifth label, also of classes that have names", async (context) => {
  const at = await attackFolder(context);
  const { network, checkpoint } = await readNetworkFile(at("toy.safetensors"));
  await writeNetworkFile(at("four.safetensors"), firstClasses(network, 4), checkpoint);
  const labels = Array.from({ length: IMAGES }, (_, i) => (i === 9 ? 4 : i % 4));
  const message = /test image 9 has the label 4; .*four\.safetensors has 4 classes/;
  const names = "a\nb\nc\nd\ne\n";
  await refused(at("four.safetensors"), { data: ownImages(at("five"), { labels }) }, InputError, message);
  await refused(at("four.safetensors"), { data: ownImages(at("named"), { labels, names }) }, InputError, message);
});

test("a folder that a checkpoint names and that is not there is refused, with the flag that says where it is", async (context) => {
  const at = await attackFolder(context);
  const { network, checkpoint } = await readNetworkFile(at("toy.safetensors"));
  await writeNetworkFile(at("moved.safetensors"), network, { ...checkpoint, data: { name: "./own/elsewhere" } });
  await refused(at("moved.safetensors"), {}, InputError, /names the data \.\/own\/elsewhere.*give --data/);
  const { code } = await attack(at("moved.safetensors"), { attacks: "fgsm", data: ownImages(at("own")) });
  assert.equal(code, 0);
});

test("a network whose logits are not finite is recorded as wrong, with a check that says so", async (context) => {
  const at = await attackFolder(context);
  const { network, checkpoint } = await readNetworkFile(at("toy.safetensors"));
  await writeNetworkFile(at("huge.safetensors"), enlarged(network), checkpoint);
  const { lines, notes } = await attack(at("huge.safetensors"), { attacks: "fgsm,square", samples: 30, epsilon: 0.01 });
  const [clean] = results(lines);
  assert.equal(clean?.correct, 0);
  const checks: unknown = clean?.reliability;
  assert.ok(Array.isArray(checks) && checks.some((one) => Object(one).check === "non-finite-logits"));
  assert.ok(notes.some((note) => note.includes("logits that are not finite")));
});

/** Weights so large that sums overflow, though each is finite. */
function enlarged(network: Network): Network {
  const tensors = [...network.tensors].map(([name, tensor]): [string, Tensor] => {
    return [name, { ...tensor, values: tensor.values.map((value) => value * 1e38) }];
  });
  return { ...network, tensors: new Map(tensors) };
}

/** Its first logits alone. */
function firstClasses(network: Network, classes: number): Network {
  const graph = network.graph.map((layer) => (layer.op === "dense" ? { ...layer, units: classes } : layer));
  const tensors = [...network.tensors].map(([name, tensor]): [string, Tensor] => {
    if (!name.startsWith("fc.") || tensor.type !== "dense") return [name, tensor];
    const [units = 0, ...rest] = tensor.shape;
    const values = tensor.values.subarray(0, (tensor.values.length / units) * classes);
    return [name, { type: "dense", shape: [classes, ...rest], values }];
  });
  return { ...network, classes, graph, tensors: new Map(tensors) };
}

test("a network that was trained on other classes than those of the images is attacked with a notice", async (context) => {
  const at = await attackFolder(context);
  const { network, checkpoint } = await readNetworkFile(at("toy.safetensors"));
  const data = ownImages(at("own"));
  const classes = ["cat", "dog", "3", "4", "5", "6", "7", "8", "9", "10"];
  await writeNetworkFile(at("pets.safetensors"), network, { ...checkpoint, data: { name: "./pets", classes } });
  const { lines, notes } = await attack(at("pets.safetensors"), { attacks: "fgsm", data });
  const notices = lines.filter(({ type }) => type === "notice");
  assert.deepEqual(
    notices.map(({ code }) => code),
    ["other-classes"],
  );
  const said = /was trained on 10 classes \(cat, dog, 3, …\); .*own has 8 \(0, 1, 2, …\)/;
  assert.match(String(notices[0]?.message), said);
  assert.ok(notes.some((note) => said.test(note)));
  const same = Array.from({ length: 8 }, (_, label) => String(label));
  await writeNetworkFile(at("same.safetensors"), network, { ...checkpoint, data: { name: "./own", classes: same } });
  const again = await attack(at("same.safetensors"), { attacks: "fgsm", data });
  assert.ok(!again.lines.some(({ type }) => type === "notice"));
});

test("radii, shards, names and constants that there are none of are refused, with what would be right", async (context) => {
  const at = await attackFolder(context);
  const toy = at("toy.safetensors");
  await refused(toy, { attacks: "pdg50" }, UsageError, /did you mean "pgd50"/);
  await refused(toy, { attacks: { pgd50: { stepsize: 1 } } }, UsageError, /stepsize: unknown constant.*stepSize/);
  await refused(toy, { shard: "3/2" }, UsageError, /I from 1 to N/);
  await refused(toy, { samples: 2, shard: "1/3" }, UsageError, /at most 2 shards/);
  await refused(
    toy,
    { attacks: "pgd50", norm: "l1" },
    UsageError,
    /"pgd50": there is none in l1, only in linf, l2; in l1 there are apgd-ce, .*bb$/,
  );
  for (const epsilon of ["0", "-1", "x"]) {
    await assert.rejects(attack(toy, { attacks: "fgsm", epsilon }), UsageError);
  }
});

test("a radius beyond the range of pixels is refused in Linf, where 255ths are most likely meant, and taken in L2", async (context) => {
  const at = await attackFolder(context);
  const toy = at("toy.safetensors");
  await refused(toy, { epsilon: "8" }, UsageError, /whole range of pixels.*did you mean 8\/255\?/);
  await refused(toy, { epsilons: "0,300" }, UsageError, /300 is more than the whole range of pixels, 0 to 1$/);
  for (const flags of [{ epsilon: "1" }, { epsilon: "2", norm: "l2" }]) {
    assert.equal((await attack(toy, { attacks: "fgsm", samples: 4, ...flags })).code, 0);
  }
});

test("a file that could not be written, or that two flags name, is refused before the first image is attacked", async (context) => {
  const at = await attackFolder(context);
  const toy = at("toy.safetensors");
  for (const flag of ["saveAdversarial", "pictures", "exportRobustbench", "exportDense", "state"]) {
    const call = (path: string) => attack(toy, { attacks: "aa", samples: 2, [flag]: path });
    for (const path of [at("nowhere/file"), `${toy}/file`, at(".")]) {
      await assert.rejects(call(path), (error) => error instanceof InputError && error.message.includes(path));
    }
  }
  const both = { saveAdversarial: at("one"), pictures: `${at("one")}/../one` };
  await refused(toy, both, UsageError, /--save-adversarial and --pictures are one file/);
  await refused(toy, { state: at("one"), pictures: at("one") }, UsageError, /--pictures and --state are one file/);
});
