/** Published numbers, one from each table that stands in configs/published/, typed again from the publication. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { z } from "zod";

const FOLDER = fileURLToPath(new URL("../../../configs/published/", import.meta.url));

const schema = z.looseObject({
  method: z.string(),
  model: z.looseObject({ name: z.string() }),
  data: z.looseObject({ name: z.string() }),
  density: z.number(),
  objective: z.string().nullish(),
  attack: z.looseObject({ name: z.string() }),
  accuracy: z.number(),
});

/** Accuracies in percent of one network, under the attacks named. */
function accuracies(source: string, network: string, attacks: readonly string[]): readonly (number | undefined)[] {
  const lines = readFileSync(`${FOLDER}${source}.ndjson`, "utf8").trim().split("\n");
  const records = lines.map((line) => schema.parse(JSON.parse(line)));
  return attacks.map((name) => {
    const found = records.find(
      ({ attack, method, model, data, density, objective }) =>
        [method, model.name, data.name, density, objective ?? "-", attack.name].join(" ") === `${network} ${name}`,
    );
    return found && Number((100 * found.accuracy).toFixed(2));
  });
}

test("the poster has 74.0 clean, 42.3 under PGD-50, 37.45 under AutoAttack for 1 % of VGG-16 by self-training", () => {
  assert.deepEqual(accuracies("poster", "bayes vgg16 cifar10 0.01 rst", ["clean", "pgd50", "aa"]), [74, 42.3, 37.45]);
});

test("HYDRA has 47.3 for 1 % of WRN-28-4 on CIFAR-10", () => {
  assert.deepEqual(accuracies("hydra", "hydra wrn28_4 cifar10 0.01 rst", ["pgd50"]), [47.3]);
});

test("the benchmark has 79.42 clean and 42.02 under AutoAttack for 1 % of VGG-16 by HARP", () => {
  assert.deepEqual(accuracies("benchmark", "harp vgg16 cifar10 0.01 -", ["clean", "aa"]), [79.42, 42.02]);
});
