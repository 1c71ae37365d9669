/** `--state FILE`: keeps what an evaluation has done, attack by attack and batch by batch, so that a later call goes on there. */
import { existsSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { type AttackJournal, type Journal, noJournal, type Place } from "../attacks/journal.js";
import { InputError, UsageError } from "../core/errors.js";
import type { StoredArray } from "../formats/safetensors.js";
import { readStateFile, writeStateFile } from "../models/state-file.js";
import type { AdversarialImages } from "./adversarial-images.js";
import {
  findingOf,
  findingText,
  type NetworkText,
  placeOf,
  placeText,
  type StateText,
  stateSchema,
} from "./attack-state-text.js";
import type { Config } from "./command.js";

/** Seconds between two writings inside an attack: what a kill loses at most. */
const WRITE_EVERY = 5;

export interface StateOptions {
  /** null: nothing is kept. */
  readonly path: string | null;
  /** Begin anew over a file that is there. */
  readonly force: boolean;
  /** Of a new run. */
  readonly run: string;
  /** What alters the result. */
  readonly config: Config;
  /** Whether adversarial images are wanted in the end. */
  readonly keepsImages: boolean;
}

/** Which network's evaluation, on what. */
export interface Evaluated {
  readonly sha256: string;
  readonly data: string;
  /** Of the range. */
  readonly samples: number;
  readonly adversarial: AdversarialImages;
}

/** Reads the file if there is one. InputError where it is damaged, UsageError where it belongs to another evaluation. */
export async function openAttackState(options: StateOptions): Promise<AttackState> {
  const { path, force, run, config, keepsImages } = options;
  const fresh = { command: "attack-eval" as const, run, config: { ...config }, keepsImages, networks: {} };
  if (path === null || force || !existsSync(path)) return new AttackState(path, fresh, new Map());
  const { text, arrays } = await readStateFile(path);
  const parsed = stateSchema.safeParse(text);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new InputError(`${path}: malformed state: ${issue?.path.join(".")}: ${issue?.message}`);
  }
  requireSame(parsed.data, options, path);
  return new AttackState(path, parsed.data, arrays);
}

export class AttackState {
  readonly #path: string | null;
  readonly #text: StateText;
  readonly #arrays: Map<string, StoredArray>;
  readonly #kept = new Map<string, AdversarialImages>();
  #written = performance.now();

  constructor(path: string | null, text: StateText, arrays: ReadonlyMap<string, StoredArray>) {
    this.#path = path;
    this.#text = text;
    this.#arrays = new Map(arrays);
  }

  /** Of the run that is gone on with, or the new one. */
  get run(): string {
    return this.#text.run;
  }

  /** The journal of one network's evaluation; images that were found before go into `adversarial`. */
  journal(evaluated: Evaluated): Journal {
    const { sha256, data, samples, adversarial } = evaluated;
    if (this.#path === null) return noJournal;
    const where = `${this.#path} (${sha256.slice(0, 8)})`;
    const fresh: NetworkText = { data, samples, findings: {}, place: null, examples: [] };
    const network = this.#text.networks[sha256] ?? fresh;
    this.#text.networks[sha256] = network;
    if (network.data !== data || network.samples !== samples) {
      throw new InputError(`${where}: was begun on other images; give those, or another --state`);
    }
    this.#recall(sha256, network, adversarial);
    this.#kept.set(sha256, adversarial);
    return (attack) => this.#journalOf(attack, network, where);
  }

  #journalOf(attack: string, network: NetworkText, where: string): AttackJournal {
    return {
      place: () => {
        const { place, samples } = network;
        return place?.attack === attack ? placeOf(place, samples, where) : null;
      },
      reach: async (place: Place) => {
        network.place = placeText(attack, place);
        if (performance.now() - this.#written >= 1000 * WRITE_EVERY) await this.write();
      },
      finding: () => {
        const found = network.findings[attack];
        return found === undefined ? null : findingOf(found, network.samples, where);
      },
      finish: async (finding) => {
        network.findings[attack] = findingText(finding);
        network.place = null;
        await this.write();
      },
    };
  }

  /** Writes the file as things are now; does nothing where none is kept. */
  async write(): Promise<void> {
    if (this.#path === null) return;
    for (const [sha256, { examples }] of this.#kept) this.#remember(sha256, examples);
    await writeStateFile(this.#path, { text: this.#text, arrays: this.#arrays });
    this.#written = performance.now();
  }

  #remember(sha256: string, examples: AdversarialImages["examples"]): void {
    const network = this.#text.networks[sha256];
    if (network === undefined || !this.#text.keepsImages || examples.size === 0) return;
    const size = [...examples.values()][0]?.image.length ?? 0;
    const images = new Float32Array(examples.size * size);
    for (const [i, { image }] of [...examples.values()].entries()) images.set(image, i * size);
    network.examples = [...examples].map(([index, { attack }]) => ({ index, attack }));
    this.#arrays.set(`${sha256}/images`, images);
  }

  #recall(sha256: string, { examples }: NetworkText, adversarial: AdversarialImages): void {
    const images = this.#arrays.get(`${sha256}/images`);
    if (examples.length === 0 || !(images instanceof Float32Array)) return;
    const size = images.length / examples.length;
    for (const [i, { index, attack }] of examples.entries()) {
      adversarial.take({ name: attack, index, image: images.slice(i * size, (i + 1) * size) });
    }
  }
}

function requireSame(text: StateText, { config, keepsImages }: StateOptions, path: string): void {
  // Through JSON, as the saved one went.
  const now: Record<string, unknown> = JSON.parse(JSON.stringify(config));
  for (const key of new Set([...Object.keys(text.config), ...Object.keys(now)])) {
    if (isDeepStrictEqual(now[key], text.config[key])) continue;
    const [given, then] = [now[key], text.config[key]].map((value) => JSON.stringify(value) ?? "not set");
    throw new UsageError(
      `--state ${path}: ${key} is ${given}, and the evaluation there was begun with ${then}; it alters the result, so it must stay`,
    );
  }
  if (keepsImages && !text.keepsImages) {
    throw new UsageError(
      `--state ${path}: was begun without --save-adversarial or --pictures, so it has no images of what is done; begin anew with --force`,
    );
  }
}
