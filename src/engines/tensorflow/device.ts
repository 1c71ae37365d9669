/** TensorFlow's device: tensors with a lifetime, one op at a time, values up and down. */
import { ResourceError } from "../../core/errors.js";
import type { Attribute, Binding, Tensor } from "./binding.js";

export type { Tensor } from "./binding.js";

/** Values of an op's attributes by name; `type` is the type of a number kind. */
export type AttributeValue =
  | { readonly type: "float" | "int32" | "int64" | "bool" | "double" }
  | { readonly text: string }
  | { readonly flag: boolean }
  | { readonly integer: number | readonly number[] }
  | { readonly real: number };

/** TensorFlow's number of its doubles, which the addon does not name. */
const DOUBLE = 2;

/** In TensorFlow's message where it found no memory; the last is what a copy to a card says then. */
const NO_MEMORY = /out of memory|OOM when allocating|Resource exhausted|TF_Status: 8\b|Dst tensor is not initialized/i;

export class Device {
  readonly isGpu: boolean;
  readonly #binding: Binding;
  /** Tensors made in each open scope. */
  readonly #scopes: Set<Tensor>[] = [];
  /** Made while scopes are open, of each number one: on a graphics card even a single number is a copy of its own. */
  readonly #scalars = new Map<number, Tensor>();

  constructor(binding: Binding) {
    this.#binding = binding;
    this.isGpu = binding.isUsingGpuDevice();
  }

  /** Tensors alive, of all networks. */
  get tensors(): number {
    return this.#binding.getNumOfTensors();
  }

