/**
 * One engine in a process of its own, as its peer is: requests come as JSON lines on standard input, each is answered by the
 * seconds of a forward pass with its image gradient.
 */
import { createInterface } from "node:readline";
import { z } from "zod";
import { chooseEngine } from "../../src/engines/choose.js";
import type { Inference } from "../../src/engines/engine.js";
import { crossEntropy } from "../../src/losses/cross-entropy.js";
import { CLASSES, INPUT, keyOf, networkOf, subjectSchema } from "./subject.js";

const requestSchema = z.object({
  engine: z.enum(["auto", "native", "tensorflow"]),
  subject: subjectSchema,
  batch: z.int().min(1),
  threads: z.int().min(1),
});
type Request = z.output<typeof requestSchema>;

const inferences = new Map<string, Inference>();

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(passOf(requestSchema.parse(JSON.parse(line))))}\n`);
}

function passOf(request: Request): { readonly wall: number; readonly processor: number } {
  const inference = inferenceOf(request);
  const images = Float32Array.from({ length: request.batch * INPUT[0] * INPUT[1] * INPUT[2] }, (_, i) => (i % 97) / 97);
  const labels = Uint8Array.from({ length: request.batch }, (_, i) => i % CLASSES);
  const [began, before] = [performance.now(), process.cpuUsage()];
  inference.inputGradient(images, (logits) => crossEntropy(logits, labels, CLASSES).gradient);
  const { user, system } = process.cpuUsage(before);
  return { wall: (performance.now() - began) / 1000, processor: (user + system) / 1e6 };
}

function inferenceOf({ engine, subject, threads }: Request): Inference {
  const key = keyOf(subject);
  const inference = inferences.get(key) ?? chooseEngine({ engine, threads }).infer(networkOf(subject).network);
  inferences.set(key, inference);
  return inference;
}
