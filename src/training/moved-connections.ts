/** How many connections of each layer came and went in one update. */
import type { Training } from "../engines/engine.js";
import type { UpdateResult } from "./update.js";

export interface MovedConnections {
  /** Drawn back or exchanged in, of each weight layer in graph order. */
  readonly created: Int32Array;
  /** Gone, less those that came back by themselves: a layer may have a negative number. */
  readonly deleted: Int32Array;
}

/** From the counts before an update and its result; where that does not say what came, by the difference alone. */
export function movedConnections(
  before: Int32Array,
  { connections, created }: Pick<UpdateResult, "connections" | "created">,
): MovedConnections {
  const came = created ?? connections.map((count, layer) => Math.max(0, count - (before[layer] ?? 0)));
  return {
    created: came,
    deleted: came.map((count, layer) => (before[layer] ?? 0) + count - (connections[layer] ?? 0)),
  };
}

/** Of each weight layer, from the engine's own lists. */
export function connectionCounts(training: Training): Int32Array {
  return Int32Array.from(training.weightLayers, (_, layer) => training.connections(layer).length);
}
