/** The machine's peak rate of f32 multiply-adds, looked at again and again while all else is measured. */
import type { Journal } from "./journal.js";
import type { PeakOfMachine } from "./speed.js";
import { peak } from "./tools.js";

/** The widest registers that the machine has. */
const TARGETS = ["avx512", "avx2", "neon"];

export interface PeakOptions {
  readonly folder: string;
  readonly threads: number;
  readonly journal: Journal;
}

export class Peak implements PeakOfMachine {
  single = 0;
  all = 0;
  readonly #child;
  readonly #options: PeakOptions;

  constructor(options: PeakOptions) {
    this.#options = options;
    this.#child = peak(options.folder);
  }

  /** `round` tells one look from the others. */
  async look(round: string): Promise<void> {
    const reply = await this.#options.journal.once(`peak ${this.#options.threads} ${round}`, () => this.#measure());
    if ("error" in reply || reply.peak === undefined) return;
    this.single = Math.max(this.single, reply.peak.single);
    this.all = Math.max(this.all, reply.peak.all);
  }

  end(): void {
    this.#child.end();
  }

  async #measure() {
    for (const target of TARGETS) {
      const all = await this.#rate(target, this.#options.threads);
      if (all > 0) return { seconds: [], peak: { single: await this.#rate(target, 1), all } };
    }
    return { error: "no known instruction set" };
  }

  async #rate(target: string, threads: number): Promise<number> {
    return Number(await this.#child.ask(`${target} ${threads}`));
  }
}
