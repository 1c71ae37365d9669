import assert from "node:assert/strict";
import { test } from "node:test";
import { allImages } from "../../src/commands/planned-work.js";
import { attack, attackFolder } from "../support/attack-calls.js";
import { collect, common, everyAttack, planned, wrongOnes } from "../support/evaluations.js";

for (const name of [...everyAttack, "few"]) {
  test(`what --dry-run says of ${name} is about what it takes where no sample falls`, async () => {
    const recipes = { few: { members: { "apgd-ce": { steps: 12 }, "fab-t": { steps: 5 } } } };
    const attacks = planned([name], { epsilon: 1e-6 }, recipes);
    const outcomes = await collect({ ...common, attacks });
    const whole = outcomes.filter(({ attack }) => !attack.name.includes("/"));
    const taken = whole.reduce((sum, { forwards, gradients }) => sum + forwards + gradients, 0);
    const indices = Uint32Array.from({ length: 40 }, (_, i) => i).filter((i) => !wrongOnes.includes(i));
    const most = allImages({ inference: common.inference, indices, attacks }) + wrongOnes.length;
    assert.ok(taken < 1.02 * most && taken > 0.6 * most, `${taken} of ${most}`);
  });
}

test("--dry-run says the work of a network's evaluation and what is odd about its data", async (context) => {
  const at = await attackFolder(context);
  const { lines, notes, code } = await attack(at("toy.safetensors"), {
    attacks: "fgsm,pgd20x2",
    samples: 100,
    dryRun: true,
  });
  assert.deepEqual([lines.length, code], [0, 0]);
  // Clean, FGSM and a look at its images, and twenty steps and a look, twice.
  assert.match(
    notes[1] ?? "",
    /^where no sample falls: about 4,500 images through the network, by one measured gradient \d+\.\d s;/,
  );
  assert.equal(notes.length, 2);
});
