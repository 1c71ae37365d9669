/** What the attack benchmark asks either side, and how it answers. */
import { z } from "zod";

export const requestSchema = z.object({
  checkpoint: z.string(),
  /** A folder with images.npy and labels.npy. */
  data: z.string(),
  samples: z.int().min(1),
  /** "clean", a member of the standard ensemble, "bb", or "bb-starts": the samples that the peer's B&B can begin with. */
  attack: z.string(),
  /** Dataset indices to attack. */
  standing: z.array(z.int()),
  threads: z.int().min(1),
  /** Of the published steps and queries: 1 for the attacks themselves. */
  fraction: z.number().positive().max(1),
});
export type AttackRequest = z.output<typeof requestSchema>;

export const replySchema = z.object({
  /** Dataset indices that still stand. */
  standing: z.array(z.int()),
  seconds: z.number().default(0),
  /** Seconds of all threads, which other programs on the machine disturb less. */
  processor: z.number().default(0),
  /** Images through the network; a gradient includes its forward. */
  forwards: z.int().default(0),
  gradients: z.int().default(0),
  variant: z.string().default(""),
});
export type AttackReply = z.output<typeof replySchema>;
