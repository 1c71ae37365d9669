import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { parse } from "yaml";
import { mergeConfig } from "../../src/cli/config.js";
import { configText } from "../../src/cli/config-file.js";
import { UsageError } from "../../src/core/errors.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { toyCommand } from "../support/toy-command.js";

function merge(flags: Readonly<Record<string, unknown>>) {
  return mergeConfig(toyCommand, new Map(Object.entries(flags)));
}

function fileWith(context: TestContext, text: string): string {
  const path = join(temporaryFolder(context), "recipe.yaml");
  writeFileSync(path, text);
  return path;
}

function refuses(flags: Readonly<Record<string, unknown>>, pattern: RegExp): Promise<void> {
  return assert.rejects(merge(flags), (error) => {
    assert.ok(error instanceof Error);
    assert.match(error.message, pattern);
    return true;
  });
}

test("defaults are read like values", async () => {
  const { options, given } = await merge({});
  assert.equal(options.density, 0.01);
  assert.equal(options.steps, null);
  assert.equal(options.batchSize, "auto");
  assert.equal(options.every, 300);
  assert.deepEqual(options.epsilon, { value: 8 / 255, text: "8/255" });
  assert.equal(options.layers.size, 0);
  assert.deepEqual([...options.attacks], [["quick", {}]]);
  assert.equal(given.size, 0);
});

test("a flag beats --set, --set beats the file, the file beats the default", async (context) => {
  const config = fileWith(context, "density: 0.2\nsteps: 10\nmode: fixed\n");
  const { options, given } = await merge({ config, set: ["steps=20", "density=0.3"], density: "0.4" });
  assert.equal(options.density, 0.4);
  assert.equal(options.steps, 20);
  assert.equal(options.mode, "fixed");
  assert.deepEqual([...given].sort(), ["density", "mode", "steps"]);
});

test("a file extends another one, found beside it, key by key", async (context) => {
  const folder = temporaryFolder(context);
  writeFileSync(
    join(folder, "base.yaml"),
    "density: 0.2\nsteps: 10\nlayers: {conv1: {density: 0.5}, fc: {density: 1}}\n",
  );
  writeFileSync(join(folder, "recipe.yaml"), "extends: base.yaml\nsteps: 11\nlayers: {fc: {density: 0.9}}\n");
  const { options } = await merge({ config: join(folder, "recipe.yaml") });
  assert.equal(options.density, 0.2);
  assert.equal(options.steps, 11);
  assert.deepEqual([...options.layers], [["conv1", 0.5], ["fc", 0.9]]); // biome-ignore format: a table
});

test("--set reaches into layers whose names have dots, and null takes a value back", async (context) => {
  const config = fileWith(context, "steps: 10\n");
  const { options } = await merge({ config, set: ["layers.g1.b1.conv1.density=1/4", "steps=null"] });
  assert.deepEqual([...options.layers], [["g1.b1.conv1", 0.25]]);
  assert.equal(options.steps, null);
});

test("a list of attacks selects, and keeps the constants that the file gives them", async (context) => {
  const config = fileWith(context, "attacks:\n  mine: {steps: 3}\n  other: {steps: 4}\n");
  const { options, config: merged } = await merge({ config, attacks: "fgsm,mine" });
  assert.deepEqual([...options.attacks], [["fgsm", {}], ["mine", { steps: 3 }]]); // biome-ignore format: a table
  assert.deepEqual(merged.attacks, { fgsm: {}, mine: { steps: 3 } });
});

