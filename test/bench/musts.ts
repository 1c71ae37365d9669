/** The factors over PyTorch that the engine is held to. */
import type { Subject, Work } from "./subject.js";

export interface Must {
  readonly subject: Subject;
  readonly work: Work;
  /** The best of the peer's f32 variants, or of those with bf16 autocast. */
  readonly against: "f32" | "bf16";
  readonly must: number;
  readonly goal: number;
}

const vgg16 = (density: number): Subject => ({ model: "vgg16", densities: "method", density });
const hydra: Subject = { model: "vgg16", densities: "uniform", density: 0.1 };
const wrn = (density: number): Subject => ({ model: "wrn28_4", densities: "method", density });

export const MUSTS: readonly Must[] = [
  { subject: vgg16(1), work: "step", against: "f32", must: 2, goal: 3 },
  { subject: vgg16(0.1), work: "step", against: "f32", must: 3.7, goal: 5.5 },
  { subject: vgg16(0.01), work: "step", against: "f32", must: 5.5, goal: 8 },
  { subject: wrn(1), work: "step", against: "f32", must: 1.5, goal: 2.5 },
  { subject: wrn(0.1), work: "step", against: "f32", must: 3.5, goal: 6 },
  { subject: wrn(0.01), work: "step", against: "f32", must: 6, goal: 12 },
  { subject: vgg16(0.1), work: "at", against: "f32", must: 3.7, goal: 5.5 },
  { subject: vgg16(1), work: "step", against: "bf16", must: 1, goal: 1.7 },
  { subject: hydra, work: "prune", against: "f32", must: 2, goal: 3 },
  { subject: hydra, work: "finetune", against: "f32", must: 3, goal: 4.5 },
];

/** time(0.005) of time(0.05), uniform densities: at most. */
export const MOST_OF_TENTH = 0.25;

/** All threads against one, as a share of what the peak gains: at least. */
export const LEAST_OF_SCALING = { must: 0.93, goal: 0.98 };

/** Of a step of adversarial training of VGG-16 at density 0.1, outside the passes over the network: at most. */
export const MOST_OUTSIDE = 0.08;
