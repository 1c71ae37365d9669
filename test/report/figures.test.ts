import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { UsageError } from "../../src/core/errors.js";
import { compareNetworks } from "../../src/report/compare-networks.js";
import { drawFigure } from "../../src/report/figures/canvas.js";
import { epochTicks } from "../../src/report/figures/curves.js";
import { allFigures, makeFigure } from "../../src/report/figures/figures.js";
import { pngOf } from "../../src/report/figures/png.js";
import { toldApart } from "../../src/report/labels.js";
import { eventFile } from "../../src/report/tensorboard.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { collect, resultOf, standing, trainingRun } from "./report-streams.js";

const collected = collect([
  ...["ours", "a<b"].flatMap((method) =>
    [0.1, 0.01].flatMap((density) => [
      resultOf({ method, density, attack: "clean", flags: standing(100, 0.8) }),
      ...[4, 8].map((n) =>
        resultOf({ method, density, attack: "pgd50", epsilon: n / 255, flags: standing(100, 0.8 - n / 20) }),
      ),
    ]),
  ),
  ...trainingRun("train-1", 5),
]);
const told = { comparison: compareNetworks(collected), histories: collected.histories };

test("every figure has its numbers in these records, and is one SVG that names itself", () => {
  const figures = allFigures(told);
  assert.deepEqual(figures.map(({ name }) => name), ["density", "epsilon", "attacks", "curves", "layers"]); // biome-ignore format: one line
  for (const { figure } of figures) {
    const svg = drawFigure(figure);
    assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    assert.match(svg, /<title>.+<\/title><desc>.+<\/desc>/);
    assert.match(svg, /prefers-color-scheme:dark/);
    assert.doesNotMatch(svg, /a<b|<script|NaN|undefined/);
    assert.doesNotMatch(svg.replaceAll("http://www.w3.org/", ""), /https?:/);
  }
});

