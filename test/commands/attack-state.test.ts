import assert from "node:assert/strict";
import { copyFileSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { InputError, UsageError } from "../../src/core/errors.js";
import { attack, attackFolder, timeless } from "../support/attack-calls.js";

/** Restarts, targets, members and a minimal-norm search, each with several batches. */
const flags = {
  config: null,
  attacks: {
    pgd3x3: {},
    "apgd-t": { steps: 4, targets: 2 },
    bb: { steps: 6, noiseDraws: 4 },
    both: { members: { "apgd-ce": { steps: 4, restarts: 2 }, square: { queries: 20 } } },
    foolbox: { base: "pgd3x2", accounting: "foolbox" },
  },
  minimal: true,
  samples: 160,
  batchSize: 20,
  epsilon: 0.012,
};

test("an evaluation stopped again and again ends with the records and files of one that never was", async (context) => {
  const at = await attackFolder(context);
  const toy = at("toy.safetensors");
  const files = (name: string) => ({
    ...{ state: at(`${name}.state`), saveAdversarial: at(`${name}.images`), pictures: at(`${name}.png`) },
    force: true,
  });
  const whole = await attack(toy, { ...flags, ...files("whole") });
  assert.equal(whole.code, 0);
  let stops = 0;
  for (let patience = 6; ; patience += 1) {
    const { code, lines } = await attack(toy, { ...flags, ...files("parts"), force: false }, patience);
    if (code !== 0) {
      assert.equal(code, 130);
      stops++;
      continue;
    }
    const named = (name: string, records: readonly object[]) => JSON.stringify(records).replaceAll(at(name), "");
    assert.equal(named("parts", timeless(lines)), named("whole", timeless(whole.lines)));
    break;
  }
  assert.ok(stops > 20, `${stops} stops`);
  for (const file of ["images", "png"]) {
    assert.deepEqual(readFileSync(at(`parts.${file}`)), readFileSync(at(`whole.${file}`)));
  }
});

test("a finished evaluation is repeated under its run id without an attack", async (context) => {
  const at = await attackFolder(context);
  const call = { ...flags, state: at("state") };
  const first = await attack(at("toy.safetensors"), call);
  const second = await attack(at("toy.safetensors"), call);
  assert.equal(second.lines[0]?.run, first.lines[0]?.run);
  assert.deepEqual(timeless(second.lines), timeless(first.lines));
  const secondsOf = (lines: typeof first.lines) => lines.filter((line) => "attack" in line).map((line) => line.seconds);
  assert.deepEqual(secondsOf(second.lines).slice(1), secondsOf(first.lines).slice(1));
});

test("--max-minutes ends with code 130 and a state, and says so", async (context) => {
  const at = await attackFolder(context);
  const call = { attacks: "pgd2000x20", samples: 240, batchSize: 40, epsilon: 0.012, state: at("state") };
  const { code, lines, notes } = await attack(at("toy.safetensors"), { ...call, maxMinutes: 0.001 });
  assert.equal(code, 130);
  assert.equal(notes.at(-1), "--max-minutes 0.001 are over: stopped; call again to go on there");
  assert.equal(lines.at(-1)?.status, "interrupted");
  assert.ok(readFileSync(at("state")).length > 0);
});

test("who interrupts without --state is told that the attack is not kept, and what would keep it", async (context) => {
  const at = await attackFolder(context);
  const call = { attacks: "pgd20x2", samples: 40, batchSize: 8, epsilon: 0.012 };
  const { code, notes } = await attack(at("toy.safetensors"), call, 6);
  assert.equal(code, 130);
  assert.match(notes.at(-1) ?? "", /^stopped; the attack under way is not kept: with --state FILE/);
});

test("a state of other constants, other images or a damaged one is refused", async (context) => {
  const at = await attackFolder(context);
  const call = { attacks: "fgsm", samples: 20, state: at("state") };
  await attack(at("toy.safetensors"), call);
  const refused = async (changed: object, kind: typeof UsageError | typeof InputError, message: RegExp) =>
    assert.rejects(attack(at("toy.safetensors"), { ...call, ...changed }), (error) => {
      return error instanceof kind && message.test(error.message);
    });
  await refused({ seed: 2 }, UsageError, /seed is 2, and the evaluation there was begun with 1/);
  await refused({ attacks: "fgsm,pgd2x1" }, UsageError, /attacks is/);
  await refused({ pictures: at("p.png") }, UsageError, /begun without --save-adversarial or --pictures/);
  await refused({ state: at("toy.safetensors") }, InputError, /no saved state/);
  assert.equal((await attack(at("toy.safetensors"), { ...call, seed: 2, force: true })).code, 0);
});

test("a state of images from another network is refused, also where that has the same path", async (context) => {
  const at = await attackFolder(context);
  const source = at("source.safetensors");
  copyFileSync(at("other.safetensors"), source);
  const call = { ...flags, state: at("state"), transferFrom: source };
  assert.equal((await attack(at("toy.safetensors"), call)).code, 0);
  assert.equal((await attack(at("toy.safetensors"), call)).code, 0);
  copyFileSync(at("toy.safetensors"), source);
  await assert.rejects(attack(at("toy.safetensors"), call), (error) => {
    return error instanceof UsageError && /transferFrom is ".{64}", and the evaluation there/.test(error.message);
  });
});
