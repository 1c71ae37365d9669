/** What a program may import: networks and their files, engines, attacks and their outcomes, records, statistics. */
export { type EvaluationOptions, evaluate, type PlannedAttack, type TestSamples } from "./attacks/evaluation.js";
export { parseAttacks } from "./attacks/names.js";
export { countCorrect, type Outcome, resultFields } from "./attacks/outcome.js";
export { InputError, ResourceError, UsageError } from "./core/errors.js";
export { type LoadOptions, loadImages } from "./data/catalog.js";
export type { ImageSet } from "./data/image-set.js";
export { chooseEngine } from "./engines/choose.js";
export type * from "./engines/engine.js";
export { formatRecord, readRecords } from "./formats/ndjson.js";
export { crossEntropy } from "./losses/cross-entropy.js";
export { klDivergence } from "./losses/kl-divergence.js";
export { type CatalogModel, catalogModel } from "./models/catalog.js";
export type * from "./models/graph.js";
export type { DenseTensor, Network, SparseTensor, Tensor } from "./models/network.js";
export { type NetworkFile, readNetworkFile, writeNetworkFile } from "./models/network-file.js";
export { decodeOutcomes, encodeOutcomes, parseRecord, recordSchema, type StreamRecord } from "./records/events.js";
export { mcnemarExact } from "./stats/mcnemar.js";
export { wilsonInterval } from "./stats/wilson.js";
