/** Labelled images of one split as they lie in memory: bytes, so that a whole data set fits, unless the numbers are none of those. */
import { createHash } from "node:crypto";
import { UsageError } from "../core/errors.js";
import { noticeOfImages } from "./published.js";

export type Split = "train" | "test";

export interface ImageSet {
  /** As `--data` names it. */
  readonly name: string;
  readonly split: Split;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Names, by label. */
  readonly classes: readonly string[];
  readonly labels: Uint8Array;
  /** [samples, height, width, channel]: bytes, or numbers in [0, 1]. */
  readonly pixels: Uint8Array | Float32Array;
  readonly samples: number;
  /** Over labels, then pixels, of the whole split in file order, also when only its first images were asked for. */
  readonly sha256: string;
  /** Why these may be other images than those that others mean by the name. */
  readonly notice?: string | null;
}

/** A whole split as a reader found it. */
export type DecodedSplit = Omit<ImageSet, "samples" | "sha256">;

/** The first `limit` images of a split (all by default) with the digest of the whole. UsageError if there are fewer. */
export function firstImages(split: DecodedSplit, limit?: number): ImageSet {
  const total = split.labels.length;
  const samples = limit ?? total;
  if (!Number.isInteger(samples) || samples < 1 || samples > total) {
    const asked = split.split === "train" ? `--train-samples asks for ${samples}` : `asked for the first ${samples}`;
    throw new UsageError(`${split.name} has ${total} ${split.split} images; ${asked}`);
  }
  const sha256 = createHash("sha256").update(split.labels).update(split.pixels).digest("hex");
  const notice = split.notice ?? noticeOfImages(split.name, split.split, sha256);
  if (samples === total) return { ...split, samples, sha256, notice };
  const imageBytes = split.height * split.width * split.channels;
  const labels = split.labels.slice(0, samples);
  const pixels = split.pixels.slice(0, samples * imageBytes);
  return { ...split, labels, pixels, samples, sha256, notice };
}