test("constants that --set gives an attack that no list selects are refused, those of a file are kept for another call", async (context) => {
  const set = ["attacks.pgd10.restarts=2"];
  const message = /^--set attacks\.pgd10\.restarts: pgd10 is not among --attacks pgd20, fgsm, so/;
  await refuses({ attacks: "pgd20,fgsm", set }, message);
  await refuses({ set: [...set, "attacks=pgd20"] }, /pgd10 is not among --set attacks pgd20, so/);
  const config = fileWith(context, "attacks:\n  pgd10: {restarts: 2}\n  pgd20: {restarts: 3}\n");
  const { options } = await merge({ config, attacks: "pgd20", set: ["attacks.pgd20.steps=21"] });
  assert.deepEqual([...options.attacks], [["pgd20", { restarts: 3, steps: 21 }]]);
  // A flag's list in place of one of --set is the order of layers.
  assert.deepEqual([...(await merge({ attacks: "fgsm", set: ["attacks=pgd20"] })).options.attacks], [["fgsm", {}]]);
});

test("the printed config is a valid config that gives the same options", async (context) => {
  const flags = {
    density: "1e-1",
    steps: "2k",
    epsilon: "4/255",
    epsilons: "2/255,0.1",
    set: ["attacks.pgd20.stepSize=1/255"],
    every: "90s",
  };
  const first = await merge(flags);
  assert.equal(first.config.steps, 2000);
  assert.equal(first.config.density, 0.1);
  const second = await merge({ config: fileWith(context, configText(first.config)) });
  const { config: _here, set: _there, ...options } = second.options;
  const { config: _nowhere, set: _set, ...expected } = first.options;
  assert.deepEqual(options, expected);
  assert.deepEqual(second.config, first.config);
  assert.deepEqual(parse(configText(second.config)), first.config);
});

test("what does not change the result stays out of the result's config", async () => {
  const { config, resultConfig } = await merge({ out: "there", density: "0.5" });
  assert.equal(config.out, "there");
  assert.equal("out" in resultConfig, false);
  assert.equal("every" in resultConfig, false);
  assert.equal(resultConfig.density, 0.5);
  assert.equal("resume" in config, false);
});

test("an unknown key is an error with file, line and the nearest key", async (context) => {
  const config = fileWith(context, "# a recipe\nsteps: 3\ndensty: 0.1\n");
  await refuses({ config }, /recipe\.yaml:3: unknown key densty; did you mean density\?/);
  await refuses({ set: ["densty=1"] }, /^--set densty: unknown key densty; did you mean density\?/);
});

test("a value that does not fit names its flag, or its file and line, and what would fit", async (context) => {
  await refuses({ density: "0" }, /^--density: 0 is out of range; give a number above 0 and at most 1$/);
  await refuses({ density: "1.5" }, /^--density: 1.5 is out of range/);
  await refuses({ density: "many" }, /^--density: "many" is not a number/);
  await refuses({ steps: "0.5" }, /^--steps: "0.5" is not a count/);
  await refuses({ mode: "byes" }, /"byes" is not one of fixed, bayes; did you mean bayes\?/);
  await refuses({ mode: "set" }, /set is not in this version yet; there is fixed, bayes/);
  await refuses({ config: fileWith(context, "\n\nsteps: [1]\n") }, /recipe\.yaml:3: steps: \[1\] is no text/);
  await refuses(
    { set: ["layers.conv1.density=2"] },
    /^--set layers.conv1.density: layers: 2 is out of range|^--set layers/,
  );
  await refuses({ set: ["density"] }, /^--set density: is not of the form KEY=VALUE/);
  await refuses({ attacks: "fgsm,,pgd50" }, /^--attacks: .*empty entry/);
});

test("a key that is a flag only is refused in a file", async (context) => {
  await refuses({ config: fileWith(context, "resume: true\n") }, /recipe\.yaml:1: resume is a flag only: --resume/);
});