  /** Runs `body`; whatever was made in it and neither freed nor kept is freed at its end, also where it throws. */
  scope<Result>(body: () => Result): Result {
    const made = new Set<Tensor>();
    this.#scopes.push(made);
    try {
      return body();
    } finally {
      this.#scopes.pop();
      if (this.#scopes.length === 0) this.#scalars.clear();
      for (const tensor of made) this.#binding.deleteTensor(tensor.id);
    }
  }

  /** Takes a tensor out of its scope: it lives until it is freed. */
  keep(tensor: Tensor): Tensor {
    for (const scope of this.#scopes) scope.delete(tensor);
    return tensor;
  }

  /** Puts a kept tensor into the innermost scope, which frees it. */
  adopt(tensor: Tensor): void {
    this.#made(tensor);
  }

  free(...tensors: readonly (Tensor | null | undefined)[]): void {
    for (const tensor of tensors) {
      if (tensor === null || tensor === undefined) continue;
      this.keep(tensor);
      this.#binding.deleteTensor(tensor.id);
    }
  }

  /** The array must not change while the tensor lives: on a CPU they may share memory. */
  upload(values: Float32Array, shape: readonly number[]): Tensor {
    return this.#made({ id: this.#create(shape, this.#binding.TF_FLOAT, values), shape });
  }

  /** Lives as long as the outermost scope. */
  scalar(value: number): Tensor {
    const known = this.#scalars.get(value);
    if (known !== undefined) return known;
    const scalar = { id: this.#create([], this.#binding.TF_FLOAT, Float32Array.of(value)), shape: [] };
    this.#scopes[0]?.add(scalar);
    if (this.#scopes.length > 0) this.#scalars.set(value, scalar);
    return scalar;
  }

  integers(values: readonly number[]): Tensor {
    return this.#made({
      id: this.#create([values.length], this.#binding.TF_INT32, Int32Array.from(values)),
      shape: [values.length],
    });
  }

  /** Positions [count] as 64-bit numbers, which a scatter on a card takes from its own memory. */
  positions(values: Uint32Array): Tensor {
    const words = new Int32Array(2 * values.length);
    for (let i = 0; i < values.length; i++) words[2 * i] = values[i] as number;
    const shape = [values.length, 1];
    return this.#made({ id: this.#create(shape, this.#binding.TF_INT64, words), shape });
  }

  flags(values: Uint8Array, shape: readonly number[]): Tensor {
    return this.#made({ id: this.#create(shape, this.#binding.TF_BOOL, values), shape });
  }

  /** An array of the caller's own. Waits for the device. */
  read(tensor: Tensor): Float32Array {
    const values = translated(() => this.#binding.tensorDataSync(tensor.id));
    if (!(values instanceof Float32Array)) throw new TypeError("tensor: its numbers are no 32-bit floats");
    return values;
  }

  readIntegers(tensor: Tensor): Int32Array {
    const values = translated(() => this.#binding.tensorDataSync(tensor.id));
    if (!(values instanceof Int32Array)) throw new TypeError("tensor: its numbers are no 32-bit integers");
    return values;
  }

  readFlags(tensor: Tensor): Uint8Array {
    const values = translated(() => this.#binding.tensorDataSync(tensor.id));
    if (!(values instanceof Uint8Array)) throw new TypeError("tensor: it holds no flags");
    return values;
  }

  /**
   * To be called before an op whose output has this shape: throws where it has no place. Kernels for CPUs of some ops go on
   * with an output that they have not got, and end the process.
   */
  reserve(shape: readonly number[]): void {
    if (this.isGpu) return;
    const attributes = { dtype: { type: "float" }, init: { flag: false } } as const;
    this.scope(() => this.run("Empty", [this.integers(shape)], attributes));
  }

  /** One output of one op. */
  run(op: string, inputs: readonly Tensor[], attributes: Readonly<Record<string, AttributeValue>> = {}): Tensor {
    const [output] = this.runAll(op, inputs, { attributes, outputs: 1 });
    if (output === undefined) throw new Error(`${op} gave nothing`);
    return output;
  }

  runAll(
    op: string,
    inputs: readonly Tensor[],
    call: { readonly attributes: Readonly<Record<string, AttributeValue>>; readonly outputs: number },
  ): Tensor[] {
    const attributes = Object.entries(call.attributes).map(([name, value]) => this.#attribute(name, value));
    const numbers = inputs.map(({ id }) => id);
    const outputs = translated(() => this.#binding.executeOp(op, attributes, numbers, call.outputs));
    for (const output of outputs) this.#made(output);
    return outputs;
  }

  #made(tensor: Tensor): Tensor {
    this.#scopes.at(-1)?.add(tensor);
    return tensor;
  }

  #create(shape: readonly number[], type: number, values: Float32Array | Int32Array | Uint8Array): number {
    return translated(() => this.#binding.createTensor(shape, type, values));
  }

  #attribute(name: string, value: AttributeValue): Attribute {
    const kinds = this.#binding;
    if ("type" in value) return { name, type: kinds.TF_ATTR_TYPE, value: this.#type(value.type) };
    if ("text" in value) return { name, type: kinds.TF_ATTR_STRING, value: value.text };
    if ("flag" in value) return { name, type: kinds.TF_ATTR_BOOL, value: value.flag };
    if ("real" in value) return { name, type: kinds.TF_ATTR_FLOAT, value: value.real };
    return { name, type: kinds.TF_ATTR_INT, value: value.integer };
  }

  #type(name: "float" | "int32" | "int64" | "bool" | "double"): number {
    const { TF_FLOAT: float, TF_INT32: int32, TF_INT64: int64, TF_BOOL: bool } = this.#binding;
    return { float, int32, int64, bool, double: DOUBLE }[name];
  }
}

/** Thrown where TensorFlow found no memory; the callers who know the batch say what to try. */
export class NoMemoryError extends ResourceError {}

function translated<Result>(call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    if (error instanceof Error && NO_MEMORY.test(error.message)) {
      throw new NoMemoryError(`the tensorflow engine ran out of memory (${firstSentence(error.message)})`);
    }
    throw error;
  }
}

function firstSentence(message: string): string {
  return message.replace(/^.*Message:\s*/s, "").split("\n")[0] ?? message;
}
