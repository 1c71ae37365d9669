import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAttacks } from "../../src/attacks/names.js";
import { type AttackRecipe, constantsOf } from "../../src/attacks/recipe.js";
import { UsageError } from "../../src/core/errors.js";

const epsilon = 8 / 255;

function only(name: string, more: Omit<Parameters<typeof parseAttacks>[0], "names"> = {}): AttackRecipe {
  const [recipe, ...others] = parseAttacks({ names: [name], ...more });
  assert.ok(recipe !== undefined && others.length === 0);
  return recipe;
}

test("pgdN has 10 restarts from random starts and steps of 2.5 epsilon / N, whatever N", () => {
  for (const steps of [1, 7, 50, 100]) {
    assert.deepEqual(constantsOf(only(`pgd${steps}`), epsilon), {
      name: `pgd${steps}`,
      steps,
      stepSize: (2.5 * epsilon) / steps,
      restarts: 10,
      randomStart: true,
      accounting: "strict",
    });
  }
});

test("pgdNxR has R restarts, pgdN-det starts at the image once, pgdNx10 is pgdN", () => {
  assert.deepEqual(pick(only("pgd10x3")), ["pgd10x3", 3, true]);
  assert.deepEqual(pick(only("pgd10-det")), ["pgd10-det", 1, false]);
  assert.deepEqual(pick(only("pgd10x10")), ["pgd10", 10, true]);
});

test("--restarts turns pgdN into pgdNxR and leaves the others", () => {
  assert.deepEqual(pick(only("pgd50", { restarts: 2 })), ["pgd50x2", 2, true]);
  assert.deepEqual(pick(only("pgd50x5", { restarts: 2 })), ["pgd50x5", 5, true]);
  assert.deepEqual(pick(only("pgd50-det", { restarts: 2 })), ["pgd50-det", 1, false]);
  const recipes = { pgd50: { stepSize: 0.01 } };
  assert.deepEqual(pick(only("pgd50", { restarts: 2, recipes })), ["pgd50x2", 2, true]);
});

test("a list keeps its order, names nothing twice and leaves clean to the evaluation", () => {
  const names = ["pgd50", "clean", " fgsm", "pgd50x10", "quick", ""];
  assert.deepEqual(
    parseAttacks({ names }).map((recipe) => recipe.name),
    ["pgd50", "fgsm", "pgd10x1"],
  );
  assert.deepEqual(parseAttacks({ names: ["clean"] }), []);
});

test("constants of the config replace a recipe's own, numbers as people write them", () => {
  const recipes = { pgd50: { stepSize: "2/255", accounting: "foolbox" }, fgsm: { randomStart: true } };
  const [pgd, fgsm] = parseAttacks({ names: ["pgd50x10", "fgsm"], recipes });
  assert.ok(pgd !== undefined && fgsm !== undefined);
  const { stepSize, accounting, restarts, name } = constantsOf(pgd, epsilon);
  assert.deepEqual([name, stepSize, accounting, restarts], ["pgd50", 2 / 255, "foolbox", 10]);
  assert.deepEqual(constantsOf(fgsm, epsilon), { name: "fgsm", randomStart: true });
});

test("a new name is defined by its steps or by the attack that it changes", () => {
  const recipes = { madry: { steps: 20, stepSize: "2/255", restarts: 1 }, start: { base: "pgd7", randomStart: false } };
  assert.deepEqual(pick(only("madry", { recipes })), ["madry", 1, true]);
  assert.deepEqual(pick(only("start", { recipes })), ["start", 1, false]);
  assert.throws(() => only("mine", { recipes: { mine: { restarts: 2 } } }), /attacks.mine: a new attack needs steps/);
});

test("a name that nobody knows is refused with the one that was probably meant", () => {
  refused(["pdg50"], /no attack is called "pdg50"; did you mean "pgd50"\?/);
  refused(["fsgm"], /did you mean "fgsm"\?/);
  refused(["pgd50-dte"], /did you mean "pgd50-det"\?/);
  refused(["madri"], /did you mean "madry"\?/, { madry: { steps: 20 } });
  refused([], /names no attack/);
});

test("attacks that this version lacks are refused by name", () => {
  for (const name of ["cw", "cw50-det", "apgd-ce", "apgd-t", "fab-t", "square", "bb", "aa", "aa-plus", "poster"]) {
    refused([name], new RegExp(`attack "${name}" is not in this version yet; there are clean, fgsm, pgdN`));
  }
});

test("steps and restarts start at 1", () => {
  for (const name of ["pgd0", "pgd5x0"]) refused([name], /must be at least 1/);
});

test("constants that are unknown or do not fit are refused by their key", () => {
  refused(["pgd50"], /attacks.pgd50.stepsize: unknown constant; did you mean "stepSize"\?/, { pgd50: { stepsize: 1 } });
  refused(["pgd50"], /attacks.pgd50.steps: expected a whole number/, { pgd50: { steps: 2.5 } });
  refused(["pgd50"], /attacks.pgd50.restarts: must be at least 1/, { pgd50: { restarts: 0 } });
  refused(["pgd50"], /attacks.pgd50.stepSize: expected a number above 0/, { pgd50: { stepSize: -1 } });
  refused(["pgd50"], /attacks.pgd50.stepSize: expected a number above 0/, { pgd50: { stepSize: "fast" } });
  refused(["pgd50"], /attacks.pgd50.accounting: expected strict or foolbox/, { pgd50: { accounting: "loose" } });
  refused(["pgd5-det"], /2 restarts without a random start are all the same/, { "pgd5-det": { restarts: 2 } });
  refused(["clean"], /attacks.clean: the clean accuracy has no constants/, { clean: { randomStart: true } });
  refused(["pgd50"], /attacks.pgd50: expected constants/, { pgd50: 20 });
  refused(["fgsm"], /attacks.pgd50.step: unknown constant/, { pgd50: { step: 1 } });
});

function pick(recipe: AttackRecipe) {
  const { name, restarts, randomStart } = constantsOf(recipe, epsilon);
  return [name, restarts, randomStart];
}

function refused(names: string[], message: RegExp, recipes: Record<string, unknown> = {}): void {
  assert.throws(
    () => parseAttacks({ names, recipes }),
    (error) => error instanceof UsageError && message.test(error.message),
  );
}
