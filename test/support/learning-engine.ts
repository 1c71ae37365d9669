/** The engine of the learning checks: thousands of steps are too much for the plain one. */
import type { TestContext } from "node:test";
import type { Engine } from "../../src/engines/engine.js";
import { plainEngine } from "./plain-engine.js";

export async function learningEngine(_: TestContext): Promise<Engine | null> {
  return plainEngine;
}

/** One seed by default, `all` of them with SPARSE_ROBUST_SLOW. */
export function seedsFor(all: number): readonly number[] {
  return Array.from({ length: process.env.SPARSE_ROBUST_SLOW ? all : 1 }, (_, i) => i + 1);
}
