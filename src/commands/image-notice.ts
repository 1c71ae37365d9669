/** What a stream says about images that may not be those that their name stands for. */
import type { ImageSet } from "../data/image-set.js";
import type { Recorder } from "./recorder.js";

/** A notice record where the files' digests are not the published ones. */
export function reportNotice({ notice }: ImageSet, recorder: Recorder): void {
  if (notice) recorder.warn("other-images", notice);
}
