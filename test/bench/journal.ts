/**
 * What has been measured so far: every answer is a record on stdout as soon as it is there, and one that the records of an
 * earlier run have is taken from them, so that a run that was broken off goes on where it stopped.
 */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { type Reply, replySchema } from "./child.js";
import { record } from "./output.js";

const NAME = "measurement";

const entrySchema = z.object({
  type: z.literal("benchmark"),
  name: z.literal(NAME),
  config: z.object({ key: z.string(), reply: replySchema }),
});

export class Journal {
  readonly #known: ReadonlyMap<string, Reply>;
  readonly #record: typeof record;

  /** `path`: stdout of an earlier run; lines that are no records (npm's own, a last one cut off) are passed over. */
  constructor(path: string | null, write = record) {
    this.#record = write;
    this.#known = path === null ? new Map() : new Map(readFileSync(path, "utf8").split("\n").flatMap(entryOf));
  }

  has(key: string): boolean {
    return this.#known.has(key);
  }

  /** `key` tells one measurement from all others: who did what, the how-manieth time. */
  async once(key: string, measure: () => Promise<Reply>): Promise<Reply> {
    const reply = this.#known.get(key) ?? (await measure());
    const value = "error" in reply ? Number.NaN : (reply.seconds[0] ?? Number.NaN);
    this.#record(NAME, { value, unit: "s", config: { key, reply } });
    return reply;
  }
}

function entryOf(line: string): (readonly [string, Reply])[] {
  if (!line.startsWith('{"type":"benchmark"') || !line.endsWith("}")) return [];
  const entry = entrySchema.safeParse(JSON.parse(line));
  return entry.success ? [[entry.data.config.key, entry.data.config.reply]] : [];
}
