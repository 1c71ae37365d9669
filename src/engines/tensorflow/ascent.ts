/** Projected gradient ascent on the device, in the order of operations of norm-ball.ts: only logits come up, only their gradients go down. */
import type { Ascent, AscentProblem, LossGradient } from "../engine.js";
import { ballOf } from "../norm-ball.js";
import type { Device, Tensor } from "./device.js";
import { advised } from "./memory-advice.js";
import { arithmetic, cast, compare, reshape, select } from "./operations.js";

/** What an ascent needs of its network. */
export interface AscendedNetwork {
  readonly device: Device;
  readonly input: readonly [number, number, number];
  imagesOf(images: Float32Array): number;
  gradientAt(images: Tensor, lossGradient: LossGradient): { readonly gradient: Tensor };
}

/** Keeps images and origin on the device until disposed. */
export function deviceAscent(network: AscendedNetwork, problem: AscentProblem): Ascent {
  const { device } = network;
  const count = network.imagesOf(problem.images);
  const held = (values: Float32Array) => device.keep(device.upload(values.slice(), [count, ...network.input]));
  const step = stepper(device, { ...problem, size: network.input.reduce((size, extent) => size * extent, 1) });
  const origin = advised(count, () => held(problem.origin));
  let images = advised(count, () => held(problem.images));
  let isOver = false;
  return {
    advance(steps) {
      for (let done = 0; done < steps; done++) {
        const moved = advised(count, () =>
          device.scope(() => {
            const { gradient } = network.gradientAt(images, problem.lossGradient);
            return device.keep(step({ images, origin, gradient }));
          }),
        );
        device.free(images);
        images = moved;
      }
    },
    images: () => device.read(images),
    dispose() {
      if (!isOver) device.free(images, origin);
      isOver = true;
    },
  };
}

interface Moment {
  readonly images: Tensor;
  readonly origin: Tensor;
  readonly gradient: Tensor;
}

type Step = (moment: Moment) => Tensor;

function stepper(device: Device, problem: AscentProblem & { readonly size: number }): Step {
  const ball = ballOf(problem);
  return problem.norm === "linf"
    ? signStep(device, { ...ball, ...problem })
    : normStep(device, { ...ball, ...problem });
}

/** t = ±a or 0 by the gradient's sign (0 where that is not a number); z + t, then back into the ball and the bounds. */
function signStep(device: Device, { stepSize, epsilon, bounds }: AscentProblem): Step {
  return ({ images, origin, gradient }) => {
    const zero = device.scalar(0);
    const down = select(device, compare(device, "Less", gradient, zero), device.scalar(-stepSize), zero);
    const move = select(device, compare(device, "Greater", gradient, zero), device.scalar(stepSize), down);
    const difference = arithmetic(device, "Sub", arithmetic(device, "AddV2", images, move), origin);
    const inBall = clip(device, difference, [-epsilon, epsilon]);
    return clip(device, arithmetic(device, "AddV2", origin, inBall), bounds);
  };
}

function clip(device: Device, values: Tensor, [low, high]: readonly [number, number]): Tensor {
  return arithmetic(device, "Minimum", arithmetic(device, "Maximum", values, device.scalar(low)), device.scalar(high));
}

/** A gradient or perturbation shorter than this counts as this long. */
const SHORTEST = 1e-12;

/** A step of length a along the gradient; beyond the radius each image is shortened to it. Lengths in double. */
function normStep(
  device: Device,
  { stepSize, epsilon, bounds, size }: AscentProblem & { readonly size: number },
): Step {
  return ({ images, origin, gradient }) => {
    const length = lengths(device, gradient, size);
    const reciprocal = quotient(device, device.scalar(1), doubleMaximum(device, length, SHORTEST));
    const scale = arithmetic(device, "Mul", device.scalar(stepSize), reciprocal);
    const moved = arithmetic(device, "AddV2", images, arithmetic(device, "Mul", scale, gradient));
    const difference = arithmetic(device, "Sub", moved, origin);
    const factor = shortening(device, lengths(device, difference, size), epsilon);
    const shortened = arithmetic(device, "Mul", difference, factor);
    return clip(device, arithmetic(device, "AddV2", origin, shortened), bounds);
  };
}

/** Euclidean length of each image, in double, [batch, 1, 1, 1]. */
function lengths(device: Device, images: Tensor, size: number): Tensor {
  const double = { T: { type: "double" } } as const;
  const rows = reshape(device, images, [-1, size]);
  const wide = cast(device, rows, "float", "double");
  const squares = device.run("Square", [wide], double);
  const sums = device.run("Sum", [squares, device.integers([1])], {
    ...double,
    Tidx: { type: "int32" },
    keep_dims: { flag: false },
  });
  return reshape(device, device.run("Sqrt", [sums], double), [-1, 1, 1, 1], "double");
}

function doubleMaximum(device: Device, values: Tensor, least: number): Tensor {
  const bound = cast(device, device.scalar(least), "float", "double");
  return device.run("Maximum", [values, bound], { T: { type: "double" } });
}

/** a / b with b in double, rounded to float32. */
function quotient(device: Device, a: Tensor, b: Tensor): Tensor {
  const wide = cast(device, a, "float", "double");
  return cast(device, device.run("RealDiv", [wide, b], { T: { type: "double" } }), "double", "float");
}

/** 1 where the length is at most epsilon, else epsilon over it. */
function shortening(device: Device, length: Tensor, epsilon: number): Tensor {
  const bound = cast(device, device.scalar(epsilon), "float", "double");
  const isLonger = device.run("Greater", [length, bound], { T: { type: "double" } });
  const factor = quotient(device, device.scalar(epsilon), doubleMaximum(device, length, SHORTEST));
  return select(device, isLonger, factor, device.scalar(1));
}
