/**
 * The Square attack's moves in the L2 ball (Andriushchenko et al. 2020, algorithm 3) and the L1 ball (Croce & Hein 2021, section 4):
 * the perturbation of one window moves to another.
 */
import { clipPixel } from "./clip-pixel.js";
import { projectOntoL1 } from "./l1-projection.js";
import { type BumpNorm, doubleBump } from "./square-bump.js";
import { randomSign, type SquareMove, type SquareMoves, type SquareSpace, type Uniforms } from "./square-moves.js";
import { squarePlace, squareSide } from "./square-schedule.js";

export function windowSquares(space: SquareSpace, norm: BumpNorm): SquareMoves {
  const [height, width, channels] = space.shape;
  const scratch: Scratch = {
    space,
    norm,
    delta: new Float64Array(height * width * channels),
    patterns: new Map(),
    signs: new Float64Array(channels),
  };
  return {
    start: (candidate, origin, draws) => fillTiles(candidate, { origin, draws, scratch }),
    propose: (candidate, move) => moveEnergy(candidate, { ...move, scratch }),
  };
}

interface Scratch {
  readonly space: SquareSpace;
  readonly norm: BumpNorm;
  /** The perturbation under way [height, width, channel]. */
  readonly delta: Float64Array;
  /** By side: the pattern as it is, and on its side. */
  readonly patterns: Map<number, readonly [Float64Array, Float64Array]>;
  /** Signs of the pattern drawn last, one a channel. */
  readonly signs: Float64Array;
}

interface Fill {
  readonly origin: Float32Array;
  readonly draws: Uniforms;
  readonly scratch: Scratch;
}

interface Window {
  readonly top: number;
  readonly left: number;
  readonly side: number;
}

/** Guards quotients of lengths that may be 0. */
const TINY = 1e-12;

/** Tiles of a fifth of the image; each draws its pattern's direction, then a sign a channel. A tile that leaves the image is left out. */
function fillTiles(candidate: Float32Array, { origin, draws, scratch }: Fill): void {
  const { delta, space } = scratch;
  const [height, width, channels] = space.shape;
  const side = Math.max(1, Math.floor(height / 5));
  const offset = Math.max(0, Math.floor((height - 5 * side) / 2));
  delta.fill(0);
  for (let top = offset; top + side <= height; top += side) {
    for (let left = offset; left + side <= width; left += side) {
      const pattern = drawPattern(side, draws, scratch);
      for (let c = 0; c < channels; c++) mixPattern({ top, left, side }, c, { pattern, keep: 0, scratch });
    }
  }
  applyDelta(candidate, origin, scratch);
}

/**
 * Empties one window into another: there the old perturbation, scaled to length 1, and the pattern with a random sign are
 * added, and scaled so that the whole fills the radius. Draws both places, the pattern's direction and a sign a channel.
 */
function moveEnergy(candidate: Float32Array, { best, origin, draws, iteration, scratch }: SquareMove & Fill): void {
  const { delta, space, norm } = scratch;
  const [height, width, channels] = space.shape;
  const side = squareSide(iteration, { norm, p0: space.p0, height, width });
  const to = drawWindow(side, draws, space);
  const from = drawWindow(side, draws, space);
  const pattern = drawPattern(side, draws, scratch);
  for (let i = 0; i < delta.length; i++) delta[i] = Math.fround((best[i] as number) - (origin[i] as number));
  const energyOfRadius = norm === "l2" ? space.epsilon ** 2 : space.epsilon;
  const missing = Math.max(energyOfRadius - wholeEnergy(delta, norm), 0) / channels;
  // The published L1 form gives each channel what all together lack; its projection takes the excess away.
  const share = norm === "l2" ? 1 : channels;
  for (let c = 0; c < channels; c++) {
    const kept = energyOf(to, c, scratch);
    const energy = share * (missing + kept + takeEnergy(from, c, { except: to, scratch }));
    mixPattern(to, c, { pattern, keep: 1 / (TINY + lengthFrom(kept, norm)), scratch });
    scaleWindow(to, c, {
      by: lengthFrom(energy, norm) / (TINY + lengthFrom(energyOf(to, c, scratch), norm)),
      scratch,
    });
  }
  applyDelta(candidate, origin, scratch);
}

