/** What is measured: a network with its connections, and the work that it does on a batch. */
import { z } from "zod";
import { catalogModel } from "../../src/models/catalog.js";
import { weightLayers } from "../../src/models/shapes.js";
import { budgetOf } from "../../src/sparsity/connectivity.js";
import { type ConnectivityMode, type InitialNetwork, initialNetwork } from "../../src/sparsity/initial.js";

export const subjectSchema = z.object({
  model: z.string(),
  /** "method": the densities by layer that the method gives; "uniform": the same in every layer. */
  densities: z.enum(["method", "uniform"]),
  density: z.number(),
});
export type Subject = z.output<typeof subjectSchema>;

/**
 * A forward pass; a step of PGD; whole steps of adversarial training with PGD-10 inside: by the method, in the stage in which
 * HYDRA learns its masks, and in the one that fine-tunes what they keep.
 */
export const workSchema = z.enum(["forward", "step", "at", "prune", "finetune"]);
export type Work = z.output<typeof workSchema>;

export const INPUT = [32, 32, 3] as const;
export const CLASSES = 10;
/** Of the attack, in a step of PGD and inside training. */
export const BALL = { epsilon: 8 / 255, stepSize: 2 / 255 };
export const BOUNDS = [0, 1] as const;

export function keyOf({ model, densities, density }: Subject): string {
  return `${model} ${densities} ${density}`;
}

/** The network that a run begins with; `training` "bayes" is the method's own start, before its first rewiring. */
export function networkOf(subject: Subject, training = false): InitialNetwork {
  const { graph, initialDensity } = catalogModel({ name: subject.model, width: 1, input: INPUT, classes: CLASSES });
  return initialNetwork({
    ...{ graph, input: INPUT, classes: CLASSES, seed: 1, excess: "rescale" },
    mode: modeOf(subject, training),
    budget: budgetOf(subject, weightLayers(graph, INPUT)),
    initialDensity: ({ name }, p) => initialDensity.get(name)?.(p) ?? p,
  });
}

function modeOf({ densities, density }: Subject, training: boolean): ConnectivityMode {
  if (density >= 1) return "dense";
  if (densities === "uniform") return "random";
  return training ? "bayes" : "fixed";
}

/** A layer with weights, and the floating-point operations of one pass over one image: two a connection and position. */
export interface SubjectLayer {
  readonly name: string;
  readonly density: number;
  readonly operations: number;
}

const layersBefore = new Map<string, readonly SubjectLayer[]>();

/** Found once for each subject: its weights must be drawn for it. */
export function layersOf(subject: Subject): readonly SubjectLayer[] {
  const key = keyOf(subject);
  const known = layersBefore.get(key);
  if (known !== undefined) return known;
  const { network } = networkOf(subject);
  const layers = weightLayers(network.graph, INPUT).map(({ name, size, outputPositions }) => {
    const kernel = network.tensors.get(`${name}.weight`);
    const connections = kernel?.type === "connections" ? kernel.index.length : size;
    return { name, density: connections / size, operations: 2 * connections * outputPositions };
  });
  layersBefore.set(key, layers);
  return layers;
}

/** Of one pass of all of them. */
export function operationsOf(subject: Subject): number {
  return layersOf(subject).reduce((sum, { operations }) => sum + operations, 0);
}

const STEP_OF_TRAINING = 10 * 2 + 3;

/** Passes over the connections that the work consists of. */
export const PASSES: Readonly<Record<Work, number>> = {
  ...{ forward: 1, step: 2 },
  ...{ at: STEP_OF_TRAINING, prune: STEP_OF_TRAINING, finetune: STEP_OF_TRAINING },
};
