/** What every engine's optimiser step must do, bit for bit as the plain definition says. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { normalAt, stream } from "../../src/core/rng.js";
import type {
  Engine,
  StateTensor,
  StepOptions,
  Training,
  TrainingOptions,
  WeightRule,
} from "../../src/engines/engine.js";
import type { Network, Tensor } from "../../src/models/network.js";
import { type MortalKernel, mortalStepInto, sgdStepInto, sgdwStepInto } from "../../src/training/sgdw.js";

const SIZE = 12 * 30;
const SLOW = Boolean(process.env.SPARSE_ROBUST_SLOW);

/** One dense layer of 30 inputs and 12 classes, its kernel as given: the gradient of its kernel is known from the logits'. */
function layerOf(kernel: Tensor): Network {
  const bias: Tensor = { type: "dense", shape: [12], values: new Float32Array(12) };
  return {
    input: [1, 1, 30],
    classes: 12,
    graph: [
      { name: "flat", op: "flatten", inputs: ["input"], order: "chw" },
      { name: "fc", op: "dense", inputs: ["flat"], units: 12, bias: true, rewire: true },
    ],
    tensors: new Map([
      ["fc.weight", kernel],
      ["fc.bias", bias],
    ]),
  };
}

/** Runs a backward pass with random numbers; every position's gradient is then in the engine. */
function collect(training: Training, number: number): Float32Array {
  const images = new Float32Array(3 * 30);
  const logitGradient = new Float32Array(3 * 12);
  stream(number, "start", 1).fillUniform(images, -1, 1);
  stream(number, "start", 2).fillUniform(logitGradient, -1, 1);
  training.backward(training.forward(images), logitGradient);
  return training.gradient("fc.weight");
}

function everyPosition(tensor: Tensor | undefined): Float32Array {
  const values = new Float32Array(SIZE);
  if (tensor?.type === "dense") values.set(tensor.values);
  else for (const [i, position] of (tensor?.index ?? []).entries()) values[position] = tensor?.values[i] ?? 0;
  return values;
}

function randomConnections(seed: number, density: number, scale: number): Tensor & { type: "connections" } {
  const numbers = stream(seed, "initial-mask");
  const index = Uint32Array.from([...Array(SIZE).keys()].filter(() => numbers.uniform() < density));
  const values = new Float32Array(index.length);
  stream(seed, "initial-weight").fillUniform(values, -scale, scale);
  return { type: "connections", shape: [12, 30], index, values };
}

const optionsOf = (rule: WeightRule, state?: ReadonlyMap<string, StateTensor>): TrainingOptions => ({
  rules: new Map([["fc", rule]]),
  fullGradients: new Set(["fc"]),
  ...(state === undefined ? {} : { state }),
});

const constants = fc.record({
  rule: fc.constantFrom("sgdw" as const, "sgd" as const),
  learningRate: fc.constantFrom(0.1, 0.01, 0.3),
  momentum: fc.constantFrom(0.9, 0),
  weightDecay: fc.constantFrom(5e-4, 0.1, 0),
  trainable: fc.constant("all" as const),
  pull: fc.constantFrom(0, 1e-3),
});

