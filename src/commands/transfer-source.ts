/** `--transfer-from`: the network that adversarial images are crafted on, before others are tested on them. */
import { InputError } from "../core/errors.js";
import type { Engine } from "../engines/engine.js";
import { readNetworkFile } from "../models/network-file.js";
import type { SourceNetwork } from "./attack-network.js";
import type { OpenNetwork } from "./attack-targets.js";

/** Reads it; errors as `readNetworkFile`. Whoever asks disposes of its inference. */
export async function openSource(path: string, engine: Engine): Promise<SourceNetwork> {
  const file = await readNetworkFile(path);
  return { path, inference: engine.infer(file.network), sha256: file.sha256 };
}

/** InputError where one network's images mean nothing to the other. */
export function requireFit({ path, inference }: SourceNetwork, { file, reference }: OpenNetwork): void {
  const { input, classes } = file.network;
  if (inference.input.join() === input.join() && inference.classes === classes) return;
  const [of, to] = [inference, { input, classes }].map((one) => `${one.input.join("×")} and ${one.classes} classes`);
  throw new InputError(`--transfer-from ${path}: is for images of ${of}, ${reference.path} for images of ${to}`);
}
