import assert from "node:assert/strict";
import { test } from "node:test";
import { countCorrect } from "../../src/attacks/outcome.js";
import { InputError, UsageError } from "../../src/core/errors.js";
import { decodeOutcomes } from "../../src/records/outcomes.js";
import { attack, attackFolder, results } from "../support/attack-calls.js";

const base = { attacks: "fgsm,pgd3x1,apgd-ce,fab-t", samples: 240, epsilon: 0.012 };

test("images from another network fool less than those from the network itself, and from itself exactly as many", async (context) => {
  const at = await attackFolder(context);
  const correct = async (flags: object) => {
    const { lines } = await attack(at("toy.safetensors"), { ...base, ...flags });
    return results(lines).map((result) => Number(result.correct));
  };
  const own = await correct({});
  assert.deepEqual(await correct({ transferFrom: at("toy.safetensors") }), own);
  const transferred = await correct({ transferFrom: at("other.safetensors") });
  assert.equal(transferred[0], own[0]);
  assert.ok(transferred.every((count, i) => count >= (own[i] ?? 0)));
  assert.ok((transferred[2] ?? 0) > (own[2] ?? 0));
});

test("a transferred result names the network that its images come from, and the clean one does not", async (context) => {
  const at = await attackFolder(context);
  const [toy, other] = [at("toy.safetensors"), at("other.safetensors")];
  const { lines, notes } = await attack(toy, { ...base, transferFrom: other });
  const named = results(lines).map(({ attack: recipe }) => "transferFrom" in Object(recipe));
  assert.deepEqual(named, [false, true, true, true, true]);
  assert.ok(notes.some((note) => note.startsWith(`${toy}: fgsm ε 0.012 from ${other} `)));
  assert.ok(notes.some((note) => note.startsWith(`${toy}: clean `)));
});

test("images from the network itself are no transfer, which is said", async (context) => {
  const at = await attackFolder(context);
  const transferred = async (source: string) => {
    const { lines, notes } = await attack(at("toy.safetensors"), { attacks: "fgsm", samples: 8, transferFrom: source });
    const codes = lines.map(({ code }) => code);
    return [codes.includes("transfer-to-itself"), notes.some((note) => note.includes("are the same network"))];
  };
  assert.deepEqual(await transferred(at("toy.safetensors")), [true, true]);
  assert.deepEqual(await transferred(at("other.safetensors")), [false, false]);
});

test("--minimal records a length for each sample, and outcomes are those whose length is within the radius", async (context) => {
  const at = await attackFolder(context);
  const attacks = { "fab-t": { steps: 20, targets: 3 }, bb: { steps: 40, noiseDraws: 20 } };
  const { lines, notes } = await attack(at("toy.safetensors"), { ...base, attacks, minimal: true });
  const [clean, ...found] = results(lines);
  const right = decodeOutcomes(String(clean?.outcomes), 240, "clean");
  for (const { norms, outcomes, attack: recipe } of found) {
    assert.equal(Object(recipe).minimal, true);
    assert.ok(Array.isArray(norms) && norms.length === 240);
    const lengths = norms.map((length: unknown) => (length === null ? Number.POSITIVE_INFINITY : Number(length)));
    for (const [i, length] of lengths.entries()) assert.equal(length > 0, right[i] === 1);
    const expected = lengths.map((length) => (length > Math.fround(0.012) ? 1 : 0));
    assert.deepEqual([...decodeOutcomes(String(outcomes), 240, "found")], expected);
    assert.ok(countCorrect({ robust: Uint8Array.from(expected) }) > 0);
  }
  assert.equal(notes.filter((note) => /shortest perturbations: quartiles/.test(note)).length, 2);
});

test("minimal lengths do not depend on the batch", async (context) => {
  const at = await attackFolder(context);
  const attacks = { fab: { steps: 4, restarts: 2 }, bb: { steps: 20, noiseDraws: 10 } };
  const one = await attack(at("toy.safetensors"), { ...base, attacks, minimal: true });
  const other = await attack(at("toy.safetensors"), { ...base, attacks, minimal: true, batchSize: 3 });
  const found = ({ lines }: typeof one) => results(lines).map(({ norms, outcomes }) => ({ norms, outcomes }));
  assert.deepEqual(found(one), found(other));
});

test("a curve over radii begins at the clean accuracy, never rises, and is said in one line an attack", async (context) => {
  const at = await attackFolder(context);
  const call = { attacks: "pgd5-det,apgd-ce", samples: 240, epsilons: "0,0.004,0.008,0.012,0.02" };
  const { lines, notes } = await attack(at("toy.safetensors"), call);
  const [clean, ...points] = results(lines);
  for (const name of ["pgd5-det", "apgd-ce"]) {
    const curve = points
      .filter(({ attack: recipe }) => Object(recipe).name === name)
      .map(({ correct }) => Number(correct));
    assert.equal(curve.length, 5);
    assert.equal(curve[0], clean?.correct);
    assert.deepEqual(
      curve,
      curve.toSorted((a, b) => b - a),
    );
    assert.ok((curve[4] ?? 0) < (curve[0] ?? 0));
    assert.ok(notes.some((note) => note.includes(`${name}: ε 0 6.3%, 0.004 `)));
  }
});

test("what does not go together is refused before an attack", async (context) => {
  const at = await attackFolder(context);
  const refused = async (flags: object, kind: typeof UsageError | typeof InputError, message: RegExp) =>
    assert.rejects(attack(at("toy.safetensors"), { ...base, ...flags }), (error) => {
      return error instanceof kind && message.test(error.message);
    });
  await refused({ attacks: "fgsm", minimal: true }, UsageError, /--minimal: no attack .* add fab, fab-t or bb/);
  await refused({ exportRobustbench: at("e.json") }, UsageError, /accuracy under aa; add it to --attacks/);
  await refused(
    { epsilon: null, epsilons: "0,0.1", pictures: at("p.png") },
    UsageError,
    /one radius, and --epsilons gives 2/,
  );
  await refused({ indices: "3-1" }, UsageError, /neither an index nor a stretch/);
  await refused({ indices: "1000" }, UsageError, /1000 is none of the images 0 to 239/);
  await refused({ classes: "no-such-class" }, UsageError, /has no class "no-such-class"/);
  await refused({ indices: "0", shard: "2/2" }, UsageError, /--indices 0: none of the images 120 to 239/);
  await refused({ transferFrom: at("gone.safetensors") }, InputError, /gone/);
  await refused({ saveAdversarial: at("toy.safetensors") }, UsageError, /the file exists; --force overwrites it/);
});

test("where Foolbox's count differs from the strict one, both are recorded and said", async (context) => {
  const at = await attackFolder(context);
  // Hardly more than noise, which also leaves a few images right that are wrong without it.
  const attacks = { both: { base: "pgd3x2", steps: 1, restarts: 1, stepSize: 0.001, accounting: "foolbox" } };
  const { lines, notes } = await attack(at("toy.safetensors"), { ...base, attacks, epsilon: 0.3 });
  const { correct, foolboxCorrect } = results(lines)[1] ?? {};
  assert.ok(Number(foolboxCorrect) > Number(correct), `${String(foolboxCorrect)} of ${String(correct)}`);
  assert.ok(notes.some((note) => note.includes(`(${correct}/240, as Foolbox counts ${foolboxCorrect})`)));
});
