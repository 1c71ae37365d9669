/**
 * Every record of the commands' streams: the one definition, from which the types and `schema/records.json` derive.
 *
 * Unknown fields are kept. A number that may be not finite is `"NaN"`, `"Infinity"` or `"-Infinity"` in the stream and a
 * number in memory; `null` means absent. Accuracies are fractions, counts are integers, durations are seconds.
 */
import { z } from "zod";
import { InputError } from "../core/errors.js";

export { decodeOutcomes, encodeOutcomes } from "./outcomes.js";

const count = z.int().min(0);
const seconds = z.number().min(0);
const fraction = z.number().min(0).max(1);
const norm = z.enum(["linf", "l2"]);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const bitString = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/);
const anyNumber = z.union([z.number(), z.literal(["NaN", "Infinity", "-Infinity"])]).transform(Number);

/** What all records have; `run` is the same in all records of one command's run. */
const base = { run: z.string().min(1), time: z.iso.datetime() };

export const modelSchema = z.looseObject({ name: z.string(), width: z.number().positive().optional() });
export const trainingDataSchema = z.looseObject({ name: z.string(), classes: z.array(z.string()).optional() });

const dataset = z.looseObject({ name: z.string(), split: z.enum(["train", "test"]), sha256 });

const runStart = z.looseObject({
  type: z.literal("run.start"),
  ...base,
  command: z.string(),
  version: z.string(),
  config: z.record(z.string(), z.unknown()),
  seed: count,
  engine: z.looseObject({ name: z.string(), device: z.string(), threads: count, reason: z.string() }).nullable(),
  data: dataset.extend({ samples: count }).nullable(),
  /** The checkpoint that a run of prune-hydra was begun from; its path is relative to the working directory. */
  source: z.looseObject({ path: z.string().min(1), sha256 }).optional(),
});

const trainStep = z.looseObject({
  type: z.literal("train.step"),
  ...base,
  step: count,
  epoch: count,
  loss: anyNumber,
  learningRate: z.number(),
  imagesPerSecond: z.number().min(0),
});

