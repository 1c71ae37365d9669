/** Every attack on the tensorflow engine leaves the samples standing that it leaves on the native one, but at the margin. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { decodeOutcomes } from "../../src/records/outcomes.js";
import { attack, attackFolder, type Flags, type Lines, results } from "../support/attack-calls.js";
import { assertRecord } from "../support/record-schema.js";
import { sharedFile } from "../support/shared-files.js";
import { tensorflowSkip } from "../support/tensorflow-engine.js";

const isSlow = Boolean(process.env.SPARSE_ROBUST_SLOW);
const golden = sharedFile("golden");
const cifar = sharedFile("data/cifar-10-batches-bin");
const skip = tensorflowSkip || golden.skip || cifar.skip;

const ascents = {
  fgsm: {},
  pgd5x2: {},
  "pgd5-det": {},
  cw5x1: {},
  foolbox: { base: "pgd3x2", accounting: "foolbox" },
  "apgd-ce": { steps: 8 },
  "apgd-t": { steps: 6, targets: 2 },
};
const others = {
  "apgd-dlr": { steps: 6, restarts: 2 },
  averaged: { base: "apgd-ce", steps: 3, eot: 3 },
  fab: { steps: 4, restarts: 1 },
  "fab-t": { steps: 4, targets: 2 },
  square: { queries: 60 },
  own: {
    members: { "apgd-ce": { steps: 4, restarts: 1 }, "fab-t": { steps: 3, targets: 1 }, square: { queries: 20 } },
  },
};

for (const [name, flags] of [
  ["ascents in L∞", { attacks: ascents, epsilon: "8/255" }],
  ["the other attacks in L∞", { attacks: { ...others, bb: { steps: 8, noiseDraws: 10 } }, epsilon: "8/255" }],
  ["ascents in L2", { attacks: ascents, norm: "l2", epsilon: 0.5 }],
  ["the other attacks in L2", { attacks: others, norm: "l2", epsilon: 0.5 }],
  ["a curve of radii", { attacks: "pgd3x1", epsilons: "1/255,4/255,8/255" }],
  [
    "shortest perturbations",
    { attacks: { fab: { steps: 3, restarts: 1 }, bb: { steps: 5, noiseDraws: 5 } }, minimal: true },
  ],
] as const) {
  test(`${name}: the same samples of the reference network stand on both engines, and some fall`, {
    skip,
  }, async () => {
    await assertSameStanding({ ...flags, samples: isSlow ? 100 : 24 });
  });
}

for (const attacks of ["aa", "aa-plus", "aa-rand", "poster"]) {
  test(`${attacks} with its published constants leaves the same samples standing on both engines`, {
    skip: skip || (isSlow ? false : "SPARSE_ROBUST_SLOW=1 runs it"),
  }, async () => {
    await assertSameStanding({ attacks, samples: 24 });
  });
}

const network = `${golden.path}/vgg-small.safetensors`;

async function assertSameStanding(flags: Flags): Promise<void> {
  const whole = { data: "cifar10", dataDir: cifar.path, ...flags, threads: 2 };
  const [ours, theirs] = [
    await attack(network, { ...whole, engine: "tensorflow" }),
    await attack(network, { ...whole, engine: "native" }),
  ];
  assert.deepEqual([ours.code, theirs.code], [0, 0]);
  assertSameResults(ours.lines, theirs.lines);
  assertSomeFall(ours.lines);
}

/** One sample in ten may lie so near the boundary that rounding decides; recipes and checks are the same. */
function assertSameResults(ours: Lines, theirs: Lines): void {
  for (const line of ours) assertRecord(line);
  const [found, expected] = [results(ours), results(theirs)];
  assert.deepEqual(found.map(nameOf), expected.map(nameOf));
  assert.ok(found.length > 1);
  for (const [i, result] of found.entries()) {
    const [mine, wanted] = [standing(result), standing(expected[i] ?? {})];
    const differ = [...mine.keys()].filter((sample) => mine[sample] !== wanted[sample]);
    assert.ok(differ.length <= mine.length / 10, `${nameOf(result)}: samples ${differ}`);
    assert.equal(result.violations ?? 0, expected[i]?.violations ?? 0);
  }
}

