/** The networks that are known by name. */
import { InputError, UsageError } from "../core/errors.js";
import { didYouMean } from "../core/nearest.js";
import type { Graph } from "./graph.js";
import type { GraphBuilder, InitialDensity } from "./graph-builder.js";
import { resnet } from "./resnet.js";
import { inferShapes } from "./shapes.js";
import { tinyCnn } from "./tiny-cnn.js";
import { vgg16 } from "./vgg.js";
import { wideResNet } from "./wide-resnet.js";

/** A graph with what the method wants to know about it; the densities are no part of a checkpoint. */
export interface CatalogModel {
  readonly graph: Graph;
  /** Height, width, channels. */
  readonly input: readonly [number, number, number];
  readonly classes: number;
  /** By conv or dense layer: its density at initialisation as a function of the network's density p, at most 1. */
  readonly initialDensity: ReadonlyMap<string, InitialDensity>;
}

export interface CatalogOptions {
  readonly name: string;
  /** Factor on every channel count and hidden width. */
  readonly width: number;
  readonly input: readonly [number, number, number];
  readonly classes: number;
}

/** Names to show and to take near matches from; any `wrnD_W` with D = 6n + 4 is known besides. */
export const MODEL_NAMES: readonly string[] = [
  "vgg16",
  "resnet18",
  "resnet34",
  "resnet50",
  "wrn28_2",
  "wrn28_4",
  "wrn28_10",
  "wrn34_10",
  "tinycnn",
];

/** The network called `name`. Throws UsageError for an unknown name, a bad width, images that are too small for it. */
export function catalogModel({ name, width, input, classes }: CatalogOptions): CatalogModel {
  if (!(width > 0 && Number.isFinite(width))) {
    throw new UsageError(`--width ${width}: the factor on the channels must be a number above 0, such as 0.25`);
  }
  const { graph, initialDensity } = build(name, width, classes);
  requireFit(name, graph, input);
  return { graph, input, classes, initialDensity };
}

function build(name: string, width: number, classes: number): GraphBuilder {
  switch (name) {
    case "vgg16":
      return vgg16(width, classes);
    case "resnet18":
      return resnet(18, width, classes);
    case "resnet34":
      return resnet(34, width, classes);
    case "resnet50":
      return resnet(50, width, classes);
    case "tinycnn":
      return tinyCnn(width, classes);
    default:
      return wideResNet({ ...wideResNetSize(name), width, classes });
  }
}

function wideResNetSize(name: string): { depth: number; widen: number } {
  const [, depthText, widenText] = /^wrn([1-9]\d{0,3})_([1-9]\d{0,3})$/.exec(name) ?? [];
  if (depthText === undefined || widenText === undefined) throw unknownModel(name);
  const depth = Number(depthText);
  if (depth < 10 || depth % 6 !== 4) {
    throw new UsageError(
      `--model ${name}: the depth of a wide residual network is 6n + 4 (10, 16, 22, 28, 34, …), not ${depth}`,
    );
  }
  return { depth, widen: Number(widenText) };
}

function unknownModel(name: string): UsageError {
  const known = `known: ${MODEL_NAMES.join(", ")}, and any wrnD_W with D = 6n + 4`;
  return new UsageError(`--model ${name}: no such network${didYouMean(name, MODEL_NAMES)}; ${known}`);
}

function requireFit(name: string, graph: Graph, input: readonly [number, number, number]): void {
  try {
    inferShapes(graph, input);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new UsageError(`--model ${name} does not fit images of ${input.join("×")}: ${error.message}`, {
      cause: error,
    });
  }
}