const trainEpoch = z.looseObject({
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

/** What a record says of a checkpoint file. */
const checkpointFields = {
  /** Relative to the working directory. */
  path: z.string().min(1),
  sha256,
  bytes: count,
  role: z.enum(["best", "final", "stage"]),
  phase: z.string().optional(),
  /** Digest of the checkpoint that this one was made from. */
  parent: sha256.nullable().optional(),
  model: modelSchema,
  data: trainingDataSchema,
  method: z.string(),
  density: fraction,
  objective: z.string(),
  seed: count,
  step: count,
  epoch: count,
  connections: count,
  weights: count,
  /** For one image. */
  multiplyAdds: count,
  /** Of the weights as compressed sparse matrices: values of 32 bits, distances of columns in 16. */
  csrBytes: count.optional(),
  /** Share of each weight layer's entries that are connections, in graph order. */
  layerDensities: z.array(fraction).optional(),
  imageSteps: count,
  forwardEquivalents: z.number().min(0),
  seconds,
};

const checkpoint = z.looseObject({ type: z.literal("checkpoint"), ...base, ...checkpointFields });

/** Of an attacked file, which may come from elsewhere and have no record of its own. */
const checkpointReference = z
  .looseObject(checkpointFields)
  .partial()
  .required({ path: true, sha256: true, bytes: true });

const attackResult = z.looseObject({
  type: z.literal("attack.result"),
  ...base,
  checkpoint: checkpointReference,
  /** With every constant of the recipe. */
  attack: z.looseObject({ name: z.string().min(1) }),
  norm,
  epsilon: z.number().min(0),
  epsilonText: z.string(),
  seed: count,
  data: dataset,
  /** [from, to) */
  range: z.tuple([count, count]),
  samples: count,
  correct: count,
  /** correct / samples, over all samples of the range. */
  accuracy: fraction,
  outcomes: bitString,
  /** Images summed; a gradient includes its forward, which is not counted again. */
  forwards: count,
  gradients: count,
  /** Per sample, `null` where none was found. */
  norms: z.array(z.number().min(0).nullable()).optional(),
  seconds,
  reliability: z.array(z.looseObject({ check: z.string(), value: anyNumber, message: z.string() })),
  /** Over `range`, when only some samples were taken. */
  included: bitString.optional(),
  foolboxCorrect: count.optional(),
  pictures: z.string().optional(),
});

const notice = z.looseObject({
  type: z.literal("notice"),
  ...base,
  level: z.literal("warning"),
  code: z.string(),
  message: z.string(),
});

const benchmark = z.looseObject({
  type: z.literal("benchmark"),
  ...base,
  name: z.string(),
  peer: z.string().optional(),
  value: anyNumber,
  unit: z.string(),
  config: z.record(z.string(), z.unknown()),
});

const published = z.looseObject({
  type: z.literal("published"),
  run: z.string().regex(/^published\//),
  /** Of its publication. */
  time: z.union([z.iso.datetime(), z.iso.date()]),
  source: z.string(),
  method: z.string(),
  model: modelSchema,
  data: trainingDataSchema,
  extraData: z.string().nullable(),
  density: fraction,
  densityKind: z.string(),
  objective: z.string().nullable(),
  attack: z.looseObject({ name: z.string() }),
  norm,
  epsilon: z.number().min(0),
  epsilonText: z.string(),
  accuracy: fraction,
  confidence: z.enum(["exact", "read-off-curve", "inferred-attack"]),
  note: z.string().nullable(),
});

const runEnd = z.looseObject({
  type: z.literal("run.end"),
  ...base,
  status: z.enum(["done", "interrupted", "failed"]),
  /** What went wrong, with status "failed". */
  error: z.string().optional(),
  seconds,
});

const known = [
  runStart,
  trainStep,
  trainEpoch,
  checkpoint,
  attackResult,
  notice,
  benchmark,
  published,
  runEnd,
] as const;

const knownRecord = z.discriminatedUnion("type", known);
const knownTypes = known.map((schema) => schema.shape.type.value);

/** A type that this version does not know: passed through as it is. */
const otherRecord = z.looseObject({
  type: z.string().regex(new RegExp(`^(?!(?:${knownTypes.join("|").replaceAll(".", "\\.")})$)`)),
});

/** What one line of a stream may be. */
export const recordSchema = z.union([knownRecord, otherRecord]);

export type RunStart = z.output<typeof runStart>;
export type TrainStep = z.output<typeof trainStep>;
export type TrainEpoch = z.output<typeof trainEpoch>;
export type CheckpointReference = z.output<typeof checkpointReference>;
export type CheckpointRecord = z.output<typeof checkpoint>;
export type AttackResult = z.output<typeof attackResult>;
export type Notice = z.output<typeof notice>;
export type Benchmark = z.output<typeof benchmark>;
export type Published = z.output<typeof published>;
export type RunEnd = z.output<typeof runEnd>;
/** A record of a type that this version knows. */
export type StreamRecord = z.output<typeof knownRecord>;

/**
 * The record in a parsed line, or null for an unknown type, which readers pass through. InputError, naming `where` (file
 * and line), the type and the field, when the fields are not the type's.
 */
export function parseRecord(json: unknown, where: string): StreamRecord | null {
  const type = z.looseObject({ type: z.string() }).safeParse(json);
  if (!type.success) throw new InputError(`${where}: a record is a JSON object with a "type"; this is not one`);
  if (!knownTypes.some((name) => name === type.data.type)) return null;
  const record = knownRecord.safeParse(json);
  if (record.success) return record.data;
  throw new InputError(`${where}: malformed "${type.data.type}" record: ${reasons(record.error)}`);
}

function reasons(error: z.ZodError): string {
  return error.issues
    .slice(0, 3)
    .map((issue) => `${issue.path.join(".")}: ${issue.message}`)
    .join("; ");
}
