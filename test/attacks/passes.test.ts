import assert from "node:assert/strict";
import { test } from "node:test";
import type { AttackBatch } from "../../src/attacks/attack.js";
import type { PlannedAttack } from "../../src/attacks/evaluation-options.js";
import { parseAttacks } from "../../src/attacks/names.js";
import type { EnsembleRecipe } from "../../src/attacks/recipe.js";
import { inferenceOf } from "../support/analytic-network.js";
import { alone, batchOf, driven } from "../support/attack-batches.js";
import { collect, common, fail, planned, withImages } from "../support/evaluations.js";
import { linearImages, linearLabels, linearNetwork } from "../support/golden-networks.js";

const recipes: Record<string, unknown> = {
  pgd5: { restarts: 4 },
  cw5: { restarts: 4 },
  "apgd-ce": { steps: 12, restarts: 3 },
  "apgd-t": { steps: 12, targets: 4, restarts: 2 },
  fab: { steps: 4, restarts: 3 },
  "fab-t": { steps: 4, targets: 4, restarts: 2 },
};

test("each row of a batch may be in a pass of its own: what comes back is what the pass gives alone", () => {
  const inference = inferenceOf(linearNetwork({ scale: 1 }));
  const samples = { inference, images: linearImages.slice(0, 6 * 192), labels: linearLabels.slice(0, 6) };
  const passes = Uint32Array.of(3, 1, 2, 4, 1, 3);
  for (const norm of ["linf", "l2"] as const) {
    const batch = batchOf(samples, { epsilon: norm === "linf" ? 0.01 : 0.1, norm });
    for (const recipe of parseAttacks({
      names: [...Object.keys(recipes), "square"],
      recipes: { ...recipes, square: { queries: 40 } },
    })) {
      if (recipe.type !== "attack") throw fail();
      const together = driven(recipe.run(batch, passes)).result;
      const apart = [...passes].flatMap((pass, row) => [...driven(recipe.run(alone(batch, row), pass)).result]);
      assert.deepEqual([...together], apart, `${recipe.name} ${norm}`);
    }
  }
});

test("passes side by side leave what one after the other leaves, with the same images", async () => {
  for (const { recipe, ...ball } of planned(Object.keys(recipes), {}, recipes)) {
    const together = await withImages({ ...common, attacks: [{ recipe, ...ball }] });
    const apart = await withImages({ ...common, attacks: [{ recipe: oneAfterTheOther(recipe), ...ball }] });
    assert.deepEqual(together.outcomes.at(-1)?.robust, apart.outcomes.at(-1)?.robust, recipe.name);
    assert.ok(together.images.length > 0);
    const sorted = ({ images }: typeof together) => images.toSorted(([a], [b]) => a - b);
    assert.deepEqual(sorted(together), sorted(apart), recipe.name);
    assert.ok((together.outcomes.at(-1)?.gradients ?? 0) < 1.3 * (apart.outcomes.at(-1)?.gradients ?? 0), recipe.name);
  }
});

test("what is counted does not hang on the batch size", async () => {
  const bb = { steps: 4, noiseDraws: 40 };
  const attacks = planned(["pgd5", "apgd-t", "fab-t", "square", "bb"], {}, { ...recipes, bb });
  const [few, many] = await Promise.all([7, 64].map((batchSize) => collect({ ...common, attacks, batchSize })));
  assert.deepEqual(few, many);
});

/** An ensemble whose members are the passes: each attacks what those before it left. */
function oneAfterTheOther(recipe: PlannedAttack["recipe"]): EnsembleRecipe {
  if (recipe.type !== "attack") throw fail();
  const members = Array.from({ length: recipe.passes(common.inference.classes) }, (_, i) => ({
    ...recipe.named(`pass ${i + 1}`),
    passes: () => 1,
    run: (batch: AttackBatch) => recipe.run(batch, i + 1),
  }));
  return { type: "ensemble", name: recipe.name, members };
}
