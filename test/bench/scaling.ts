/** One step of PGD by batch size: images a second, and the memory of a process that does nothing else. */
import { measure } from "./child.js";
import type { Journal } from "./journal.js";
import { head, print, record, rounded, row } from "./output.js";
import { ours } from "./tools.js";

const BATCHES = [16, 32, 64, 128, 256, 512];
const REPEAT = 5;

export interface BatchesOptions {
  readonly threads: number;
  readonly densities: readonly number[];
  readonly journal: Journal;
}

/** Each batch size in a process of its own. */
export async function reportBatches({ threads, densities, journal }: BatchesOptions): Promise<void> {
  print("\n## Batch size, vgg16, one PGD step\n");
  head(["batch", ...densities.flatMap((density) => [`${density}: images/s`, "MiB"])]);
  for (const batch of BATCHES) {
    const cells: string[] = [];
    for (const density of densities) {
      const subject = { model: "vgg16", densities: "method", density };
      const request = { subject, work: "step", batch, threads, repeat: REPEAT };
      const child = ours();
      const reply = await journal.once(`batches ${JSON.stringify(request)}`, () => measure(child, request));
      child.end();
      if ("error" in reply) throw new Error(reply.error);
      const memory = reply.memory ?? Number.NaN;
      const rate = batch / Math.min(...reply.seconds);
      cells.push(rounded(rate, 0), rounded(memory / 2 ** 20, 0));
      record("step", { value: rate, unit: "images/s", config: { ...subject, batch, threads, memory } });
    }
    row([batch, ...cells]);
  }
}
