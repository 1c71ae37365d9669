/** A process that answers lines by lines, one at a time; while it is not asked it takes no processor time. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { z } from "zod";

export interface ChildOptions {
  readonly program: string;
  readonly arguments?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export class Child {
  readonly #process;
  readonly #lines;

  constructor({ program, arguments: given = [], environment = {} }: ChildOptions) {
    this.#process = spawn(program, given, {
      env: { ...process.env, ...environment },
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /** Throws Error when the process ends before it has answered. */
  async ask(line: string): Promise<string> {
    this.#process.stdin.write(`${line}\n`);
    const { done, value } = await this.#lines.next();
    if (done) throw new Error(`${this.#process.spawnfile} ended without an answer to: ${line}`);
    return value;
  }

  end(): void {
    this.#process.stdin.end();
  }
}

const replySchema = z.union([
  z.object({
    seconds: z.array(z.number()),
    /** Most memory that the process has held so far, in bytes. */
    memory: z.number(),
    version: z.string().optional(),
    /** Processor time of all threads together, which other programs on the machine disturb less. */
    processor: z.number().optional(),
    /** Seconds of all threads together in the convolutions and in the network's other steps. */
    convolutions: z.number().optional(),
    others: z.number().optional(),
  }),
  z.object({ error: z.string() }),
]);
export type Reply = z.output<typeof replySchema>;

export async function measure(child: Child, request: object): Promise<Reply> {
  return replySchema.parse(JSON.parse(await child.ask(JSON.stringify(request))));
}
