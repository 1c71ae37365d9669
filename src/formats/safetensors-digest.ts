/** A file's digest of itself: SHA-256 of all its bytes, with zeros where the digest stands in the header. */
import { createHash } from "node:crypto";

/** In `__metadata__`. */
export const DIGEST_KEY = "sparse-robust/sha256";

/** What stands there while the digest is computed. */
export const BLANK_DIGEST = "0".repeat(64);

/**
 * The digest of a file that states `stated`; null when the head (length and header) has no place for one. Data and header
 * both count: a flipped bit of the graph is no better than one of a weight.
 */
export function digestWithout(stated: string, head: Uint8Array, data: Iterable<Uint8Array>): string | null {
  const blank = withDigest(head, stated, BLANK_DIGEST);
  if (blank === null) return null;
  const hash = createHash("sha256").update(blank);
  for (const bytes of data) hash.update(bytes);
  return hash.digest("hex");
}

/** A copy of the head that states another digest; null when it does not state `stated`. */
export function withDigest(head: Uint8Array, stated: string, digest: string): Uint8Array | null {
  const copy = Buffer.from(head);
  const place = stated.length === digest.length ? copy.indexOf(entry(stated)) : -1;
  if (place < 0) return null;
  copy.write(entry(digest), place);
  return copy;
}

/** No value of another key can look like this: the quotes in a JSON string are escaped. */
function entry(digest: string): string {
  return `"${DIGEST_KEY}":"${digest}"`;
}