/** Registers the tests of `engine`. */
export function testSteps(engine: Engine): void {
  for (const rule of ["dense", "masked"] satisfies WeightRule[]) {
    test(`steps of a ${rule} layer are those of the plain definition, bit for bit`, () => {
      fc.assert(
        fc.property(fc.nat({ max: 9999 }), constants, (seed, options) => {
          const kernel = randomConnections(seed, 0.4, 1);
          const training = engine.train(layerOf(kernel), optionsOf(rule));
          const index = rule === "dense" ? Uint32Array.from(Array(SIZE).keys()) : kernel.index;
          const values = rule === "dense" ? everyPosition(kernel) : kernel.values.slice();
          const momentum = new Float32Array(values.length);
          for (let number = 0; number < 4; number++) {
            const full = collect(training, seed + number);
            const gradient = Float32Array.from(index, (position) => full[position] ?? 0);
            const stepInto = options.rule === "sgdw" ? sgdwStepInto : sgdStepInto;
            stepInto({ values, momentum, gradient }, options);
            assert.deepEqual([...training.step(options)], [values.length]);
          }
          assert.deepEqual(training.tensors().get("fc.weight")?.values, values);
          assert.deepEqual(training.state().get("fc.weight.momentum")?.values, momentum);
        }),
        { seed: 1, includeErrorInReport: true, numRuns: SLOW ? 500 : 30 },
      );
    });
  }

  test("attraction adds strength times the distance to the target to a dense layer's gradient, each operation rounded", () => {
    const training = engine.train(layerOf(randomConnections(3, 1, 1)), optionsOf("dense"));
    const before = collect(training, 3);
    const target = new Float32Array(SIZE);
    stream(4, "start").fillUniform(target, -1, 1);
    training.attract(0, target, 1e-3);
    const { fround } = Math;
    const { values = new Float32Array(0) } = training.tensors().get("fc.weight") ?? {};
    const pull = values.map((value, i) => fround(fround(1e-3) * fround(value - (target[i] ?? 0))));
    assert.deepEqual(
      training.gradient("fc.weight"),
      before.map((gradient, i) => gradient + (pull[i] ?? 0)),
    );
  });

  test("mortal connections move, die, return and are exchanged as the plain definition says, bit for bit", () => {
    const noise = fc.record({ deviation: fc.constantFrom(1e-7, 1e-2, 0), seed: fc.maxSafeNat() });
    fc.assert(
      fc.property(
        fc.nat({ max: 9999 }),
        constants,
        noise,
        fc.boolean(),
        (seed, options, { deviation, seed: noiseSeed }, reset) => {
          const twins = new Twins(engine, seed, 0.2);
          for (let step = 0; step < 6; step++) {
            twins.step({ ...options, rule: "sgdw", noise: { deviation, seed: noiseSeed, step } }, seed + step);
            twins.reconnect(step, reset);
            twins.check();
          }
        },
      ),
      { seed: 1, includeErrorInReport: true, numRuns: SLOW ? 500 : 30 },
    );
  });

  test("a training restored from its tensors and state goes on as if it had never stopped, bit for bit", () => {
    const options = { rule: "sgdw", learningRate: 0.1, momentum: 0.9, weightDecay: 5e-4, trainable: "all" } as const;
    const noisy = (step: number) => ({ ...options, noise: { deviation: 1e-3, seed: 5, step } });
    const twins = new Twins(engine, 3, 0.2);
    for (let step = 0; step < 3; step++) twins.step(noisy(step), step);
    const { training } = twins;
    const kernel = training.tensors().get("fc.weight");
    assert.ok(kernel !== undefined);
    assert.ok((training.state().get("fc.weight.dead.index")?.values.length ?? 0) > 0);
    const network = { ...layerOf(kernel), tensors: training.tensors() };
    const restored = engine.train(network, optionsOf("mortal", training.state()));
    for (let step = 3; step < 6; step++) {
      for (const one of [training, restored]) {
        collect(one, step);
        one.step(noisy(step));
      }
    }
    assert.deepEqual(restored.tensors(), training.tensors());
    assert.deepEqual(restored.state(), training.state());
  });

  test("two steps of the worked example give its numbers", () => {
    const signs = [1, -1, 1, -1];
    const theta = [0.5, -0.2, 1e-12, 0.001];
    const momentum = [0, -0.01, -0.02, 0];
    const at = (numbers: readonly number[], positions: readonly number[]) =>
      Float32Array.from(positions, (i) => (signs[i] ?? 1) * (numbers[i] ?? 0));
    const network: Network = {
      input: [1, 1, 4],
      classes: 1,
      graph: [
        { name: "flat", op: "flatten", inputs: ["input"], order: "chw" },
        { name: "fc", op: "dense", inputs: ["flat"], units: 1, bias: false, rewire: true },
      ],
      tensors: new Map([
        [
          "fc.weight",
          { type: "connections", shape: [1, 4], index: Uint32Array.of(0, 2, 3), values: at(theta, [0, 2, 3]) },
        ],
      ]),
    };
    const state = new Map<string, StateTensor>([
      ["fc.weight.momentum", { type: "f32", values: at(momentum, [0, 2, 3]) }],
      ["fc.weight.dead.index", { type: "u32", values: Uint32Array.of(1) }],
      ["fc.weight.dead.value", { type: "f32", values: at(theta, [1]) }],
      ["fc.weight.dead.momentum", { type: "f32", values: at(momentum, [1]) }],
    ]);
    const training = engine.train(network, { rules: new Map([["fc", "mortal"]]), state });
    const options = { rule: "sgdw", learningRate: 0.1, momentum: 0.9, weightDecay: 5e-4, trainable: "all" } as const;
    const stepWith = (gradient: number[]) => {
      // With one image the gradient of the kernel is the image times the logit's gradient.
      training.backward(training.forward(Float32Array.from(gradient)), Float32Array.of(1));
      return [...training.step(options)];
    };
    assert.deepEqual(stepWith([1, 2, 0.3, -0.5]), [1]);
    assert.deepEqual(stepWith([0.2, 0, 0.1, -0.5]), [1]);
    const dead = training.state().get("fc.weight.dead.value")?.values ?? [];
    const actual = [training.tensors().get("fc.weight")?.values[0], ...dead];
    const expected = [0.289550125, -0.21689555, -0.091176, -0.093976].map((value, i) => value * (signs[i] ?? 1));
    for (const [i, value] of expected.entries())
      assert.ok(Math.abs((actual[i] ?? 0) - value) < 1e-7, `${i}: ${actual[i]}`);
  });

  test("with only batch-norm trainable a kernel and its momentum stand still, and the gradients are cleared", () => {
    const kernel = randomConnections(1, 0.5, 1);
    const training = engine.train(layerOf(kernel), optionsOf("masked"));
    collect(training, 1);
    training.step({ rule: "sgd", learningRate: 0.1, momentum: 0.9, weightDecay: 0.1, trainable: "batchnorm" });
    assert.deepEqual(training.tensors().get("fc.weight")?.values, kernel.values);
    assert.ok(
      training
        .state()
        .get("fc.weight.momentum")
        ?.values.every((value) => value === 0),
    );
    assert.ok(training.gradient("fc.weight").every((value) => value === 0));
  });

  test("gradients come for every position from when they are asked for, and not while some are being collected", () => {
    const kernel = randomConnections(1, 0.4, 1);
    const training = engine.train(layerOf(kernel), { rules: new Map([["fc", "masked"]]) });
    const whole = engine.train(layerOf(kernel), optionsOf("masked"));
    const step = { rule: "sgdw", learningRate: 0.1, momentum: 0.9, weightDecay: 0, trainable: "all" } as const;
    for (const [number, layers] of [[], ["fc"], []].entries()) {
      training.collectFully(new Set(layers));
      const full = collect(whole, number);
      const expected = layers.length > 0 ? full : Float32Array.from(kernel.index, (position) => full[position] ?? 0);
      assert.deepEqual(collect(training, number), expected);
      assert.throws(() => training.collectFully(new Set()), /RangeError.*gradients are being collected; step first/);
      training.step(step);
      whole.step(step);
    }
    assert.deepEqual(training.tensors(), whole.tensors());
  });
}

