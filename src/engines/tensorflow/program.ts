/** A graph as nodes that run forward and backward on the device, each value freed as soon as nothing needs it any more. */
import type { Device, Tensor } from "./device.js";
import { arithmetic } from "./operations.js";

/** One layer as it runs; its value is known by `name`. */
export interface Node {
  readonly name: string;
  /** Values it reads, `input` for the images. */
  readonly inputs: readonly string[];
  /** What its backward reads of the forward pass. */
  readonly keeps: "nothing" | "inputs" | "output" | "both";
  /** Whether its backward also collects gradients of parameters. */
  readonly isTrained: boolean;
  forward(inputs: readonly Tensor[]): Made;
  /** The gradient of each input that is wanted. `gradient` itself may be one of them; no tensor may be there twice. */
  backward(call: BackwardCall): readonly (Tensor | null)[];
}

/** What a node's forward made; `extras` are for its backward. */
export interface Made {
  readonly output: Tensor;
  readonly extras?: readonly Tensor[];
}

export interface BackwardCall {
  readonly gradient: Tensor;
  readonly inputs: readonly Tensor[];
  readonly output: Tensor | undefined;
  readonly extras: readonly Tensor[];
  /** For each input, whether its gradient is wanted. */
  readonly wanted: readonly boolean[];
}

export interface Program {
  readonly nodes: readonly Node[];
  /** The value that holds the logits. */
  readonly output: string;
  /** The last node that reads a value. */
  readonly lastUse: ReadonlyMap<string, number>;
  /** Values that a backward pass reads. */
  readonly kept: ReadonlySet<string>;
  /** Values whose gradients lead to what a backward pass is for. */
  readonly wanted: ReadonlySet<string>;
}

/** `target`: what gradients are for, the images or the parameters. */
export function compile(nodes: readonly Node[], output: string, target: "images" | "parameters"): Program {
  const lastUse = new Map(nodes.flatMap((node, i) => node.inputs.map((name) => [name, i] as const)));
  const wanted = new Set(target === "images" ? ["input"] : []);
  const kept = new Set<string>();
  for (const { name, inputs, keeps, isTrained } of nodes) {
    if (isTrained || inputs.some((input) => wanted.has(input))) wanted.add(name);
    if (keeps === "inputs" || keeps === "both") for (const input of inputs) kept.add(input);
    if (keeps === "output" || keeps === "both") kept.add(name);
  }
  return { nodes, output, lastUse, kept, wanted };
}

/** What a forward pass left. */
export interface Pass {
  readonly values: Map<string, Tensor>;
  readonly extras: Map<string, readonly Tensor[]>;
}

/** Runs `program` on `images`, which stay the caller's; `keeps`: a backward will follow. */
export function runForward(device: Device, program: Program, call: { images: Tensor; keeps: boolean }): Pass {
  const values = new Map([["input", call.images]]);
  const extras = new Map<string, readonly Tensor[]>();
  for (const [i, node] of program.nodes.entries()) {
    const made = node.forward(node.inputs.map((name) => valueAt(values, name)));
    values.set(node.name, made.output);
    if (call.keeps) extras.set(node.name, made.extras ?? []);
    else device.free(...(made.extras ?? []));
    for (const name of new Set(node.inputs)) {
      if (name === "input" || program.lastUse.get(name) !== i || (call.keeps && program.kept.has(name))) continue;
      device.free(values.get(name));
      values.delete(name);
    }
  }
  return { values, extras };
}

/** Uses up `pass` and the logits' gradient; gives the gradient of the images where the program is for them. */
export function runBackward(device: Device, program: Program, call: { pass: Pass; gradient: Tensor }): Tensor | null {
  const { values, extras } = call.pass;
  const gradients = new Map([[program.output, call.gradient]]);
  for (const node of [...program.nodes].reverse()) {
    const gradient = gradients.get(node.name);
    gradients.delete(node.name);
    if (gradient !== undefined) backThrough(device, program, { node, gradient, gradients, values, extras });
    device.free(...(extras.get(node.name) ?? []), values.get(node.name));
    extras.delete(node.name);
    values.delete(node.name);
  }
  return gradients.get("input") ?? null;
}

interface BackwardState extends Pass {
  readonly node: Node;
  readonly gradient: Tensor;
  readonly gradients: Map<string, Tensor>;
}

function backThrough(device: Device, program: Program, state: BackwardState): void {
  const { node, gradient, gradients, values, extras } = state;
  if (!program.wanted.has(node.name)) {
    device.free(gradient);
    return;
  }
  const reads = node.keeps === "inputs" || node.keeps === "both";
  const given = node.backward({
    gradient,
    inputs: reads ? node.inputs.map((name) => valueAt(values, name)) : [],
    output: values.get(node.name),
    extras: extras.get(node.name) ?? [],
    wanted: node.inputs.map((name) => program.wanted.has(name)),
  });
  for (const [i, name] of node.inputs.entries()) addGradient(device, gradients, { name, gradient: given[i] ?? null });
  if (!given.includes(gradient)) device.free(gradient);
}

function addGradient(
  device: Device,
  gradients: Map<string, Tensor>,
  { name, gradient }: { name: string; gradient: Tensor | null },
): void {
  if (gradient === null) return;
  const before = gradients.get(name);
  if (before === undefined) {
    gradients.set(name, gradient);
    return;
  }
  gradients.set(name, arithmetic(device, "AddV2", before, gradient));
  device.free(before, gradient);
}

export function valueAt(values: ReadonlyMap<string, Tensor>, name: string): Tensor {
  const value = values.get(name);
  if (value === undefined) throw new Error(`value "${name}" is not there`);
  return value;
}
