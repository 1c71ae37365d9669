/** Every recipe in configs/ is one that its command takes. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { mergeConfig } from "../src/cli/config.js";
import type { OptionTable } from "../src/commands/options.js";
import { pruneHydraOptions } from "../src/commands/prune-hydra-options.js";
import { sparseTrainOptions } from "../src/commands/sparse-train-options.js";
import { requireDataName } from "../src/data/catalog.js";
import { catalogModel } from "../src/models/catalog.js";

const CONFIGS = fileURLToPath(new URL("../../configs/", import.meta.url));
const recipes = readdirSync(CONFIGS).filter((name) => name.endsWith(".yaml"));

for (const name of recipes) {
  const [command, options] = /-(hydra|lwm|admm)-/.test(name)
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
      assert.equal(percent, String(Number((100 - 100 * Number(density)).toFixed(4))).replace(".", ""), name);
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

test("every published network that was pruned by HYDRA, by magnitude or by ADMM has its recipe", async () => {
  const published = (source: string) =>
    readFileSync(`${CONFIGS}published/${source}.ndjson`, "utf8")
      .trim()
      .split("\n")
      .map((line) => publishedSchema.parse(JSON.parse(line)));
  let found = 0;
  for (const [source, kind] of Object.entries(KINDS))
    for (const record of published(source)) {
      // Networks with a certificate by smoothing are trained in another way.
      if (!/^(hydra|lwm|admm)$/.test(record.method)) continue;
      if (record.objective === "smoothing") continue;
      const { method, model, data, density, objective, epsilonText } = record;
      const radius = epsilonText === "2/255" ? ["eps2"] : [];
      const sparsity = `s${String(Number((100 - 100 * density).toFixed(4))).replace(".", "")}`;
      const name = `${[data.name, model.name, method, kind, ...radius, sparsity].join("-")}.yaml`;
      const config = await merged(name, pruneHydraOptions);
      const expected = { data: data.name, model: model.name, method, density, ...(objective && { objective }) };
      for (const [key, value] of Object.entries(expected)) assert.equal(config[key], value, `${name}: ${key}`);
      if (radius.length > 0) assert.equal(config.epsilon, epsilonText);
      found++;
    }
  assert.ok(found > 90, `${found} records`);
});

const publishedSchema = z.object({
  method: z.string(),
  model: z.object({ name: z.string() }),
  data: z.object({ name: z.string() }),
  density: z.number(),
  objective: z.string().nullish(),
  epsilonText: z.string(),
});

/** Under which name the recipes of a source stand: the authors' own networks, or others' attempts at them. */
const KINDS = {
  hydra: "published",
  poster: "published",
  robustbench: "published",
  benchmark: "benchmark",
  eed: "benchmark",
};

test("the authors' other networks have their recipes, which are what their names say", async () => {
  for (const [suffix, density] of [
    ["s90", 0.1],
    ["s99", 0.01],
  ] as const) {
    const shared = { objective: "trades", mode: "bayes", density };
    await requireCell(`svhn-wrn28_4-trades-${suffix}.yaml`, { ...shared, data: "svhn", model: "wrn28_4" });
    await requireCell(`cifar100-resnet18-trades-${suffix}.yaml`, { ...shared, data: "cifar100", model: "resnet18" });
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
  const texts = { name: "any", summary: "", output: "", example: "" } as const;
  const command = { ...texts, options, whenClosed: "end", run: async () => 0 } as const;
  return (await mergeConfig(command, new Map([["config", CONFIGS + name]]))).config;
}
