/** What a resumed run needs beyond its checkpoints: named arrays and a JSON text, in one safetensors file. */
import { InputError } from "../core/errors.js";
import { readSafetensors, type StoredArray } from "../formats/safetensors.js";
import { writeSafetensors } from "../formats/safetensors-write.js";

export interface StateFile {
  readonly arrays: ReadonlyMap<string, StoredArray>;
  /** Plain JSON; who reads it checks what is in it. */
  readonly text: unknown;
}

const STATE_FORMAT = "sparse-robust-state/1";

/** InputError, naming the file, when it is no state file or damaged. Arrays come in any order. */
export async function readStateFile(path: string): Promise<StateFile> {
  const { metadata, tensors } = await readSafetensors(path);
  const format = metadata.get("format");
  const text = metadata.get("state");
  if (format !== STATE_FORMAT || text === undefined) {
    throw new InputError(
      `${path}: no saved state: its format is ${JSON.stringify(format ?? null)}; "${STATE_FORMAT}" would be right`,
    );
  }
  const arrays = new Map<string, StoredArray>();
  for (const [name, { dtype, values }] of tensors) {
    if (values === null)
      throw new InputError(`${path}: tensor "${name}": is ${dtype}; F32, U32, I32 or U8 would be right`);
    arrays.set(name, values);
  }
  return { arrays, text: parsed(text, path) };
}

/** Writes it whole or not at all; the same state gives the same bytes. Errors as `writeAtomically`. */
export async function writeStateFile(
  path: string,
  { arrays, text }: StateFile,
): Promise<{ sha256: string; bytes: number }> {
  const metadata = new Map([
    ["format", STATE_FORMAT],
    ["state", JSON.stringify(text)],
  ]);
  const tensors = new Map([...arrays].map(([name, values]) => [name, { shape: [values.length], values }]));
  return writeSafetensors(path, { metadata, tensors });
}

function parsed(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InputError(`${path}: the state in its __metadata__ is not JSON: ${String(error)}`, { cause: error });
  }
}
