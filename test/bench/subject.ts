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

/** A forward pass; a step of PGD; a step of adversarial training with PGD-10 inside. */
export const workSchema = z.enum(["forward", "step", "at"]);
export type Work = z.output<typeof workSchema>;

export const INPUT = [32, 32, 3] as const;
export const CLASSES = 10;

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

/** Floating-point operations of one pass of a convolution's connections over one image: two a connection and position. */
export function operationsOf(subject: Subject): number {
  const { network } = networkOf(subject);
  let operations = 0;
  for (const { name, size, outputPositions } of weightLayers(network.graph, INPUT)) {
    const kernel = network.tensors.get(`${name}.weight`);
    operations += 2 * (kernel?.type === "connections" ? kernel.index.length : size) * outputPositions;
  }
  return operations;
}

/** Passes over the connections that the work consists of. */
export const PASSES = { forward: 1, step: 2, at: 10 * 2 + 3 } as const;
