/** What a graph implies: the shape of every layer's output, of every tensor, and how large the kernels are. */
import { InputError } from "../core/errors.js";
import type { ConvLayer, FlattenLayer, Graph, Layer, PoolLayer, Shape } from "./graph.js";

/** A connection's position is stored in 32 bits, so no tensor may have more entries. */
const MOST_ENTRIES = 2 ** 32 - 1;

/** A conv or dense layer's kernel, as the graph and the input imply it. */
export interface KernelLayer {
  readonly name: string;
  readonly op: "conv" | "dense";
  /** [out, in, kh, kw] or [out, in]. */
  readonly shape: readonly number[];
  readonly size: number;
  readonly rewire: boolean;
  /** Weights that one output sums over: in · kh · kw. */
  readonly fanIn: number;
  /** Positions of an image at which each weight is used once; 1 for dense. Multiply-adds an image = connections × this. */
  readonly outputPositions: number;
}

/**
 * Shape of every layer's output by name, and of `input`.
 * Throws InputError, naming the layer, where a layer does not fit its inputs.
 */
export function inferShapes(graph: Graph, input: readonly [number, number, number]): ReadonlyMap<string, Shape> {
  const [height, width, channels] = input;
  const shapes = new Map<string, Shape>([["input", { height, width, channels, flat: false }]]);
  for (const layer of graph) {
    if (shapes.has(layer.name)) throw misfit(layer, "its name is already taken; every layer needs its own");
    shapes.set(layer.name, checked(layer, outputShape(layer, inputShapes(layer, shapes))));
  }
  return shapes;
}

/** The kernels in graph order, which is the order of weight layers everywhere. Throws as `inferShapes`. */
export function weightLayers(graph: Graph, input: readonly [number, number, number]): KernelLayer[] {
  const shapes = inferShapes(graph, input);
  const layers: KernelLayer[] = [];
  for (const layer of graph) {
    if (layer.op !== "conv" && layer.op !== "dense") continue;
    const shape = kernelShape(layer, shapes);
    const output = shapeOf(layer.name, shapes);
    const size = product(shape);
    layers.push({
      name: layer.name,
      op: layer.op,
      shape,
      size,
      rewire: layer.rewire,
      fanIn: product(shape.slice(1)),
      outputPositions: output.height * output.width,
    });
  }
  return layers;
}

/** Shape of every tensor that a checkpoint of this graph holds, by name, in graph order. Throws as `inferShapes`. */
export function parameterShapes(graph: Graph, input: readonly [number, number, number]): Map<string, number[]> {
  const shapes = inferShapes(graph, input);
  const tensors = new Map<string, number[]>();
  for (const layer of graph) {
    const { channels } = shapeOf(layer.name, shapes);
    if (layer.op === "conv" || layer.op === "dense") {
      tensors.set(`${layer.name}.weight`, kernelShape(layer, shapes));
      if (layer.bias) tensors.set(`${layer.name}.bias`, [channels]);
    } else if (layer.op === "batchnorm") {
      for (const part of ["weight", "bias", "running_mean", "running_var"])
        tensors.set(`${layer.name}.${part}`, [channels]);
    }
  }
  return tensors;
}

function inputShapes(layer: Layer, shapes: ReadonlyMap<string, Shape>): Shape[] {
  const expected = layer.op === "add" ? 2 : 1;
  if (layer.inputs.length !== expected) {
    throw misfit(layer, `it has ${layer.inputs.length} inputs; ${layer.op} takes ${expected}`);
  }
  return layer.inputs.map((name) => {
    const shape = shapes.get(name);
    if (shape === undefined) throw misfit(layer, `its input "${name}" is no earlier layer and not "input"`);
    return shape;
  });
}

