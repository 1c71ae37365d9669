/** The record of an epoch of training: what it cost, what it came to, where its connections are. */
import { z } from "zod";
import { anyNumber, base, count, fraction, seconds } from "./fields.js";

export const trainEpoch = z.looseObject({
  type: z.literal("train.epoch"),
  ...base,
  phase: z.enum(["train", "pretrain", "prune", "finetune"]),
  epoch: count,
  step: count,
  loss: anyNumber,
  learningRate: z.number(),
  /** On the training forward's inputs. */
  trainAccuracy: fraction.nullable(),
  /** Both on the selection set; `null` where a run stopped inside the epoch or selects nothing. */
  cleanAccuracy: fraction.nullable(),
  /** Mean cross-entropy of the same samples, and the mean of their batches' means. */
  cleanLoss: anyNumber.nullable().optional(),
  batchLoss: anyNumber.nullable().optional(),
  robustAccuracy: fraction.nullable().optional(),
  /** Under one step of the whole radius, on the same set. */
  oneStepAccuracy: fraction.nullable().optional(),
  /** Of the run so far. */
  best: z
    .looseObject({ epoch: count, cleanAccuracy: fraction, robustAccuracy: fraction.nullable() })
    .nullable()
    .optional(),
  /** The best robust accuracy less that of now. */
  robustOverfitting: fraction.nullable().optional(),
  /** One-step accuracy less robust accuracy. */
  catastrophicOverfitting: z.number().min(-1).max(1).nullable().optional(),
  selection: z.looseObject({ split: z.string(), samples: count, rule: z.string() }),
  connections: count,
  density: fraction,
  /** Mean per step. */
  reconnected: z.number().min(0),
  /** While masks are learned: positions that the mask now and the stage's first do not share. */
  maskDistance: count.optional(),
  /** Of each layer whose scores start scaled: the largest |weight| over the median. */
  outlierRatios: z.array(anyNumber).optional(),
  layers: z.array(
    z.looseObject({
      name: z.string(),
      size: count,
      connections: count,
      /** In this epoch: connections drawn or exchanged in; and lost, less those that came back by themselves. */
      created: z.int().optional(),
      deleted: z.int().optional(),
      /** Those with |w| above 1e-6. */
      effective: count.optional(),
      /** Of |w| over the connections. */
      largest: z.number().min(0).nullable().optional(),
      median: z.number().min(0).nullable().optional(),
    }),
  ),
  imagesPerSecond: z.number().min(0),
  seconds,
  memoryBytes: count,
});
