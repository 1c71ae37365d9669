/** All parameters of a network under training: trained tensors and running statistics, and the step that moves them together. */
import type { Graph, Layer } from "../../models/graph.js";
import type { Network, Tensor as StoredTensor } from "../../models/network.js";
import { weightLayers } from "../../models/shapes.js";
import type { StateTensor, StepOptions, TrainingOptions } from "../engine.js";
import type { Device, Tensor } from "./device.js";
import { noiseOf } from "./noise.js";
import { arithmetic, cast, reshape } from "./operations.js";
import { ratesOf } from "./optimizer.js";
import type { ParameterSource } from "./parameters.js";
import { areFinite, TrainedTensor } from "./trained-tensor.js";

export class TrainedParameters implements ParameterSource {
  readonly #device: Device;
  readonly #graph: Graph;
  readonly #kernels: readonly string[];
  readonly #names: readonly string[];
  readonly #trained = new Map<string, TrainedTensor>();
  readonly #running = new Map<string, Tensor>();
  #version = 1;

  constructor(network: Network, options: TrainingOptions, device: Device) {
    this.#device = device;
    this.#graph = network.graph;
    this.#kernels = weightLayers(network.graph, network.input).map(({ name }) => `${name}.weight`);
    this.#names = [...network.tensors.keys()];
    for (const [name, tensor] of network.tensors) this.#add(name, tensor, options);
  }

