/** The text of a `--state` file: what of an evaluation is done, in plain JSON. */
import { z } from "zod";
import type { Finding, Place } from "../attacks/journal.js";
import { decodeOutcomes, encodeOutcomes } from "../records/outcomes.js";

const count = z.int().min(0);
const norms = z.array(z.number().min(0).nullable());

const findingSchema = z.object({
  robust: z.string(),
  forwards: count,
  gradients: count,
  seconds: z.number(),
  reliability: z.array(
    z.object({ check: z.string(), value: z.number(), message: z.string(), member: z.string().optional() }),
  ),
  foolboxCorrect: count.optional(),
  norms: norms.optional(),
});

const placeSchema = z.object({
  attack: z.string(),
  pass: z.int().min(1),
  next: count,
  standing: z.string(),
  norms: norms.nullable(),
  counts: z.object({
    forwards: count,
    gradients: count,
    seconds: z.number(),
    violations: count,
    nonFinite: count,
    zeroGradients: count,
    stuck: count,
  }),
});

const networkSchema = z.object({
  /** Digest of the images, and how many of them the flags speak of. */
  data: z.string(),
  samples: count,
  findings: z.record(z.string(), findingSchema),
  place: placeSchema.nullable(),
  /** The attack that each kept image fooled the network with; images are arrays of the file. */
  examples: z.array(z.object({ index: count, attack: z.string() })),
});

export const stateSchema = z.object({
  command: z.literal("attack-eval"),
  run: z.string().min(1),
  /** What alters the result; whoever goes on must have the same. */
  config: z.record(z.string(), z.unknown()),
  keepsImages: z.boolean(),
  /** By the digest of the checkpoint. */
  networks: z.record(z.string(), networkSchema),
});

export type StateText = z.output<typeof stateSchema>;
export type NetworkText = z.output<typeof networkSchema>;

export function findingText({ robust, reliability, norms, foolboxCorrect, ...counts }: Finding) {
  return {
    ...counts,
    robust: encodeOutcomes(robust),
    reliability: reliability.map((check) => ({ ...check })),
    ...(foolboxCorrect === undefined ? {} : { foolboxCorrect }),
    ...(norms === undefined ? {} : { norms: [...norms] }),
  };
}

/** InputError, naming `where`, for flags of another number of samples. */
export function findingOf(text: z.output<typeof findingSchema>, samples: number, where: string): Finding {
  const { robust, reliability, norms, foolboxCorrect, ...counts } = text;
  return {
    ...counts,
    robust: decodeOutcomes(robust, samples, where),
    reliability: reliability.map(({ member, ...check }) => (member === undefined ? check : { ...check, member })),
    ...(foolboxCorrect === undefined ? {} : { foolboxCorrect }),
    ...(norms === undefined ? {} : { norms }),
  };
}

export function placeText(attack: string, { pass, next, standing, norms, counts }: Place) {
  const lengths = norms === null ? null : Array.from(norms, (length) => (Number.isFinite(length) ? length : null));
  return { attack, pass, next, standing: encodeOutcomes(standing), norms: lengths, counts };
}

/** InputError as `findingOf`. */
export function placeOf(text: z.output<typeof placeSchema>, samples: number, where: string): Place {
  const { pass, next, standing, norms, counts } = text;
  const lengths = norms && Float64Array.from(norms, (length) => length ?? Number.POSITIVE_INFINITY);
  return { pass, next, standing: decodeOutcomes(standing, samples, where), norms: lengths, counts };
}
