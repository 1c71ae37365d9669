/** Small random networks of every operation, for comparing engines: a recipe of numbers that fast-check can shrink, made into a graph. */
import fc from "fast-check";
import { stream } from "../../src/core/rng.js";
import type { Layer, Shape } from "../../src/models/graph.js";
import type { Network, Tensor } from "../../src/models/network.js";
import { inferShapes, parameterShapes } from "../../src/models/shapes.js";

export interface Recipe {
  readonly input: readonly [number, number, number];
  readonly classes: number;
  readonly batch: number;
  readonly seed: number;
  readonly layers: readonly (readonly [kind: number, a: number, b: number, c: number])[];
}

const choice = fc.nat({ max: 999 });

export const recipes: fc.Arbitrary<Recipe> = fc.record({
  input: fc.tuple(fc.integer({ min: 1, max: 11 }), fc.integer({ min: 1, max: 11 }), fc.integer({ min: 1, max: 5 })),
  classes: fc.integer({ min: 1, max: 7 }),
  batch: fc.constantFrom(1, 2, 15, 16, 17, 40, 70),
  seed: fc.nat({ max: 100_000 }),
  layers: fc.array(fc.tuple(choice, choice, choice, choice), { minLength: 0, maxLength: 9 }),
});

/** What a recipe says, leaving out layers that would not fit; it ends in flatten and dense. */
export function networkOf(recipe: Recipe): Network {
  const graph: Layer[] = [];
  for (const numbers of recipe.layers) {
    const layer = layerOf(numbers, graph, recipe);
    if (layer !== null && fits([...graph, layer], recipe.input)) graph.push(layer);
  }
  const last = graph.at(-1)?.name ?? "input";
  graph.push({ name: "flat", op: "flatten", inputs: [last], order: recipe.seed % 2 ? "chw" : "hwc" });
  graph.push({
    name: "fc",
    op: "dense",
    inputs: ["flat"],
    units: recipe.classes,
    bias: recipe.seed % 3 > 0,
    rewire: true,
  });
  return { input: recipe.input, classes: recipe.classes, graph, tensors: tensorsOf(graph, recipe) };
}

/** Images in [0, 1) and a gradient of either sign for each logit, both from the recipe's seed. */
export function batchOf(recipe: Recipe): { images: Float32Array; logitGradient: Float32Array } {
  const [height, width, channels] = recipe.input;
  const images = new Float32Array(recipe.batch * height * width * channels);
  stream(recipe.seed, "start", 1).fillUniform(images, 0, 1);
  const logitGradient = new Float32Array(recipe.batch * recipe.classes);
  stream(recipe.seed, "start", 2).fillUniform(logitGradient, -1, 1);
  return { images, logitGradient };
}

function layerOf([kind, a, b, c]: Recipe["layers"][number], graph: readonly Layer[], { input }: Recipe): Layer | null {
  const name = `layer${graph.length}`;
  // Mostly the layer before, now and then an earlier one: outputs with several uses.
  const earlier = ["input", ...graph.map((layer) => layer.name)];
  const from = kind % 4 === 3 ? pick(earlier, a) : (earlier.at(-1) ?? "input");
  const inputs = [from];
  const channels = inferShapes(graph, input).get(from)?.channels ?? 1;
  switch (
    pick(["conv", "conv", "conv", "batchnorm", "relu", "relu", "pool", "pool", "add", "add", "normalize"], kind >> 2)
  ) {
    case "conv":
      return {
        name,
        inputs,
        op: "conv",
        filters: 1 + (a % 9),
        kernel: pick([1, 3, 3, 3, 5], b),
        stride: pick([1, 1, 2, 3], c),
        padding: pick(["same", "same", "valid", 1, 2] as const, a + b),
        bias: (a + c) % 2 === 0,
        rewire: true,
      };
    case "batchnorm":
      return { name, inputs, op: "batchnorm", epsilon: 0.05, momentum: 0.1 };
    case "relu":
      return { name, inputs, op: "relu" };
    case "pool":
      return {
        name,
        inputs,
        op: a % 2 ? "maxpool" : "avgpool",
        size: pick([2, 2, 3, "global"] as const, b),
        stride: pick([2, 1, 3], c),
      };
    case "add":
      return { name, inputs: [from, partner(from, graph, input, b)], op: "add" };
    default:
      return {
        name,
        inputs,
        op: "normalize",
        mean: Array.from({ length: channels }, (_, i) => 0.3 + i / 10),
        std: Array.from({ length: channels }, (_, i) => 0.5 + i / 5),
      };
  }
}

/** An earlier value of the same shape, itself if there is no other. */
function partner(name: string, graph: readonly Layer[], input: Recipe["input"], number: number): string {
  const shapes = inferShapes(graph, input);
  const alike = [...shapes].filter(([, shape]) => equal(shape, shapes.get(name))).map(([other]) => other);
  return pick(alike, number);
}

function equal(a: Shape, b: Shape | undefined): boolean {
  return a.height === b?.height && a.width === b.width && a.channels === b.channels;
}

function fits(graph: readonly Layer[], input: Recipe["input"]): boolean {
  try {
    inferShapes(graph, input);
    return true;
  } catch {
    return false;
  }
}

/** Values of a size that keeps activations near 1; kernels dense, thin or with no connection at all, by the seed. */
function tensorsOf(graph: readonly Layer[], { input, seed }: Recipe): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (const [number, [name, shape]] of [...parameterShapes(graph, input)].entries()) {
    const size = shape.reduce((product, extent) => product * extent, 1);
    const values = new Float32Array(size);
    const isKernel = name.endsWith(".weight") && shape.length > 1;
    const isPositive = name.endsWith("running_var") || (name.endsWith(".weight") && !isKernel);
    const numbers = stream(seed, "initial-weight", number);
    if (isKernel) numbers.fillUniform(values, -1, 1);
    else numbers.fillUniform(values, isPositive ? 0.5 : -0.5, isPositive ? 1.5 : 0.5);
    const density = isKernel ? pick([1, 1, 0.5, 0.2, 0.02], seed + number) : 1;
    const scale = isKernel ? Math.sqrt(3 / (Math.max(density, 0.1) * (size / (shape[0] ?? 1)))) : 1;
    tensors.set(name, thinned({ shape, values: values.map((value) => value * scale) }, density, seed + number));
  }
  return tensors;
}

function thinned({ shape, values }: { shape: number[]; values: Float32Array }, density: number, seed: number): Tensor {
  if (density === 1) return { type: "dense", shape, values };
  const numbers = stream(seed, "initial-mask");
  const index = Uint32Array.from([...values.keys()].filter(() => numbers.uniform() < density));
  return { type: "connections", shape, index, values: Float32Array.from(index, (position) => values[position] ?? 0) };
}

function pick<Item>(items: readonly Item[], number: number): Item {
  const item = items[number % items.length];
  if (item === undefined) throw new Error("nothing to pick from");
  return item;
}
