/** Every recipe in configs/ is one that its command takes. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { mergeConfig } from "../src/cli/config.js";
import type { OptionTable } from "../src/commands/options.js";
import { pruneHydraOptions } from "../src/commands/prune-hydra-options.js";
import { sparseTrainOptions } from "../src/commands/sparse-train-options.js";
import { requireDataName } from "../src/data/catalog.js";
import { catalogModel } from "../src/models/catalog.js";

const CONFIGS = fileURLToPath(new URL("../../configs/", import.meta.url));
const recipes = readdirSync(CONFIGS).filter((name) => name.endsWith(".yaml"));

for (const name of recipes) {
  const [command, options] = /-(hydra|lwm)-/.test(name)
    ? ["prune-hydra", pruneHydraOptions]
    : ["sparse-train", sparseTrainOptions];
  test(`${command} takes ${name}`, () => requireTaken(name, options));
}

test("every recipe begins with a line that says what it is", () => {
  assert.ok(recipes.length > 0);
  for (const name of recipes) {
    const [first = ""] = readFileSync(CONFIGS + name, "utf8").split("\n");
    assert.match(first, /^# .{30,}\.$/, name);
    assert.ok(first.length <= 120, name);
  }
});

test("a recipe's name ends with its sparsity in percent, or in dense", () => {
  for (const name of recipes) {
    const text = readFileSync(CONFIGS + name, "utf8");
    const density = /^density: (.*)$/m.exec(text)?.[1];
    const percent = /-s(\d+)\.yaml$/.exec(name)?.[1];
    assert.ok(percent !== undefined || name.endsWith("-dense.yaml"), name);
    if (percent !== undefined && density !== undefined)
      assert.equal(Math.round(100 * (1 - Number(density))), Number(percent), name);
  }
});

test("every cell of the publication's table for VGG-16 has its recipe, which is what its name says", async () => {
  for (const objective of ["natural", "at", "mat", "trades", "mart", "rst"]) {
    await requireCell(`cifar10-vgg16-${objective}-dense.yaml`, { objective, mode: "dense" });
    for (const [suffix, mode] of Object.entries({ "": "bayes", "-fixed": "fixed", "-random": "random" })) {
      await requireCell(`cifar10-vgg16-${objective}${suffix}-s90.yaml`, { objective, mode, density: 0.1 });
      await requireCell(`cifar10-vgg16-${objective}${suffix}-s99.yaml`, { objective, mode, density: 0.01 });
    }
  }
});

async function requireCell(name: string, expected: Readonly<Record<string, unknown>>): Promise<void> {
  const config = await merged(name, sparseTrainOptions);
  const all = { data: "cifar10", model: "vgg16", profile: "reference", ...expected };
  for (const [key, value] of Object.entries(all)) assert.equal(config[key], value, `${name}: ${key}`);
}

/** The merged config passes the option table, and names a network and a data set that exist. */
async function requireTaken(name: string, options: OptionTable): Promise<void> {
  const config = await merged(name, options);
  requireDataName(String(config.data));
  catalogModel({ name: String(config.model), width: Number(config.width), input: [32, 32, 3], classes: 10 });
}

async function merged(name: string, options: OptionTable): Promise<Readonly<Record<string, unknown>>> {
  const command = { name: "any", summary: "", example: "", options, whenClosed: "end", run: async () => 0 } as const;
  return (await mergeConfig(command, new Map([["config", CONFIGS + name]]))).config;
}
