/** What the fields of records and checkpoints may hold. */
import { z } from "zod";

export const count = z.int().min(0);
export const seconds = z.number().min(0);
export const fraction = z.number().min(0).max(1);
export const norm = z.enum(["linf", "l2", "l1"]);
/** Of a file or of images, in lower-case hexadecimal. */
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
export const bitString = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/);
/** One that may be not finite: a name in the stream, a number in memory. */
export const anyNumber = z.union([z.number(), z.literal(["NaN", "Infinity", "-Infinity"])]).transform(Number);

/** What all records have; `run` is the same in all records of one command's run. */
export const base = { run: z.string().min(1), time: z.iso.datetime() };

export const model = z.looseObject({ name: z.string(), width: z.number().positive().optional() });
export const trainingData = z.looseObject({ name: z.string(), classes: z.array(z.string()).optional() });
export const dataset = z.looseObject({ name: z.string(), split: z.enum(["train", "test"]), sha256 });
