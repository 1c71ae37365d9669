/** A process that answers lines by lines, one at a time; it starts when it is first asked, and takes no time while it is not. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { z } from "zod";

export interface ChildOptions {
  /** Who answers, in the records. */
  readonly name: string;
  readonly program: string;
  readonly arguments?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Done before the process is first started. */
  readonly prepare?: () => void;
}

interface Running {
  readonly process: ChildProcessByStdio<Writable, Readable, null>;
  readonly lines: AsyncIterator<string, undefined>;
}

export class Child {
  readonly name: string;
  readonly #options: ChildOptions;
  #running: Running | null = null;

  constructor(options: ChildOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /** Throws Error when the process ends before it has answered. */
  async ask(line: string): Promise<string> {
    this.#running ??= start(this.#options);
    this.#running.process.stdin.write(`${line}\n`);
    const { done, value } = await this.#running.lines.next();
    if (done) throw new Error(`${this.name} ended without an answer to: ${line}`);
    return value;
  }

  end(): void {
    this.#running?.process.stdin.end();
    this.#running = null;
  }
}

function start({ program, arguments: given = [], environment = {}, prepare }: ChildOptions): Running {
  prepare?.();
  const child = spawn(program, given, { env: { ...process.env, ...environment }, stdio: ["pipe", "pipe", "inherit"] });
  return { process: child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

const layerSchema = z.object({
  name: z.string(),
  /** Share of its weights that are connections. */
  density: z.number(),
  /** Floating-point operations of one pass over the batch: two a connection and position. */
  operations: z.number(),
  /** Of all threads together, in its convolution, forward and back. */
  seconds: z.number(),
});
export type LayerTime = z.output<typeof layerSchema>;

export const replySchema = z.union([
  z.object({
    seconds: z.array(z.number()),
    /** Most memory that the process has held so far, in bytes. */
    memory: z.number().optional(),
    version: z.string().optional(),
    /** Processor time of all threads together, which other programs on the machine disturb less. */
    processor: z.number().optional(),
    /** Of an inference: seconds of all threads together in the convolutions and in the network's other steps. */
    convolutions: z.number().optional(),
    others: z.number().optional(),
    layers: z.array(layerSchema).optional(),
    /** Of a step of training: seconds in the network's passes. */
    passes: z.number().optional(),
    /** The machine's peak in GFLOP/s, on one thread and on all. */
    peak: z.object({ single: z.number(), all: z.number() }).optional(),
  }),
  z.object({ error: z.string() }),
]);
export type Reply = z.output<typeof replySchema>;

export async function measure(child: Child, request: object): Promise<Reply> {
  return replySchema.parse(JSON.parse(await child.ask(JSON.stringify(request))));
}