  #add(name: string, tensor: StoredTensor, { rules, state }: TrainingOptions): void {
    const device = this.#device;
    if (name.endsWith(".running_mean") || name.endsWith(".running_var")) {
      this.#running.set(name, device.keep(device.upload(tensor.values.slice(), tensor.shape)));
      return;
    }
    const rule = this.#kernels.includes(name) ? (rules.get(name.replace(/\.weight$/, "")) ?? "dense") : "dense";
    this.#trained.set(name, new TrainedTensor(device, { name, tensor, rule, state: state ?? new Map() }));
  }

  get version(): number {
    return this.#version;
  }

  kernel(layer: string): Tensor {
    return this.trained(`${layer}.weight`).effective;
  }

  vector(tensor: string): Tensor | null {
    return this.#running.get(tensor) ?? this.#trained.get(tensor)?.effective ?? null;
  }

  /** RangeError where no such tensor is trained. */
  trained(name: string): TrainedTensor {
    const found = this.#trained.get(name);
    if (found === undefined) throw new RangeError(`tensor: "${name}" is no trained tensor of this network`);
    return found;
  }

  /** The kernel of weight layer `layer`, a number in graph order. */
  weights(layer: number): TrainedTensor {
    const name = this.#kernels[layer];
    if (name === undefined) throw new RangeError(`layer is ${layer}; it must be from 0 to ${this.#kernels.length - 1}`);
    return this.trained(name);
  }

  /** To be called after a change of a trained tensor that was not a step. */
  changed(): void {
    this.#version++;
  }

  /** Whether no gradient was collected since the last step. */
  get isClean(): boolean {
    return [...this.#trained.values()].every(({ hasGradient }) => !hasGradient);
  }

  /** running <- (1 - share) · running + share · batch */
  blend(name: string, batch: Tensor, share: number): void {
    const device = this.#device;
    const before = this.#running.get(name);
    if (before === undefined) throw new Error(`no tensor ${name}`);
    device.scope(() => {
      const kept = arithmetic(device, "Mul", device.scalar(1 - share), before);
      const come = arithmetic(device, "Mul", device.scalar(share), batch);
      this.#running.set(name, device.keep(arithmetic(device, "AddV2", kept, come)));
    });
    device.free(before);
    this.#version++;
  }

  /** Moves everything; gives the number of connections of each weight layer. */
  step(options: StepOptions): Int32Array {
    this.#device.scope(() => {
      const rates = ratesOf(this.#device, options);
      const pull = options.pull ?? 0;
      const changes: Change[] = [];
      for (const tensor of this.#trained.values()) {
        if (!this.#isMoving(tensor.name, options)) tensor.clearGradient();
        else {
          const flags = tensor.step({ rates, pull, noise: this.#noiseFor(tensor, options) });
          if (flags !== null) changes.push({ tensor, flags });
        }
      }
      takeChanges(this.#device, changes);
    });
    this.#version++;
    return Int32Array.from(this.#kernels, (name) => this.trained(name).count);
  }

  #isMoving(name: string, { trainable }: StepOptions): boolean {
    if (trainable === "all") return true;
    const layer = name.slice(0, name.lastIndexOf("."));
    return this.#running.has(`${layer}.running_mean`);
  }

  #noiseFor({ name, rule, connections }: TrainedTensor, { noise }: StepOptions): Float32Array | null {
    if (rule !== "mortal" || noise === undefined || connections === null) return null;
    return noiseOf(noise, this.#kernels.indexOf(name), connections.positions);
  }

  tensors(): Map<string, StoredTensor> {
    return new Map(this.#names.map((name) => [name, this.#snapshot(name)]));
  }

  #snapshot(name: string): StoredTensor {
    const running = this.#running.get(name);
    if (running === undefined) return this.trained(name).snapshot();
    return { type: "dense", shape: running.shape, values: this.#device.read(running) };
  }

  /** Kernels and their biases first, then batch-norm. */
  state(): Map<string, StateTensor> {
    const isNorm = ({ name }: TrainedTensor) =>
      this.#running.has(`${name.slice(0, name.lastIndexOf("."))}.running_mean`);
    const trained = [...this.#trained.values()];
    const ordered = [...trained.filter((tensor) => !isNorm(tensor)), ...trained.filter(isNorm)];
    return new Map(ordered.flatMap((tensor) => tensor.state()));
  }

  /** The first layer that has a parameter, or among `outputs` of passes a value, that is not finite. */
  firstNonFinite(outputs: (layer: string) => readonly Tensor[]): string | null {
    const isWhole = ({ name }: Layer) => {
      const parts = [this.#trained.get(`${name}.weight`), this.#trained.get(`${name}.bias`)];
      const running = ["running_mean", "running_var"].flatMap((part) => this.#running.get(`${name}.${part}`) ?? []);
      return (
        parts.every((tensor) => tensor?.isFinite() ?? true) &&
        [...running, ...outputs(name)].every((tensor) => areFinite(this.#device, tensor))
      );
    };
    return this.#graph.find((layer) => !isWhole(layer))?.name ?? null;
  }

  dispose(): void {
    for (const tensor of this.#trained.values()) tensor.dispose();
    this.#device.free(...this.#running.values());
    this.#trained.clear();
    this.#running.clear();
  }
}

interface Change {
  readonly tensor: TrainedTensor;
  /** Set where a connection died or came back. */
  readonly flags: Tensor;
}

/** Brings the host's connections up to date, with one read-back for all layers. */
function takeChanges(device: Device, changes: readonly Change[]): void {
  if (changes.length === 0) return;
  const positions = positionsOf(
    device,
    changes.map(({ flags }) => flags),
  );
  let offset = 0;
  let from = 0;
  for (const { tensor } of changes) {
    const end = offset + tensor.size;
    let to = from;
    while (to < positions.length && (positions[to] as number) < end) to++;
    const first = offset;
    tensor.connections?.toggle(positions.subarray(from, to).map((position) => position - first));
    from = to;
    offset = end;
  }
}

/** Ascending positions in the concatenation of all flags where one is set. */
function positionsOf(device: Device, flags: readonly Tensor[]): Int32Array {
  const axis = reshape(device, device.integers([0]), [], "int32");
  const many = { N: { integer: flags.length }, T: { type: "bool" }, Tidx: { type: "int32" } } as const;
  const [first] = flags;
  const all = flags.length === 1 && first !== undefined ? first : device.run("ConcatV2", [...flags, axis], many);
  return device.readIntegers(cast(device, device.run("Where", [all], { T: { type: "bool" } }), "int64", "int32"));
}
