/** What a resumed run needs beyond its checkpoints: named arrays and a JSON text, in one safetensors file. */

export type StateArray = Float32Array | Uint32Array | Int32Array | Uint8Array;

export interface StateFile {
  readonly arrays: ReadonlyMap<string, StateArray>;
  readonly text: unknown;
}

export declare function readStateFile(path: string): Promise<StateFile>;
export declare function writeStateFile(path: string, state: StateFile): Promise<{ sha256: string; bytes: number }>;