test("files that are no config are refused with file and line", async (context) => {
  await refuses({ config: fileWith(context, "- a\n- b\n") }, /recipe\.yaml:1: a config is a list of/);
  await refuses({ config: fileWith(context, "steps: 1\nsteps: 2\n") }, /recipe\.yaml:2: not valid YAML/);
  await refuses(
    { config: fileWith(context, "steps: 1\nmode: *gone\n") },
    /recipe\.yaml:2: not valid YAML: Unresolved alias/,
  );
  const bomb = [
    "a: &a [x, x]",
    ...[..."bcdefghijklm"].map((name, i) => `${name}: &${name} [${`*${"abcdefghijkl"[i]},`.repeat(9)}]`),
  ];
  await refuses(
    { config: fileWith(context, bomb.join("\n")) },
    /recipe\.yaml:\d+: (not valid YAML: Excessive alias|unknown key)/,
  );
  await refuses({ config: fileWith(context, "extends: [a, b]\n") }, /recipe\.yaml:1: extends is not the path/);
  await refuses({ config: join(temporaryFolder(context), "gone.yaml") }, /cannot read .*gone\.yaml: no such file/);
});

test("an empty file is an empty config", async (context) => {
  assert.equal((await merge({ config: fileWith(context, "# nothing yet\n") })).given.size, 0);
});

test("usage is to blame, not the program", async () => {
  await assert.rejects(merge({ density: "2" }), UsageError);
});

test("of options that exclude each other a higher layer's replaces a lower one's", async (context) => {
  const folder = temporaryFolder(context);
  writeFileSync(join(folder, "base.yaml"), "channels: 3\n");
  writeFileSync(join(folder, "recipe.yaml"), "extends: base.yaml\nwidth: 2\n");
  const config = join(folder, "recipe.yaml");
  const cases = [
    { flags: { config }, width: 2, channels: null, shape: "given" },
    { flags: { config, set: ["channels=5"] }, width: null, channels: 5, shape: "given" },
    { flags: { config, set: ["channels=5"], width: "3" }, width: 3, channels: null, shape: "given" },
    { flags: { config, shape: "wide" }, width: null, channels: null, shape: "wide" },
    { flags: { config, shape: "given" }, width: 2, channels: null, shape: "given" },
    { flags: { set: ["shape=wide"], width: "3" }, width: 3, channels: null, shape: "given" },
  ];
  for (const { flags, ...expected } of cases) {
    const { options, config: merged } = await merge(flags);
    const { width, channels, shape } = options;
    assert.deepEqual({ width, channels, shape }, expected);
    writeFileSync(join(folder, "printed.yaml"), configText(merged));
    assert.deepEqual((await merge({ config: join(folder, "printed.yaml") })).options, {
      ...options,
      config: join(folder, "printed.yaml"),
      set: [],
    });
  }
});

test("two of one layer that exclude each other are an error", async (context) => {
  await refuses({ width: "2", channels: "3" }, /^--width 2 and --channels 3 exclude each other/);
  await refuses({ set: ["width=2", "shape=wide"] }, /^--set width 2 and --set shape wide exclude each other/);
  const config = fileWith(context, "width: 2\nchannels: 3\n");
  await refuses({ config }, /^width: 2 \(.*recipe.yaml:1\) and channels: 3 \(.*recipe.yaml:2\) exclude/);
});

test("a stored run's config lies below all that is given, and counts as not given", async () => {
  const stored = { width: 2, steps: 7, every: "1m" };
  const { options, given } = await mergeConfig(toyCommand, new Map([["channels", "3"], ["every", "2m"]]), stored); // biome-ignore format: a table
  assert.deepEqual([options.width, options.channels, options.steps, options.every], [null, 3, 7, 120]);
  assert.deepEqual(
    [...given],
    ["every", "channels"].filter((key) => given.has(key)),
  );
  assert.equal(given.has("steps"), false);
});

test("what is typed is told from what stands in a file", async (context) => {
  const config = fileWith(context, "density: 0.2\n");
  const { given, typed } = await merge({ config, set: ["steps=3"], mode: "fixed" });
  assert.deepEqual([[...given].sort(), [...typed].sort()], [["density", "mode", "steps"], ["mode", "steps"]]); // biome-ignore format: a table
});