function outputShape(layer: Layer, [first, second]: readonly Shape[]): Shape {
  if (first === undefined) throw misfit(layer, "it has no input");
  switch (layer.op) {
    case "normalize":
      return normalized(layer, first);
    case "conv":
      return convolved(layer, first);
    case "batchnorm":
    case "relu":
      return first;
    case "maxpool":
    case "avgpool":
      return pooled(layer, first);
    case "add":
      return added(layer, first, second ?? first);
    case "flatten":
      return flattened(layer, first);
    case "dense":
      if (!first.flat)
        throw misfit(layer, `it takes a flat vector, its input is ${words(first)}; put a flatten before it`);
      return { height: 1, width: 1, channels: layer.units, flat: true };
  }
}

function normalized(layer: Layer & { op: "normalize" }, input: Shape): Shape {
  for (const [field, numbers] of [["mean", layer.mean] as const, ["std", layer.std] as const]) {
    if (numbers.length !== input.channels) {
      throw misfit(layer, `${field} has ${numbers.length} numbers; its input has ${input.channels} channels`);
    }
  }
  return input;
}

function convolved(layer: ConvLayer, input: Shape): Shape {
  requireImage(layer, input);
  const { kernel, stride, padding } = layer;
  const along = (size: number) =>
    padding === "same"
      ? Math.ceil(size / stride)
      : windows(size + 2 * (padding === "valid" ? 0 : padding), kernel, stride);
  const output = { height: along(input.height), width: along(input.width), channels: layer.filters, flat: false };
  if (output.height < 1 || output.width < 1)
    throw misfit(layer, `its kernel of ${kernel} is larger than its input, ${words(input)}`);
  return output;
}

function pooled(layer: PoolLayer, input: Shape): Shape {
  requireImage(layer, input);
  if (layer.size === "global") return { ...input, height: 1, width: 1 };
  const { size, stride } = layer;
  const output = { ...input, height: windows(input.height, size, stride), width: windows(input.width, size, stride) };
  if (output.height < 1 || output.width < 1)
    throw misfit(layer, `its window of ${size} is larger than its input, ${words(input)}`);
  return output;
}

function added(layer: Layer, first: Shape, second: Shape): Shape {
  if (words(first) !== words(second)) throw misfit(layer, `its inputs differ: ${words(first)} and ${words(second)}`);
  return first;
}

function flattened(layer: FlattenLayer, input: Shape): Shape {
  requireImage(layer, input);
  return { height: 1, width: 1, channels: input.height * input.width * input.channels, flat: true };
}

/** Complete windows along one side; an incomplete one is dropped. */
function windows(size: number, window: number, stride: number): number {
  return Math.floor((size - window) / stride) + 1;
}

function requireImage(layer: Layer, input: Shape): void {
  if (input.flat) throw misfit(layer, `it takes images, its input is ${words(input)}`);
}

function checked(layer: Layer, shape: Shape): Shape {
  if (shape.height * shape.width * shape.channels > MOST_ENTRIES)
    throw misfit(layer, `its output, ${words(shape)}, is too large`);
  return shape;
}

function kernelShape(layer: Layer & { op: "conv" | "dense" }, shapes: ReadonlyMap<string, Shape>): number[] {
  const { channels } = shapeOf(layer.inputs[0] ?? "input", shapes);
  const shape = layer.op === "conv" ? [layer.filters, channels, layer.kernel, layer.kernel] : [layer.units, channels];
  if (product(shape) > MOST_ENTRIES) throw misfit(layer, `its kernel [${shape.join(", ")}] is too large`);
  return shape;
}

function shapeOf(name: string, shapes: ReadonlyMap<string, Shape>): Shape {
  const shape = shapes.get(name);
  if (shape === undefined) throw new Error(`no shape was inferred for "${name}"`);
  return shape;
}

function product(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all * one, 1);
}

function words(shape: Shape): string {
  return shape.flat
    ? `a vector of ${shape.channels}`
    : `${shape.height}×${shape.width} with ${shape.channels} channels`;
}

function misfit(layer: Layer, reason: string): InputError {
  return new InputError(`layer "${layer.name}" (${layer.op}) does not fit: ${reason}`);
}
