/**
 * Every record of the commands' streams: the one definition, from which the types and `schema/records.json` derive.
 *
 * Unknown fields are kept. A number that may be not finite is `"NaN"`, `"Infinity"` or `"-Infinity"` in the stream and a
 * number in memory; `null` means absent. Accuracies are fractions, counts are integers, durations are seconds.
 */
import { z } from "zod";
import { InputError } from "../core/errors.js";
import {
  anyNumber,
  base,
  bitString,
  count,
  dataset,
  fraction,
  model,
  norm,
  seconds,
  sha256,
  trainingData,
} from "./fields.js";
import { trainEpoch } from "./train-epoch.js";

export { decodeOutcomes, encodeOutcomes } from "./outcomes.js";

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
  model,
  data: trainingData,
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
  model,
  data: trainingData,
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
export type TrainEpoch = z.output<typeof trainEpoch>;
export type CheckpointReference = z.output<typeof checkpointReference>;
export type CheckpointRecord = z.output<typeof checkpoint>;
export type AttackResult = z.output<typeof attackResult>;
export type Notice = z.output<typeof notice>;
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
