/**
 * Our side of the attack benchmark, a process of its own: requests come as JSON lines on standard input, each is answered by one line,
 * as the peer answers them. "clean" gives the samples that are right.
 */
import { createInterface } from "node:readline";
import { evaluate } from "../../src/attacks/evaluation.js";
import { parseAttacks } from "../../src/attacks/names.js";
import type { Outcome } from "../../src/attacks/outcome.js";
import { toFloat } from "../../src/data/batches.js";
import { loadImages } from "../../src/data/catalog.js";
import type { ImageSet } from "../../src/data/image-set.js";
import type { Inference } from "../../src/engines/engine.js";
import { nativeEngine } from "../../src/engines/native.js";
import { readNetworkFile } from "../../src/models/network-file.js";
import { type AttackReply, type AttackRequest, requestSchema } from "./attack-peer-protocol.js";

interface Subject {
  readonly inference: Inference;
  readonly images: ImageSet;
}

interface Found {
  readonly outcome: Outcome;
  /** Seconds of all threads since the outcome before it. */
  readonly processor: number;
}

const subjects = new Map<string, Subject>();

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(requestSchema.parse(JSON.parse(line))))}\n`);
}

async function answer(request: AttackRequest): Promise<AttackReply> {
  const { outcome, processor } = await outcomeOf(request, await subjectOf(request));
  const { robust, seconds, forwards, gradients } = outcome;
  const standing = [...robust.keys()].filter((index) => robust[index] === 1);
  return { standing, seconds, processor, forwards, gradients, variant: "native" };
}

function recipesFor(fraction: number, attacked: number): Record<string, unknown> {
  const part = (count: number) => Math.max(1, Math.round(fraction * count));
  const steps = { steps: part(100) };
  return {
    ...{ "apgd-ce": steps, "apgd-t": steps, "fab-t": steps, square: { queries: part(5000) } },
    // Foolbox's radius grows with its batch.
    bb: { steps: part(1000), bbRefBatch: Math.max(1, attacked) },
  };
}

async function subjectOf({ checkpoint, data, samples, threads }: AttackRequest): Promise<Subject> {
  const key = `${checkpoint} ${data} ${samples}`;
  const known = subjects.get(key);
  if (known !== undefined) return known;
  const { network } = await readNetworkFile(checkpoint);
  const subject = {
    inference: nativeEngine({ threads, reason: "benchmark" }).infer(network),
    images: await loadImages({ name: data, directory: null, split: "test", limit: samples }),
  };
  subjects.set(key, subject);
  return subject;
}

/** Of the attack, or of the network itself; its seconds are the attack's alone, as the peer counts them. */
async function outcomeOf(
  { attack, standing, fraction }: AttackRequest,
  { inference, images }: Subject,
): Promise<Found> {
  const included = Uint8Array.from({ length: images.samples }, (_, index) => (standing.includes(index) ? 1 : 0));
  const attacks =
    attack === "clean" ? [] : parseAttacks({ names: [attack], recipes: recipesFor(fraction, standing.length) });
  const outcomes = evaluate({
    inference,
    samples: { labels: images.labels, images: (indices) => toFloat(images, indices) },
    ...{ range: [0, images.samples], included, seed: 1, bounds: [0, 1], batchSize: 128 },
    attacks: attacks.map((recipe) => ({ recipe, norm: "linf", epsilon: 8 / 255 })),
  });
  let [last, before]: [Found | null, NodeJS.CpuUsage] = [null, process.cpuUsage()];
  for await (const outcome of outcomes) {
    const { user, system } = process.cpuUsage(before);
    [last, before] = [{ outcome, processor: (user + system) / 1e6 }, process.cpuUsage()];
  }
  if (last === null) throw new Error(`${attack} gave no outcome`);
  return last;
}
