/** Whether images are the published ones, where their digest is known: others are taken all the same, with a notice. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { fileError } from "../core/file-errors.js";

/** SHA-256 over labels and pixels, whatever files they came in. */
const IMAGES: ReadonlyMap<string, string> = new Map([
  ["cifar10 train", "2b9f0a1a847c93c2353ade598dbb0793bc45f1726abad9c6a09bcb6e0e6fba4c"],
  ["cifar10 test", "2638883b6004c07fe920e8a030e2762400dc3957437f6d48c81d70546880a2d2"],
  ["fashion train", "e365d2d1079f1211ee47179aca7c446d40eff5a9a7486f91efe3d45162bc95f1"],
  ["fashion test", "9f8721839f5d8350e9014ad82dc6b701d31544554b28bef3e4df8a41c3d471f7"],
]);

/** A sentence about images that are not the published ones; null for those that are, or where nothing is known. */
export function noticeOfImages(name: string, split: string, sha256: string): string | null {
  const expected = IMAGES.get(`${name} ${split}`);
  if (expected === undefined || sha256 === expected) return null;
  return `the ${split} images of ${name} are not the published ones: their sha256 is ${sha256}, expected ${expected}`;
}

/** A sentence about a file that is not the published one, by the MD5 that its publishers or their users give; else null. */
export async function noticeOfFile(path: string, expected: readonly string[]): Promise<string | null> {
  const hash = createHash("md5");
  await pipeline(createReadStream(path), hash).catch((error) => {
    throw fileError(error, "read", path);
  });
  const found = hash.digest("hex");
  if (expected.includes(found)) return null;
  return `${path} is not the published file: its MD5 is ${found}, expected ${expected.join(" or ")}`;
}
