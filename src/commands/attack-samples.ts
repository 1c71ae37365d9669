/** Which of the test images are attacked: `--shard`, `--indices` and `--classes`. */
import { UsageError } from "../core/errors.js";
import { didYouMean } from "../core/nearest.js";
import type { ImageSet } from "../data/image-set.js";
import { rangeOf } from "./attack-plan.js";

export interface SampleChoice {
  readonly shard: string | null;
  readonly indices: string | null;
  readonly classes: string | null;
}

export interface ChosenSamples {
  /** Dataset indices [from, to). */
  readonly range: readonly [number, number];
  /** 1 for each sample of the range that is taken; null: all. */
  readonly included: Uint8Array | null;
}

/** UsageError for indices and classes that there are none of, and where nothing is left. */
export function chosenSamples(images: ImageSet, { shard, indices, classes }: SampleChoice): ChosenSamples {
  const range = rangeOf(images.samples, shard);
  if (indices === null && classes === null) return { range, included: null };
  const listed = indices === null ? null : listedIndices(indices, images.samples);
  const labels = classes === null ? null : listedLabels(classes, images);
  const included = Uint8Array.from({ length: range[1] - range[0] }, (_, i) => {
    const index = range[0] + i;
    const isWanted = (listed?.has(index) ?? true) && (labels?.has(images.labels[index] ?? -1) ?? true);
    return isWanted ? 1 : 0;
  });
  if (included.includes(1)) return { range, included };
  const given = [indices === null ? "" : `--indices ${indices}`, classes === null ? "" : `--classes ${classes}`];
  throw new UsageError(
    `${given.filter(Boolean).join(" with ")}: none of the images ${range[0]} to ${range[1] - 1} of ${images.name}`,
  );
}

/** Dataset indices of the chosen samples, ascending. */
export function chosenIndices({ range: [from, to], included }: ChosenSamples): Uint32Array {
  const all = Uint32Array.from({ length: to - from }, (_, i) => from + i);
  return included === null ? all : all.filter((_, i) => included[i] === 1);
}

/** `0-99,250`: both ends of a stretch are taken. UsageError for what is no such list. Reads no data. */
export function parseIndices(text: string): readonly (readonly [number, number])[] {
  return text.split(",").map((part) => {
    const [, first, last = first] = /^\s*(\d{1,9})(?:-(\d{1,9}))?\s*$/.exec(part) ?? [];
    const stretch = [Number(first), Number(last)] as const;
    if (stretch[0] <= stretch[1]) return stretch;
    throw new UsageError(`--indices ${text}: "${part}" is neither an index nor a stretch of them, such as 0-99`);
  });
}

function listedIndices(text: string, samples: number): ReadonlySet<number> {
  const listed = new Set<number>();
  for (const [first, last] of parseIndices(text)) {
    if (last >= samples) throw new UsageError(`--indices ${text}: ${last} is none of the images 0 to ${samples - 1}`);
    for (let index = first; index <= last; index++) listed.add(index);
  }
  return listed;
}

function listedLabels(text: string, { classes, name }: ImageSet): ReadonlySet<number> {
  const labels = text.split(",").map((part) => {
    const wanted = part.trim();
    const label = classes.indexOf(wanted);
    if (label >= 0) return label;
    if (/^\d+$/.test(wanted) && Number(wanted) < classes.length) return Number(wanted);
    throw new UsageError(
      `--classes ${text}: ${name} has no class "${wanted}"${didYouMean(wanted, classes)}; there are ${classes.join(", ")}`,
    );
  });
  return new Set(labels);
}
