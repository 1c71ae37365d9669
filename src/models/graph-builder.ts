/** Writes a graph layer by layer, so that a model file reads like the table in its paper. */
import type { Graph, Layer } from "./graph.js";

/** Initial density of a kernel as a function of the network's density p. */
export type InitialDensity = (p: number) => number;

interface KernelOptions {
  /** Default: the layer before it. */
  readonly from?: string;
  /** The method's initial density of this layer; capped at 1. */
  readonly density: InitialDensity;
}

interface ConvOptions extends KernelOptions {
  readonly filters: number;
  /** Default 3. */
  readonly kernel?: number;
  /** Default 1. */
  readonly stride?: number;
}

interface DenseOptions extends KernelOptions {
  readonly units: number;
}

/** Layers so far, each method appends one and gives its name; `width` scales channels (`channels`), not the input or the classes. */
export class GraphBuilder {
  readonly #layers: Layer[] = [];
  readonly #densities = new Map<string, InitialDensity>();

  constructor(private readonly width: number) {}

  get graph(): Graph {
    return this.#layers;
  }

  /** By name of the conv or dense layer, in graph order. */
  get initialDensity(): ReadonlyMap<string, InitialDensity> {
    return this.#densities;
  }

  /** `count` channels of the paper's table at this width. */
  channels(count: number): number {
    return Math.max(1, Math.round(this.width * count));
  }

  /** Without bias, padded as TensorFlow does. */
  conv(name: string, { from, density, filters, kernel = 3, stride = 1 }: ConvOptions): string {
    this.#densities.set(name, (p) => Math.min(1, density(p)));
    const shape = { filters, kernel, stride, padding: "same", bias: false, rewire: true } as const;
    return this.#append({ name, op: "conv", inputs: this.#inputs(from), ...shape });
  }

  dense(name: string, { from, density, units }: DenseOptions): string {
    this.#densities.set(name, (p) => Math.min(1, density(p)));
    return this.#append({ name, op: "dense", inputs: this.#inputs(from), units, bias: true, rewire: true });
  }

  batchNorm(name: string, from?: string): string {
    return this.#append({ name, op: "batchnorm", inputs: this.#inputs(from), epsilon: 1e-5, momentum: 0.1 });
  }

  relu(name: string, from?: string): string {
    return this.#append({ name, op: "relu", inputs: this.#inputs(from) });
  }

  /** 2×2, stride 2. */
  maxPool(name: string): string {
    return this.#append({ name, op: "maxpool", inputs: this.#inputs(), size: 2, stride: 2 });
  }

  /** Mean over all positions. */
  globalAveragePool(name: string): string {
    return this.#append({ name, op: "avgpool", inputs: this.#inputs(), size: "global", stride: 1 });
  }

  add(name: string, first: string, second: string): string {
    return this.#append({ name, op: "add", inputs: [first, second] });
  }

  flatten(name: string): string {
    return this.#append({ name, op: "flatten", inputs: this.#inputs(), order: "chw" });
  }

  #inputs(from?: string): readonly string[] {
    return [from ?? this.#layers.at(-1)?.name ?? "input"];
  }

  #append(layer: Layer): string {
    this.#layers.push(layer);
    return layer.name;
  }
}
