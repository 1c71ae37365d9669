import assert from "node:assert/strict";
import { test } from "node:test";
import { InputError } from "../../src/core/errors.js";
import { catalogModel } from "../../src/models/catalog.js";
import { parseGraph } from "../../src/models/parse-graph.js";

test("every default is filled in", () => {
  const graph = parseGraph(
    [
      { name: "norm", op: "normalize", mean: [0.5], std: [0.25] },
      { name: "conv1", op: "conv", filters: 16, kernel: 3 },
      { name: "bn1", op: "batchnorm" },
      { name: "relu1", op: "relu" },
      { name: "pool1", op: "maxpool", size: 2 },
      { name: "pool2", op: "avgpool", size: "global" },
      { name: "sum", op: "add", inputs: ["pool2", "pool2"] },
      { name: "flatten", op: "flatten" },
      { name: "fc", op: "dense", units: 10 },
    ],
    "x",
  );
  assert.deepEqual(graph, [
    { name: "norm", op: "normalize", inputs: ["input"], mean: [0.5], std: [0.25] },
    {
      ...{ name: "conv1", op: "conv", inputs: ["norm"], filters: 16, kernel: 3 },
      ...{ stride: 1, padding: "same", bias: false, rewire: true },
    },
    { name: "bn1", op: "batchnorm", inputs: ["conv1"], epsilon: 1e-5, momentum: 0.1 },
    { name: "relu1", op: "relu", inputs: ["bn1"] },
    { name: "pool1", op: "maxpool", inputs: ["relu1"], size: 2, stride: 2 },
    { name: "pool2", op: "avgpool", inputs: ["pool1"], size: "global", stride: 1 },
    { name: "sum", op: "add", inputs: ["pool2", "pool2"] },
    { name: "flatten", op: "flatten", inputs: ["sum"], order: "chw" },
    { name: "fc", op: "dense", inputs: ["flatten"], units: 10, bias: true, rewire: true },
  ]);
});

test("the catalogue's graphs come through JSON as they are", () => {
  for (const name of ["vgg16", "resnet18", "wrn28_4", "tinycnn"]) {
    const { graph } = catalogModel({ name, width: 0.25, input: [32, 32, 3], classes: 10 });
    assert.deepEqual(parseGraph(JSON.parse(JSON.stringify(graph)), name), graph);
  }
});

test("what the contract does not know is refused, with file, layer and field", () => {
  const refused = (layer: unknown, pattern: RegExp) =>
    assert.throws(
      () => parseGraph([{ name: "flat", op: "flatten" }, layer], "a.safetensors"),
      (error) => {
        assert.ok(error instanceof InputError, String(error));
        assert.match(error.message, pattern);
        return true;
      },
    );
  refused({ name: "r", op: "rellu" }, /^a\.safetensors: layer 2 "r": unknown op "rellu"; did you mean "relu"\?/);
  refused({ name: "r", op: "toString" }, /layer 2 "r": unknown op "toString".* conv, /);
  refused({ name: "r" }, /layer 2 "r": unknown op null/);
  refused({ op: "relu" }, /layer 2 \(no name\) \(relu\): name: /);
  refused({ name: "c", op: "conv", kernel: 3 }, /layer 2 "c" \(conv\): filters: /);
  refused({ name: "c", op: "conv", filters: 1, kernel: 2 }, /layer 2 "c" \(conv\): kernel: must be odd/);
  refused({ name: "c", op: "conv", filters: 0, kernel: 3 }, /filters: /);
  refused({ name: "c", op: "conv", filters: 1.5, kernel: 3 }, /filters: /);
  refused(
    { name: "c", op: "conv", filters: 1, kernel: 3, padding: "full" },
    /padding: must be "same", "valid" or a number/,
  );
  refused({ name: "c", op: "conv", filters: 1, kernel: 3, dilation: 2 }, /layer 2 "c" \(conv\): .*"dilation"/);
  refused(
    { name: "p", op: "maxpool", size: "all" },
    /layer 2 "p" \(maxpool\): size: must be a whole number or "global"/,
  );
  refused({ name: "s", op: "add" }, /layer 2 "s" \(add\): inputs: /);
  refused({ name: "b", op: "batchnorm", epsilon: 0 }, /epsilon: /);
  refused({ name: "n", op: "normalize", mean: [0], std: [0] }, /std\.0: /);
  refused(7, /the graph must be an array of at least one layer object/);
  assert.throws(
    () => parseGraph({}, "f"),
    new InputError("f: the graph must be an array of at least one layer object"),
  );
  assert.throws(() => parseGraph([], "f"), InputError);
});
