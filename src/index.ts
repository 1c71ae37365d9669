/** What a program may import: the four commands as functions, their records, networks and their files, statistics. */
export { InputError, ResourceError, UsageError } from "./core/errors.js";
export { type LoadOptions, loadImages } from "./data/catalog.js";
export type { ImageSet } from "./data/image-set.js";
export { chooseEngine } from "./engines/choose.js";
export type * from "./engines/engine.js";
export { formatRecord, readRecords } from "./formats/ndjson.js";
export { type AttackOptions, attack } from "./library/attack.js";
export { type CompareOptions, type CompareOutcome, compare } from "./library/compare.js";
export { type PruneOptions, type PruneRun, prune } from "./library/prune.js";
export type { RunInput, RunOptions } from "./library/run-options.js";
export { type TrainOptions, train } from "./library/train.js";
export type * from "./models/graph.js";
export type { DenseTensor, Network, SparseTensor, Tensor } from "./models/network.js";
export { type NetworkFile, readNetworkFile, writeNetworkFile } from "./models/network-file.js";
export { decodeOutcomes, encodeOutcomes, parseRecord, type StreamRecord } from "./records/events.js";
export { mcnemarExact } from "./stats/mcnemar.js";
export { wilsonInterval } from "./stats/wilson.js";
