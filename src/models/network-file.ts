/** Checkpoint files: a network and what is known of it, read with suspicion, written whole or not at all. */
import type { CheckpointDescription, CheckpointText } from "../records/checkpoint.js";
import type { Network } from "./network.js";

export interface NetworkFile {
  readonly network: Network;
  readonly checkpoint: CheckpointText;
  readonly sha256: string;
  readonly bytes: number;
}

export interface WriteOptions {
  /** Every weight with all its entries, for readers that know no connections. */
  readonly dense?: boolean;
}

export declare function readNetworkFile(path: string, expected?: { readonly sha256: string }): Promise<NetworkFile>;
export declare function writeNetworkFile(
  path: string,
  network: Network,
  checkpoint: CheckpointDescription,
  options?: WriteOptions,
): Promise<{ sha256: string; bytes: number }>;
