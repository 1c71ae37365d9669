/** The JSON text in a checkpoint's metadata: what the file holds, how it came about, and all that a reader needs to run it. */
import { z } from "zod";
import { InputError } from "../core/errors.js";
import { count, model, sha256, trainingData } from "./fields.js";

const CHECKPOINT_FORMAT = "sparse-robust/1";

/** How the network came about. All of it optional: a file with input, classes, graph and tensors can be attacked. */
const descriptionSchema = z.looseObject({
  model: model.optional(),
  data: trainingData.optional(),
  /** Open strings: files from elsewhere have their own. */
  method: z.string().optional(),
  /** The target; 1 when dense. */
  density: z.number().min(0).max(1).optional(),
  /** The actual count. */
  connections: count.optional(),
  /** Kernel entries of layers with `rewire` true. */
  weights: count.optional(),
  objective: z.string().optional(),
  seed: count.optional(),
  role: z.string().optional(),
  phase: z.string().optional(),
  step: count.optional(),
  epoch: count.optional(),
  /** Training images that passed by up to here, the training of the network that was pruned included. */
  imageSteps: count.optional(),
  /** What that cost, in forward passes of one image. */
  forwardEquivalents: z.number().min(0).optional(),
  parent: sha256.nullable().optional(),
  /** Only what changes the result. */
  config: z.record(z.string(), z.unknown()).optional(),
  /** Version of the program that wrote the file. */
  tool: z.string().optional(),
});

const textSchema = descriptionSchema.extend({
  /** Height, width, channels. */
  input: z.tuple([z.int().min(1), z.int().min(1), z.int().min(1)]),
  classes: z.int().min(1),
  /** Its layers are for models/parse-graph.ts. */
  graph: z.array(z.unknown()),
  /** Dense shape of each weight that is stored as its connections. */
  shapes: z.record(z.string(), z.array(count)).optional(),
});

export type CheckpointDescription = z.output<typeof descriptionSchema>;
export type CheckpointText = z.output<typeof textSchema>;

/** InputError, naming the file and the field, when `__metadata__` does not say what the contract asks for. */
export function parseCheckpointText(metadata: ReadonlyMap<string, string>, file: string): CheckpointText {
  const format = metadata.get("format");
  if (format !== CHECKPOINT_FORMAT) {
    throw new InputError(
      `${file}: __metadata__ has ${format === undefined ? "no format" : `the format "${format}"`}; a checkpoint has "${CHECKPOINT_FORMAT}"`,
    );
  }
  const text = textSchema.safeParse(parsed(metadata.get("checkpoint"), file));
  if (text.success) return text.data;
  const [issue] = text.error.issues;
  throw new InputError(`${file}: malformed checkpoint text: ${issue?.path.join(".") || "it"}: ${issue?.message}`);
}

/** The two entries of `__metadata__`. */
export function checkpointMetadata(text: CheckpointText): Map<string, string> {
  return new Map([
    ["checkpoint", JSON.stringify(text)],
    ["format", CHECKPOINT_FORMAT],
  ]);
}

function parsed(json: string | undefined, file: string): unknown {
  if (json === undefined)
    throw new InputError(`${file}: __metadata__ has no "checkpoint"; it must say input, classes, graph`);
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new InputError(`${file}: the checkpoint text in __metadata__ is not JSON: ${String(error)}`, {
      cause: error,
    });
  }
}
