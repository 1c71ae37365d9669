/**
 * Our side of the benchmark, a process of its own: requests come as JSON lines on standard input, each is answered by one line.
 * The instruction set is that of SPARSE_ROBUST_TARGET.
 */
import { createInterface } from "node:readline";
import { z } from "zod";
import type { Reply } from "./child.js";
import { inferenceWork } from "./inference-work.js";
import { keyOf, type Subject, subjectSchema, type Work, workSchema } from "./subject.js";
import { trainingWork } from "./training-work.js";

const requestSchema = z.object({
  subject: subjectSchema,
  work: workSchema,
  batch: z.int().min(1),
  threads: z.int().min(1),
  repeat: z.int().min(1),
});

export interface WorkRequest {
  readonly subject: Subject;
  readonly work: Work;
  readonly batch: number;
  readonly threads: number;
}

/** A network made ready: each call does the work once. */
export interface Prepared {
  run(): void;
  /** What took the time since the last call. */
  takeTimes(): Partial<Reply>;
}

const prepared = new Map<string, Prepared>();

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(answer(requestSchema.parse(JSON.parse(line))))}\n`);
}

function answer(request: z.output<typeof requestSchema>): Reply {
  const { run, takeTimes } = preparedFor(request);
  takeTimes();
  const before = process.cpuUsage();
  const seconds = Array.from({ length: request.repeat }, () => secondsOf(run));
  const { user, system } = process.cpuUsage(before);
  const memory = 1024 * process.resourceUsage().maxRSS;
  return { seconds, processor: (user + system) / 1e6, memory, ...takeTimes() };
}

function secondsOf(run: () => void): number {
  const start = performance.now();
  run();
  return (performance.now() - start) / 1000;
}

function preparedFor(request: WorkRequest): Prepared {
  const { subject, work, batch, threads } = request;
  const key = `${keyOf(subject)} ${work} ${batch} ${threads}`;
  const known = prepared.get(key);
  if (known !== undefined) return known;
  const made = work === "forward" || work === "step" ? inferenceWork(request) : trainingWork(request);
  prepared.set(key, made);
  return made;
}