test("marks of evenly spaced accuracies are evenly spaced", () => {
  const whole = drawFigure(makeFigure("attacks", told));
  // The legend's marks stand before the panel.
  const svg = whole.slice(whole.indexOf("<svg", 1));
  const places = [...svg.matchAll(/<path [^>]*translate\((-?[\d.]+),/g)].map(([, x]) => Number(x));
  // 80, 60 and 40 %, and left of them nothing.
  const [forty, sixty, eighty] = [...new Set(places.map((x) => Math.round(x * 100) / 100))]
    .sort((a, b) => a - b)
    .slice(-3);
  assert.ok(forty !== undefined && sixty !== undefined && eighty !== undefined && forty < sixty);
  assert.ok(Math.abs(sixty - forty - (eighty - sixty)) < 0.05, `${forty}, ${sixty}, ${eighty}`);
});

test("over seeds every figure of accuracies shows their spread, and its caption says so", () => {
  const seeds = [1, 2].flatMap((seed) =>
    ["clean", "pgd50"].flatMap((attack) =>
      [4, 8].map((n) =>
        resultOf({ method: "ours", seed, attack, epsilon: n / 255, flags: standing(100, 0.5 + seed / 10) }),
      ),
    ),
  );
  const comparison = compareNetworks(collect(seeds));
  for (const name of ["epsilon", "attacks"] as const)
    assert.match(
      makeFigure(name, { comparison, histories: [] }).caption,
      /95% intervals, over seeds ± their standard deviation/,
    );
});

test("a figure without numbers says what it needs", () => {
  const nothing = { comparison: compareNetworks(collect([resultOf({ method: "ours", flags: [1] })])), histories: [] };
  assert.throws(() => makeFigure("curves", nothing), (error) => error instanceof UsageError && /records\.ndjson/.test(error.message)); // biome-ignore format: one line
});

test("nothing that a renderer without style sheets needs stands in one alone", () => {
  for (const { figure } of allFigures(told)) {
    const svg = drawFigure(figure, "#ffffff");
    assert.match(svg, /^<svg [^>]* font-family="[^"]+" font-size="12" fill="currentColor" color="#1f2328">/);
    assert.doesNotMatch(svg.slice(svg.indexOf("</style>")), /stroke-opacity|font-family|class=/);
    assert.doesNotMatch(svg, /\bdy="|e\+\d/);
  }
});

test("a network has one colour in all figures of a page", () => {
  const collected = collect([
    resultOf({ method: "base", flags: standing(10, 0.5) }),
    resultOf({ method: "base", attack: "clean", flags: standing(10, 0.7) }),
    { ...resultOf({ method: "ours", flags: standing(10, 0.6) }), run: "train-1" },
    ...trainingRun("train-1", 3),
  ]);
  const comparison = compareNetworks(collected);
  const colours = (name: "attacks" | "curves") =>
    new Map(
      makeFigure(name, { comparison, histories: collected.histories }).keys.map(({ label, colour }) => [label, colour]),
    );
  assert.equal(colours("curves").get("bayes"), colours("attacks").get("ours"));
  assert.notEqual(colours("attacks").get("ours"), colours("attacks").get("base"));
});

test("epochs are counted in whole ones, and a run without a sparse layer has no panel", () => {
  assert.deepEqual(epochTicks(4), [1, 2, 3, 4]);
  assert.deepEqual(epochTicks(22), [1, 5, 10, 15, 20]);
  assert.deepEqual(epochTicks(200), [1, 20, 40, 60, 80, 100, 120, 140, 160, 180, 200]);
  const full = trainingRun("full", 3).map((record) =>
    record.type !== "train.epoch" ? record : { ...record, layers: [{ name: "conv1", size: 9, connections: 9 }] },
  );
  const { histories } = collect([...full, ...trainingRun("sparse", 3)]);
  const of = (names: readonly string[]) => ({
    comparison: told.comparison,
    histories: histories.filter(({ run }) => names.includes(run)),
  });
  assert.equal(makeFigure("layers", of(["full", "sparse"])).panels.length, 1);
  assert.throws(() => makeFigure("layers", of(["full"])), UsageError);
});

test("runs and networks are told apart by what differs, and by nothing else", () => {
  const details = [["at", "at", "at"], ["vgg16", "vgg16", "vgg16"], ["density 0.1", "density 0.1", "density 0.3"], ["seed 1", "seed 2", "seed 1"]]; // biome-ignore format: a line
  assert.deepEqual(toldApart(["bayes", "bayes", "bayes"], details), [
    "bayes density 0.1 seed 1",
    "bayes density 0.1 seed 2",
    "bayes density 0.3",
  ]);
  assert.deepEqual(toldApart(["bayes", "hydra"], [["at", "trades"]]), ["bayes", "hydra"]);
  assert.deepEqual(toldApart(["bayes", "bayes"], [["at", "at"]]), ["bayes", "bayes (2)"]);
});

test("a PNG has the picture's size, twice over", async (context) => {
  const svg = drawFigure(makeFigure("attacks", told), "#ffffff");
  const height = Number(/ height="(\d+)"/.exec(svg)?.[1]);
  const png = await pngOf(svg, { width: 640, height }).catch(() => null);
  if (png === null) return context.skip("the optional package @napi-rs/canvas is not installed");
  assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [1280, 2 * height]);
});

const PYTHON = process.env.SPARSE_ROBUST_PYTHON ?? "python3";
const hasReader = spawnSync(PYTHON, ["-c", "import tensorboard"]).status === 0;

test("TensorBoard's own reader reads back what was written", {
  skip: hasReader ? false : `${PYTHON} has no tensorboard`,
}, (t) => {
  const folder = join(temporaryFolder(t), "train-1");
  mkdirSync(folder);
  const [history] = collected.histories;
  assert.ok(history !== undefined);
  writeFileSync(join(folder, "events.out.tfevents.1.test"), eventFile(history));
  const program = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1])
events.Reload()
print(json.dumps({tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}))`;
  const run = spawnSync(PYTHON, ["-c", program, folder], { encoding: "utf8" });
  const scalars: Record<string, [number, number][]> = JSON.parse(run.stdout);
  assert.deepEqual(scalars.loss, [10, 20, 30, 40, 50].map((step, i) => [step, Math.fround(2 / (i + 1))])); // biome-ignore format: one line
  assert.deepEqual(scalars["density/dense2"]?.[4], [50, 14 / 64]);
  assert.equal(scalars["accuracy/robust"]?.length, 5);
});