function drawWindow(side: number, draws: Uniforms, { shape, excludeLast }: SquareSpace): Window {
  const top = squarePlace(draws.uniform(), shape[0] - side, excludeLast);
  return { top, left: squarePlace(draws.uniform(), shape[1] - side, excludeLast), side };
}

function drawPattern(side: number, draws: Uniforms, { patterns, signs, norm }: Scratch): Float64Array {
  const [upright, onItsSide] = patterns.get(side) ?? bothDirections(side, norm);
  if (!patterns.has(side)) patterns.set(side, [upright, onItsSide]);
  const pattern = draws.uniform() > 0.5 ? onItsSide : upright;
  for (let c = 0; c < signs.length; c++) signs[c] = randomSign(draws);
  return pattern;
}

function bothDirections(side: number, norm: BumpNorm): [Float64Array, Float64Array] {
  const upright = doubleBump(side, norm);
  return [upright, upright.map((_, i) => upright[(i % side) * side + Math.floor(i / side)] as number)];
}

/** What adds up over pixels to a length: squares in L2, sizes in L1. */
function energyAt(value: number, norm: BumpNorm): number {
  return norm === "l2" ? value * value : Math.abs(value);
}

function lengthFrom(energy: number, norm: BumpNorm): number {
  return norm === "l2" ? Math.sqrt(energy) : energy;
}

function energyOf({ top, left, side }: Window, c: number, { delta, space, norm }: Scratch): number {
  const [, width, channels] = space.shape;
  let energy = 0;
  for (let row = top; row < top + side; row++) {
    for (let column = left; column < left + side; column++) {
      energy += energyAt(delta[(row * width + column) * channels + c] as number, norm);
    }
  }
  return energy;
}

/** Energy of a window without the pixels of another one; sets it to 0. */
function takeEnergy(
  { top, left, side }: Window,
  c: number,
  { except, scratch }: { readonly except: Window; readonly scratch: Scratch },
): number {
  const { delta, space, norm } = scratch;
  const [, width, channels] = space.shape;
  let energy = 0;
  for (let row = top; row < top + side; row++) {
    const isBeside = row < except.top || row >= except.top + except.side;
    for (let column = left; column < left + side; column++) {
      if (!isBeside && column >= except.left && column < except.left + except.side) continue;
      const i = (row * width + column) * channels + c;
      energy += energyAt(delta[i] as number, norm);
      delta[i] = 0;
    }
  }
  return energy;
}

/** delta times `keep`, plus the pattern with the channel's sign. */
function mixPattern(
  { top, left, side }: Window,
  c: number,
  { pattern, keep, scratch }: { readonly pattern: Float64Array; readonly keep: number; readonly scratch: Scratch },
): void {
  const { delta, signs, space } = scratch;
  const [, width, channels] = space.shape;
  const sign = signs[c] as number;
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const i = ((top + row) * width + left + column) * channels + c;
      delta[i] = (delta[i] as number) * keep + sign * (pattern[row * side + column] as number);
    }
  }
}

function scaleWindow(
  { top, left, side }: Window,
  c: number,
  { by, scratch }: { readonly by: number; readonly scratch: Scratch },
): void {
  const { delta, space } = scratch;
  const [, width, channels] = space.shape;
  for (let row = top; row < top + side; row++) {
    for (let column = left; column < left + side; column++) {
      const i = (row * width + column) * channels + c;
      delta[i] = (delta[i] as number) * by;
    }
  }
}

/** The origin moved by delta: as long as the radius, then clipped (L2), or projected onto ball and bounds (L1). */
function applyDelta(candidate: Float32Array, origin: Float32Array, { delta, space, norm }: Scratch): void {
  const { epsilon, bounds } = space;
  if (norm === "l1") {
    for (let i = 0; i < candidate.length; i++) candidate[i] = (origin[i] as number) + (delta[i] as number);
    projectOntoL1(candidate, { origin, epsilon: epsilon * (1 - MARGIN), bounds });
    return;
  }
  const scale = epsilon / (Math.sqrt(wholeEnergy(delta, norm)) + TINY);
  for (let i = 0; i < candidate.length; i++) {
    candidate[i] = clipPixel(Math.fround((origin[i] as number) + scale * (delta[i] as number)), bounds);
  }
}

/** The published L1 form stays this part of the radius inside the ball. */
const MARGIN = 1e-6;

function wholeEnergy(values: Float64Array, norm: BumpNorm): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += energyAt(values[i] as number, norm);
  return sum;
}
