/** Answers of the attack benchmark, kept in a file: a question that was answered once is not asked again. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { type AttackReply, type AttackRequest, replySchema } from "./attack-peer-protocol.js";
import type { Child } from "./child.js";

const answerSchema = z.union([z.object({ error: z.string() }), replySchema]);

export class KeptAnswers {
  readonly #path: string;
  readonly #known: Map<string, AttackReply>;

  constructor(path: string) {
    this.#path = path;
    const text: unknown = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {};
    this.#known = new Map(Object.entries(z.record(z.string(), replySchema).parse(text)));
  }

  /** Throws Error with what the side says it cannot do. */
  async once(child: Child, request: AttackRequest): Promise<AttackReply> {
    const digest = createHash("sha256").update(readFileSync(request.checkpoint)).digest("hex").slice(0, 16);
    const { attack, standing, samples, threads, fraction } = request;
    const key = `${child.name} ${digest} ${attack} ${samples} ${threads} ${fraction} ${standing.join("+")}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const answer = answerSchema.parse(JSON.parse(await child.ask(JSON.stringify(request))));
    if ("error" in answer) throw new Error(`${child.name}, ${attack}: ${answer.error}`);
    this.#known.set(key, answer);
    writeFileSync(`${this.#path}.new`, JSON.stringify(Object.fromEntries(this.#known), null, 1));
    renameSync(`${this.#path}.new`, this.#path);
    return answer;
  }
}
