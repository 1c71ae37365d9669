/** A network with constant parameters on the device: batch-norm folded into the convolution before it where nothing else reads that. */
import { InputError } from "../../core/errors.js";
import type { BatchNormLayer, Graph, Layer } from "../../models/graph.js";
import type { Network } from "../../models/network.js";
import { inferShapes } from "../../models/shapes.js";
import type { Ascent, AscentProblem, Inference, LossGradient } from "../engine.js";
import { deviceAscent } from "./ascent.js";
import type { Device, Tensor } from "./device.js";
import { foldedWeights } from "./folding.js";
import { advised } from "./memory-advice.js";
import { addNode, convNode, denseNode, flattenNode, poolNode, reluNode, scaleNode } from "./nodes.js";
import type { ParameterSource } from "./parameters.js";
import { poolingFirst } from "./pooling-first.js";
import { compile, type Node, type Program, runBackward, runForward, valueAt } from "./program.js";

export class TensorflowInference implements Inference {
  readonly input: readonly [number, number, number];
  readonly classes: number;
  readonly device: Device;
  readonly #program: Program;
  readonly #parameters: ParameterSource;
  readonly #weights: ReturnType<typeof foldedWeights>;

  /** The parameters are disposed with the inference. */
  constructor(network: Pick<Network, "graph" | "input" | "classes">, device: Device, parameters: ParameterSource) {
    inferShapes(network.graph, network.input);
    this.input = network.input;
    this.classes = network.classes;
    this.device = device;
    this.#parameters = parameters;
    const live = poolingFirst(liveGraph(network.graph));
    this.#weights = foldedWeights(live, device, parameters);
    const output = live.at(-1)?.name ?? "input";
    this.#program = compile(nodesOf(live, device, this.#weights), output, "images");
  }

  logits(images: Float32Array): Float32Array {
    return this.#call(images, (batch) => {
      const { values } = runForward(this.device, this.#program, { images: batch, keeps: false });
      return this.device.read(valueAt(values, this.#program.output));
    });
  }

  inputGradient(images: Float32Array, lossGradient: LossGradient): { logits: Float32Array; gradient: Float32Array } {
    return this.#call(images, (batch) => {
      const { logits, gradient } = this.gradientAt(batch, lossGradient);
      return { logits, gradient: this.device.read(gradient) };
    });
  }

  /** The gradient stays on the device, in the caller's scope. */
  gradientAt(images: Tensor, lossGradient: LossGradient): { logits: Float32Array; gradient: Tensor } {
    const pass = runForward(this.device, this.#program, { images, keeps: true });
    const output = valueAt(pass.values, this.#program.output);
    const logits = this.device.read(output);
    const given = this.device.upload(checked(lossGradient(logits), logits.length), output.shape);
    const gradient = runBackward(this.device, this.#program, { pass, gradient: given });
    if (gradient === null) throw new Error("the logits do not depend on the images");
    return { logits, gradient };
  }

  ascend(problem: AscentProblem): Ascent {
    this.imagesOf(problem.images);
    if (problem.origin.length !== problem.images.length) {
      throw new RangeError(`origin has ${problem.origin.length} numbers; the images have ${problem.images.length}`);
    }
    return deviceAscent(this, problem);
  }

  /** How many images an array holds; RangeError where it is not whole images. */
  imagesOf(images: Float32Array): number {
    const [height, width, channels] = this.input;
    const count = images.length / (height * width * channels);
    if (!(images instanceof Float32Array)) throw new TypeError("images must be a Float32Array");
    if (Number.isInteger(count) && count > 0) return count;
    throw new RangeError(
      `images has ${images.length} numbers; whole images of ${height}×${width}×${channels} are wanted`,
    );
  }

  dispose(): void {
    this.#weights.dispose();
    this.#parameters.dispose();
  }

  #call<Result>(images: Float32Array, body: (batch: Tensor) => Result): Result {
    const count = this.imagesOf(images);
    return advised(count, () => this.device.scope(() => body(this.device.upload(images, [count, ...this.input]))));
  }
}

function checked(gradient: Float32Array, length: number): Float32Array {
  if (gradient instanceof Float32Array && gradient.length === length) return gradient;
  throw new RangeError(`lossGradient gave ${gradient?.length} numbers; the logits are ${length}`);
}

/** The layers that the last one depends on, in their order. */
export function liveGraph(graph: Graph): Graph {
  const live = new Set([graph.at(-1)?.name]);
  for (const layer of [...graph].reverse()) if (live.has(layer.name)) for (const input of layer.inputs) live.add(input);
  return graph.filter((layer) => live.has(layer.name));
}

function nodesOf(graph: Graph, device: Device, weights: ReturnType<typeof foldedWeights>): Node[] {
  const norms = new Map(graph.map((layer) => [layer.name, layer]));
  return graph.flatMap((layer) => {
    const before = norms.get(layer.inputs[0] ?? "");
    if (layer.op === "batchnorm" && before !== undefined && weights.folded.has(before.name)) return [];
    return [nodeOf(layer, device, weights)];
  });
}

function nodeOf(layer: Layer, device: Device, weights: ReturnType<typeof foldedWeights>): Node {
  switch (layer.op) {
    case "conv":
    case "dense": {
      const norm: BatchNormLayer | undefined = weights.folded.get(layer.name);
      const options = { device, weights, collect: null, name: norm?.name ?? layer.name };
      return layer.op === "conv" ? convNode(layer, options) : denseNode(layer, options);
    }
    case "normalize":
    case "batchnorm":
      return scaleNode(layer, { device, factors: () => weights.factors(layer) });
    default:
      return plainNode(layer, device);
  }
}

/** A layer without parameters. */
export function plainNode(layer: Layer, device: Device): Node {
  switch (layer.op) {
    case "relu":
      return reluNode(layer, device);
    case "maxpool":
    case "avgpool":
      return poolNode(layer, device);
    case "add":
      return addNode(layer, device);
    case "flatten":
      return flattenNode(layer, device);
    default:
      throw new InputError(`layer "${layer.name}" (${layer.op}) has parameters`);
  }
}