/** A mortal layer in the engine beside its plain definition. */
class Twins {
  readonly training: Training;
  readonly plain: MortalKernel;

  constructor(engine: Engine, seed: number, scale: number) {
    const kernel = randomConnections(seed, 0.4, scale);
    this.training = engine.train(layerOf(kernel), optionsOf("mortal"));
    const values = everyPosition(kernel);
    this.plain = {
      theta: values.map(Math.abs),
      momentum: new Float32Array(SIZE),
      sign: Int8Array.from(values, (value) => (value < 0 ? -1 : 1)),
    };
  }

  step(options: StepOptions & { readonly noise: NonNullable<StepOptions["noise"]> }, number: number): void {
    const gradient = collect(this.training, number);
    const { deviation, seed, step } = options.noise;
    const normal = (position: number) => normalAt(seed, "noise", step, 0, position);
    const alive = mortalStepInto(this.plain, { ...options, gradient, noise: { deviation, normal } });
    assert.deepEqual([...this.training.step(options)], [alive]);
  }

  /** Exchanges some connections as rewiring does; returns the positions. */
  reconnect(number: number, resetMomentum: boolean): void {
    const { theta, momentum, sign } = this.plain;
    const numbers = stream(number, "rewire");
    const all = [...theta.keys()];
    const drop = all.filter((i) => (theta[i] ?? 0) > 0 && numbers.uniform() < 0.1);
    const grow = all.filter((i) => (theta[i] ?? 0) <= 0 && numbers.uniform() < 0.1);
    const values = Float32Array.from(grow, (i) => 1e-12 * (sign[i] ?? 1));
    this.training.reconnect(0, { drop: Uint32Array.from(drop), grow: Uint32Array.from(grow), values, resetMomentum });
    for (const i of drop) theta[i] = momentum[i] = 0;
    for (const i of grow) theta[i] = 1e-12;
    if (resetMomentum) for (const i of grow) momentum[i] = 0;
  }

  check(): void {
    const { theta, momentum, sign } = this.plain;
    const positions = [...theta.keys()].filter((i) => (theta[i] ?? 0) > 0);
    assert.deepEqual([...this.training.connections(0)], positions);
    const signed = (values: Float32Array, at: Iterable<number>) =>
      Array.from(at, (i) => (sign[i] ?? 1) * (values[i] ?? 0) + 0);
    const state = this.training.state();
    const dead = state.get("fc.weight.dead.index")?.values ?? [];
    const plus0 = (values: Iterable<number> | undefined) => Array.from(values ?? [], (value) => value + 0);
    assert.deepEqual(plus0(this.training.tensors().get("fc.weight")?.values), signed(theta, positions));
    assert.deepEqual(plus0(state.get("fc.weight.momentum")?.values), signed(momentum, positions));
    assert.deepEqual(
      [...dead],
      [...theta.keys()].filter((i) => (theta[i] ?? 0) <= 0 && momentum[i] !== 0),
    );
    assert.deepEqual(plus0(state.get("fc.weight.dead.value")?.values), signed(theta, dead));
    assert.deepEqual(plus0(state.get("fc.weight.dead.momentum")?.values), signed(momentum, dead));
  }
}
