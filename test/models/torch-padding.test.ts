import assert from "node:assert/strict";
import { test } from "node:test";
import { catalogModel } from "../../src/models/catalog.js";
import { inferShapes } from "../../src/models/shapes.js";
import { torchPadded } from "../../src/models/torch-padding.js";

const paddings = (name: string) => {
  const { graph, input } = catalogModel({ name, width: 1, input: [32, 32, 3], classes: 10 });
  const padded = torchPadded(graph);
  assert.deepEqual(inferShapes(padded, input), inferShapes(graph, input));
  return padded.flatMap((layer) =>
    layer.op === "conv" && layer.padding !== "same" ? [[layer.name, layer.padding]] : [],
  );
};

test("in a wide residual network the 3x3 convolutions of stride 2 get a zero on each side, and no shape changes", () => {
  assert.deepEqual(paddings("wrn28_4"), [
    ["g2.b1.conv1", 1],
    ["g3.b1.conv1", 1],
  ]);
});

test("a network without such convolutions stays as it is", () => {
  assert.deepEqual(paddings("vgg16"), []);
});
