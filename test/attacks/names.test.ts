import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAttacks } from "../../src/attacks/names.js";
import type { AttackRecipe, EnsembleRecipe } from "../../src/attacks/recipe.js";
import { UsageError } from "../../src/core/errors.js";

const epsilon = 8 / 255;
const onCifar = { epsilon, classes: 10 };

function only(name: string, more: Omit<Parameters<typeof parseAttacks>[0], "names"> = {}): AttackRecipe {
  const [recipe, ...others] = parseAttacks({ names: [name], ...more });
  assert.ok(recipe?.type === "attack" && others.length === 0);
  return recipe;
}

function ensemble(name: string, recipes: Record<string, unknown> = {}): EnsembleRecipe {
  const [recipe, ...others] = parseAttacks({ names: [name], recipes });
  assert.ok(recipe?.type === "ensemble" && others.length === 0);
  return recipe;
}

test("pgdN has 10 restarts from random starts and steps of 2.5 epsilon / N, whatever N", () => {
  for (const steps of [1, 7, 50, 100]) {
    assert.deepEqual(only(`pgd${steps}`).constants(onCifar), {
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
    parseAttacks({ names }).map(({ name }) => name),
    ["pgd50", "fgsm", "pgd10x1"],
  );
  assert.deepEqual(parseAttacks({ names: ["clean"] }), []);
});

test("constants of the config replace a recipe's own, numbers as people write them", () => {
  const recipes = { pgd50: { stepSize: "2/255", accounting: "foolbox" }, fgsm: { randomStart: true } };
  const [pgd, fgsm] = parseAttacks({ names: ["pgd50x10", "fgsm"], recipes });
  assert.ok(pgd?.type === "attack" && fgsm?.type === "attack");
  const { stepSize, accounting, restarts, name } = pgd.constants(onCifar);
  assert.deepEqual([name, stepSize, accounting, restarts], ["pgd50", 2 / 255, "foolbox", 10]);
  assert.deepEqual(fgsm.constants(onCifar), { name: "fgsm", randomStart: true });
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

test("the published protocol counts as Foolbox does, where a config says nothing else", () => {
  const recipes = parseAttacks({ names: ["poster"] });
  assert.deepEqual(
    recipes.map(({ name }) => name),
    ["fgsm", "pgd50", "pgd100", "bb", "aa"],
  );
  const accounting = (recipe: AttackRecipe | EnsembleRecipe | undefined) =>
    recipe?.type === "attack" ? recipe.constants(onCifar).accounting : undefined;
  assert.deepEqual(recipes.map(accounting), [undefined, "foolbox", "foolbox", undefined, undefined]);
  const [, pgd50] = parseAttacks({ names: ["poster"], recipes: { pgd50: { restarts: 2 } } });
  assert.equal(accounting(pgd50), "strict");
  const batchOf = (recipe: AttackRecipe | EnsembleRecipe | undefined) =>
    recipe?.type === "attack" ? recipe.constants(onCifar).bbRefBatch : undefined;
  assert.equal(batchOf(recipes[3]), 128);
  assert.equal(batchOf(parseAttacks({ names: ["bb"] })[0]), 1);
});

test("cwN is pgdN on the margin loss with kappa 50, cw is cw50-det", () => {
  const { name, steps, kappa, restarts, randomStart } = only("cw20").constants(onCifar);
  assert.deepEqual([name, steps, kappa, restarts, randomStart], ["cw20", 20, 50, 10, true]);
  assert.deepEqual(pick(only("cw")), ["cw50-det", 1, false]);
  assert.deepEqual(pick(only("cw10x3")), ["cw10x3", 3, true]);
  const recipes = { cw10: { kappa: Number.POSITIVE_INFINITY }, "cw5-det": { kappa: 0 } };
  assert.equal(only("cw10", { recipes }).constants(onCifar).kappa, Number.POSITIVE_INFINITY);
  assert.equal(only("cw5-det", { recipes }).constants(onCifar).kappa, 0);
});

test("Auto-PGD alone is what the standard ensemble runs", () => {
  const constants = { steps: 100, restarts: 1, rho: 0.75, eot: 1 };
  assert.deepEqual(only("apgd-ce").constants(onCifar), { name: "apgd-ce", ...constants, loss: "ce" });
  assert.deepEqual(only("apgd-dlr").constants(onCifar), { name: "apgd-dlr", ...constants, loss: "dlr" });
  assert.deepEqual(only("apgd-t").constants(onCifar), { name: "apgd-t", ...constants, targets: 9, loss: "dlr-t" });
  assert.deepEqual([only("apgd-t").passes(10), only("apgd-t").passes(100), only("apgd-t").passes(5)], [9, 9, 4]);
});

test("FAB and Square alone are what the standard ensemble runs", () => {
  assert.deepEqual(only("fab").constants(onCifar), { name: "fab", steps: 100, restarts: 5 });
  assert.deepEqual(only("fab-t").constants(onCifar), { name: "fab-t", steps: 100, restarts: 1, targets: 9 });
  const square = { name: "square", queries: 5000, p0: 0.8, excludeLast: true };
  assert.deepEqual(only("square").constants(onCifar), square);
});

test("Brendel & Bethge is Foolbox's, in three norms as FAB and Square are", () => {
  const constants = { steps: 1000, learningRate: 1e-3, bbRefBatch: 1, start: "blended-noise", noiseDraws: 1000 };
  assert.deepEqual(only("bb").constants(onCifar), { name: "bb", ...constants });
  for (const name of ["bb", "fab", "fab-t", "square"]) assert.deepEqual(only(name).norms, ["linf", "l2", "l1"]);
  for (const name of ["fgsm", "pgd50", "cw", "apgd-ce"]) assert.deepEqual(only(name).norms, ["linf", "l2"]);
});

test("in L1 Auto-PGD has the constants of that norm's standard ensemble, and the others theirs without larger radii", () => {
  const inL1 = (name: string) => {
    const [recipe] = parseAttacks({ names: [name], norm: "l1" });
    const members = recipe?.type === "ensemble" ? recipe.members : recipe === undefined ? [] : [recipe];
    return members.map((member) => {
      assert.ok(member.norms.includes("l1"));
      const { name, restarts = 1, targets = 0, eot = 1, largerRadii = false } = member.constants(onCifar);
      return [name, restarts, targets, eot, largerRadii];
    });
  };
  const standard = [
    ["apgd-ce", 5, 0, 1, true],
    ["apgd-t", 1, 5, 1, true],
    ["fab-t", 1, 9, 1, false],
    ["square", 1, 0, 1, false],
  ];
  assert.deepEqual(inL1("aa"), standard);
  assert.deepEqual(inL1("apgd-t"), [standard[1]]);
  assert.deepEqual(inL1("aa-rand"), [
    ["apgd-ce", 1, 0, 20, false],
    ["apgd-dlr", 1, 0, 20, false],
  ]);
  assert.deepEqual(inL1("aa-plus"), [
    ["apgd-ce", 5, 0, 1, false],
    ["apgd-dlr", 5, 0, 1, false],
    ["fab", 5, 0, 1, false],
    ["square", 1, 0, 1, false],
    ["apgd-t", 1, 9, 1, false],
    ["fab-t", 1, 9, 1, false],
  ]);
});

test("the ensembles have the published members in the published order", () => {
  const members = (name: string) => ensemble(name).members.map((member) => member.constants(onCifar));
  const described = (name: string) => members(name).map(({ name, restarts = 1 }) => `${name} x${restarts}`);
  assert.deepEqual(described("aa"), ["apgd-ce x1", "apgd-t x1", "fab-t x1", "square x1"]);
  const plus = ["apgd-ce x5", "apgd-dlr x5", "fab x5", "square x1", "apgd-t x1", "fab-t x1"];
  assert.deepEqual(described("aa-plus"), plus);
  assert.deepEqual(
    members("aa").map(({ targets }) => targets),
    [undefined, 9, 9, undefined],
  );
});

test("aa-rand is CE and DLR with 20 gradients at each iterate", () => {
  const members = ensemble("aa-rand").members.map((member) => member.constants(onCifar));
  assert.deepEqual(
    members.map(({ name, restarts, eot }) => [name, restarts, eot]),
    [
      ["apgd-ce", 1, 20],
      ["apgd-dlr", 1, 20],
    ],
  );
});

test("a config's ensemble lists members or gives them constants; the untargeted ones have 5 restarts", () => {
  const recipes = {
    mine: { members: ["apgd-ce", "apgd-t", "quickly"] },
    other: { members: { "apgd-dlr": { restarts: 2 }, "pgd10-det": {} } },
    quickly: { base: "apgd-ce", steps: 10 },
  };
  const restarts = (name: string) =>
    ensemble(name, recipes).members.map((member) => [member.name, member.constants(onCifar).restarts]);
  assert.deepEqual(restarts("mine"), [
    ["apgd-ce", 5],
    ["apgd-t", 1],
    ["quickly", 1],
  ]);
  assert.deepEqual(restarts("other"), [
    ["apgd-dlr", 2],
    ["pgd10-det", 1],
  ]);
});

test("ensembles that make no sense are refused by their key", () => {
  refused(["mine"], /attacks.mine.members: expected attacks, such as \[apgd-ce/, { mine: { members: 3 } });
  refused(["mine"], /attacks.mine.members: expected attacks/, { mine: { members: [] } });
  refused(["mine"], /attacks.mine.members: apgd-t is there twice/, { mine: { members: ["apgd-t", "apgd-t"] } });
  refused(["mine"], /attacks.mine.members: aa-rand is no single attack/, { mine: { members: ["aa-rand"] } });
  refused(["mine"], /no attack is called "apdg-t"; did you mean "apgd-t"/, { mine: { members: ["apdg-t"] } });
  refused(["mine"], /attacks.mine.steps: an ensemble has no constants but members/, {
    mine: { members: ["fgsm"], steps: 3 },
  });
  refused(["mine"], /attacks.mine.members.apgd-t.target: unknown constant; did you mean "targets"/, {
    mine: { members: { "apgd-t": { target: 3 } } },
  });
  refused(["aa-rand"], /attacks.aa-rand: an ensemble has no constants but members/, { "aa-rand": { steps: 3 } });
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
  refused(["apgd-ce"], /attacks.apgd-ce.rho: expected a number from 0 to 1/, { "apgd-ce": { rho: 2 } });
  refused(["apgd-ce"], /attacks.apgd-ce.targets: unknown constant/, { "apgd-ce": { targets: 3 } });
  refused(["cw5"], /attacks.cw5.kappa: expected a number of at least 0/, { cw5: { kappa: -1 } });
  refused(["fgsm"], /attacks.pgd50.step: unknown constant/, { pgd50: { step: 1 } });
});

function pick(recipe: AttackRecipe) {
  const { name, restarts, randomStart } = recipe.constants(onCifar);
  return [name, restarts, randomStart];
}

function refused(names: string[], message: RegExp, recipes: Record<string, unknown> = {}): void {
  assert.throws(
    () => parseAttacks({ names, recipes }),
    (error) => error instanceof UsageError && message.test(error.message),
  );
}

test("names that attacks have elsewhere lead to ours", () => {
  refused(["autoattack"], /no attack is called "autoattack"; did you mean "aa"\?/);
  refused(["autoattak"], /no attack is called "autoattak"; did you mean "aa"\?/);
  refused(["Auto-Attack"], /did you mean "aa"\?/);
  refused(["pgd"], /no attack is called "pgd"; did you mean "pgd50"\?/);
});

test("a recipe has no name that means something else, and no base among the config's own", () => {
  for (const [name, recipe, message] of [
    ["quick", { steps: 3 }, /attacks\.quick: is a group of attacks/],
    ["aa/square", { base: "fgsm" }, /attacks\.aa\/square: a name has no slash/],
    ["mine", { base: "other" }, /attacks\.mine\.base: "other" is a recipe of the same config/],
  ] as const) {
    const recipes = { [name]: recipe, other: { steps: 2 } };
    assert.throws(() => parseAttacks({ names: ["fgsm"], recipes }), { name: "UsageError", message });
  }
});