function assertSomeFall(lines: Lines): void {
  const [clean = 0, ...attacked] = results(lines).map(({ correct }) => Number(correct));
  assert.ok(attacked.some((correct) => correct < clean) && attacked.some((correct) => correct > 0));
}

function nameOf({ attack: recipe, norm, epsilon, samples }: Readonly<Record<string, unknown>>): string {
  return JSON.stringify([recipe, norm, epsilon, samples]);
}

function standing({ outcomes, samples }: Readonly<Record<string, unknown>>): Uint8Array {
  return decodeOutcomes(String(outcomes), Number(samples), "a result");
}

test("images from another network leave the same samples standing on both engines", {
  skip: tensorflowSkip,
}, async (context) => {
  const at = await attackFolder(context);
  const flags = {
    ...{ attacks: { fgsm: {}, pgd3x1: {}, "apgd-ce": { steps: 5 }, "fab-t": { steps: 4, targets: 2 } } },
    ...{ samples: 240, epsilon: 0.1, transferFrom: at("other.safetensors"), threads: 2 },
  };
  const [ours, theirs] = [
    await attack(at("toy.safetensors"), { ...flags, engine: "tensorflow" }),
    await attack(at("toy.safetensors"), { ...flags, engine: "native" }),
  ];
  assertSameResults(ours.lines, theirs.lines);
});

test("batch size, measured or given, alters no more than samples at the margin", {
  skip: tensorflowSkip,
}, async (context) => {
  const at = await attackFolder(context);
  const flags = { attacks: "pgd5x1,apgd-ce", samples: 600, epsilon: 0.012, threads: 2, engine: "tensorflow" };
  const measured = await attack(at("toy.safetensors"), { ...flags, batchSize: "auto" });
  const given = await attack(at("toy.safetensors"), { ...flags, batchSize: 37 });
  assertSameResults(measured.lines, given.lines);
  assertSomeFall(measured.lines);
});

test("an evaluation that is stopped again and again goes on and ends in the records of one that never was", {
  skip: tensorflowSkip,
}, async (context) => {
  const at = await attackFolder(context);
  const flags = {
    attacks: {
      pgd3x2: {},
      "apgd-t": { steps: 3, targets: 2 },
      bb: { steps: 4, noiseDraws: 4 },
      square: { queries: 10 },
    },
    ...{ samples: 60, batchSize: 20, epsilon: 0.012, threads: 2, engine: "tensorflow" },
  };
  const images = (name: string) => ({ state: at(`${name}.state`), saveAdversarial: at(`${name}.images`) });
  const whole = await attack(at("toy.safetensors"), { ...flags, ...images("whole") });
  let stops = 0;
  for (let patience = 8; ; patience++) {
    const { code, lines } = await attack(at("toy.safetensors"), { ...flags, ...images("parts") }, patience);
    if (code === 0) {
      assert.deepEqual(results(lines), results(whole.lines));
      break;
    }
    assert.equal(code, 130);
    stops++;
  }
  assert.ok(stops > 5, `${stops} stops`);
  assert.deepEqual(readFileSync(at("parts.images")), readFileSync(at("whole.images")));
});

test("the checks of reliability find on this engine what they find on the native one", {
  skip: tensorflowSkip,
}, async (context) => {
  const at = await attackFolder(context);
  const checksOf = async (engine: string) => {
    const flags = { attacks: "fgsm,pgd2x1,square", samples: 40, epsilon: 0.012, threads: 2, engine };
    const { lines } = await attack(at("toy.safetensors"), flags);
    return results(lines).map(({ reliability }) =>
      (Array.isArray(reliability) ? reliability : []).map(({ check }) => check),
    );
  };
  const found = await checksOf("tensorflow");
  assert.deepEqual(found, await checksOf("native"));
});
