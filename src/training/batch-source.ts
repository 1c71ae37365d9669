/** Where the batches of a run come from: each epoch a fresh order of the samples, and beside them pseudo-labelled ones without end. */
import { UsageError } from "../core/errors.js";
import { epochOrder } from "../data/batches.js";
import { type Augment, labelsAt, type Samples } from "./samples.js";

export interface BatchSourceOptions {
  readonly samples: Samples;
  readonly augment: Augment | null;
  /** Images of a batch, pseudo-labelled ones among them. */
  readonly batchSize: number;
  /** What becomes of the last batch of an epoch when it is smaller than the others. */
  readonly remainder: "drop" | "keep";
  readonly seed: number;
  readonly pseudoLabelled?: PseudoLabelled | null;
}

/**
 * More images with labels that a network gave them, a part of each batch (Carmon et al. 2019). They pass by in an order of their
 * own, as often as there are steps for it, and an epoch does not count them; the last part of a pass may be smaller.
 */
export interface PseudoLabelled {
  readonly samples: Samples;
  /** How many of them a batch holds. */
  readonly batchSize: number;
  /** "endless" (if left out): pass after pass, whatever the epoch; "epoch": each epoch begins a fresh order, so that none comes twice in it. */
  readonly order?: "endless" | "epoch";
}

export interface LabelledBatch {
  /** [batch, height, width, channel], augmented; labelled images, then pseudo-labelled ones. */
  readonly images: Float32Array;
  readonly labels: Uint8Array;
}

/** Steps and epochs count from 0. */
export interface Moment {
  readonly step: number;
  readonly epoch: number;
  readonly stepOfEpoch: number;
}

/** A batch is a function of the moment and the seed: a resumed run finds the ones that it would have had. */
export class BatchSource {
  /** Steps of one pass over the labelled samples. */
  readonly stepsPerEpoch: number;
  readonly #options: BatchSourceOptions;
  readonly #labelled: number;
  readonly #orders = new Map<Part, { readonly pass: number; readonly indices: Uint32Array }>();

  /** Throws UsageError when there is not one whole batch where the rest is dropped. */
  constructor(options: BatchSourceOptions) {
    const { samples, batchSize, remainder, pseudoLabelled } = options;
    this.#options = options;
    this.#labelled = batchSize - (pseudoLabelled?.batchSize ?? 0);
    const batches = samples.size / this.#labelled;
    this.stepsPerEpoch = remainder === "drop" ? Math.floor(batches) : Math.ceil(batches);
    if (this.stepsPerEpoch < 1) throw tooLarge(batchSize, this.#labelled, samples.size);
  }

  batch({ step, epoch, stepOfEpoch }: Moment): LabelledBatch {
    const { samples, pseudoLabelled } = this.#options;
    const own = this.#part("labelled", { samples, pass: epoch, place: stepOfEpoch, size: this.#labelled, offset: 0 });
    if (!pseudoLabelled) return own;
    const { batchSize: size, order = "endless" } = pseudoLabelled;
    const perPass = Math.ceil(pseudoLabelled.samples.size / size);
    const passesAnEpoch = Math.ceil(this.stepsPerEpoch / perPass);
    const steps = order === "endless" ? step : epoch * passesAnEpoch * perPass + stepOfEpoch;
    const moment = { pass: Math.floor(steps / perPass), place: steps % perPass };
    const choice = { samples: pseudoLabelled.samples, ...moment, size, offset: samples.size };
    return joined(own, this.#part("pseudo-labelled", choice));
  }

  #part(part: Part, { samples, pass, place, size, offset }: PartChoice): LabelledBatch {
    const { augment } = this.#options;
    const indices = this.#order(part, samples.size, pass).slice(place * size, (place + 1) * size);
    const images = samples.read(indices);
    const labels = labelsAt(samples, indices);
    if (augment === null) return { images, labels };
    // Numbered on behind the labelled ones, so that no two images share their draws.
    return { images: augment(images, pass, offset === 0 ? indices : indices.map((index) => index + offset)), labels };
  }

  #order(part: Part, size: number, pass: number): Uint32Array {
    const known = this.#orders.get(part);
    if (known?.pass === pass) return known.indices;
    const indices = epochOrder(size, this.#options.seed, pass, ORDERS[part]);
    this.#orders.set(part, { pass, indices });
    return indices;
  }
}

/** Each part has random streams of its own. */
const ORDERS = { labelled: 0, "pseudo-labelled": 1 } as const;
type Part = keyof typeof ORDERS;

interface PartChoice {
  readonly samples: Samples;
  /** How often all samples have passed by. */
  readonly pass: number;
  readonly place: number;
  readonly size: number;
  /** Added to the samples' numbers. */
  readonly offset: number;
}

function joined(first: LabelledBatch, second: LabelledBatch): LabelledBatch {
  const images = new Float32Array(first.images.length + second.images.length);
  images.set(first.images);
  images.set(second.images, first.images.length);
  const labels = new Uint8Array(first.labels.length + second.labels.length);
  labels.set(first.labels);
  labels.set(second.labels, first.labels.length);
  return { images, labels };
}

function tooLarge(batchSize: number, labelled: number, samples: number): UsageError {
  const share = labelled === batchSize ? "" : `, ${labelled} of them labelled,`;
  return new UsageError(
    `--batch-size ${batchSize}${share} is more than the ${samples} training images; choose at most ${Math.floor((samples * batchSize) / labelled)}`,
  );
}
