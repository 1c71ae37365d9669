/** What a stream says about images that may not be those that their name stands for. */
import type { ImageSet } from "../data/image-set.js";
import type { Recorder } from "./recorder.js";

/** A notice record where the files' digests are not the published ones, and the same for people: figures would be others'. */
export function reportNotice({ notice }: ImageSet, recorder: Recorder, note: (text: string) => void): void {
  if (!notice) return;
  recorder.warn("other-images", notice);
  note(notice);
}
