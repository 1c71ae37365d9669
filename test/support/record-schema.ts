/** Checks records against the JSON Schema as it is published, not against the definition it was made from. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";

export const SCHEMA_FILE = new URL("../../../schema/records.json", import.meta.url);

// Formats are left out because the schema has a pattern beside each.
const validate = new Ajv2020({ validateFormats: false }).compile(JSON.parse(readFileSync(SCHEMA_FILE, "utf8")));

export function isRecord(json: unknown): boolean {
  return validate(json);
}

/** Fails with the schema's complaints unless `json`, a parsed line of a stream, is a record. */
export function assertRecord(json: unknown): void {
  assert.ok(validate(json), `${JSON.stringify(json)}: ${JSON.stringify(validate.errors?.slice(0, 5))}`);
}
