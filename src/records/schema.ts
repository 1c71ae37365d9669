/** The records' JSON Schema (draft 2020-12), for programs in other languages: published as `schema/records.json`. */
import { z } from "zod";
import { recordSchema } from "./events.js";

/** The published file's text. */
export function formatRecordsSchema(): string {
  return `${JSON.stringify(recordsJsonSchema(), null, 2)}\n`;
}

/** Of a line as it stands in a stream, with names for the numbers that JSON lacks. */
function recordsJsonSchema(): Readonly<Record<string, unknown>> {
  const { $schema, ...schema } = z.toJSONSchema(recordSchema, { io: "input" });
  return { $schema, title: "A record of sparse-robust: one line of its streams", ...schema };
}
