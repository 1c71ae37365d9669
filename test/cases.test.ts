/**
 * The commands as processes: each folder below test/cases/COMMAND/ holds a shell line (`cmd`) and what it must give (`stdout`,
 * `stderr`, `code`). After a wanted change SPARSE_ROBUST_UPDATE_CASES=1 writes the expectations anew, for review.
 */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { writeCheckpoints } from "./support/case-checkpoints.js";
import { type CaseResult, commandFolder, ROOT, runCase, updateCase } from "./support/case-runner.js";
import { writeStreams } from "./support/case-streams.js";
import { assertRecord } from "./support/record-schema.js";

const CASES = join(ROOT, "test", "cases");
const isUpdating = process.env.SPARSE_ROBUST_UPDATE_CASES !== undefined;

describe("cases", { concurrency: 2 }, () => {
  const place = mkdtempSync(join(tmpdir(), "sparse-robust-cases-"));
  const fixtures = join(place, "fixtures");
  const bin = commandFolder(place);

  before(async () => {
    mkdirSync(fixtures);
    writeStreams(fixtures, await writeCheckpoints(fixtures));
  });
  after(() => rmSync(place, { recursive: true, force: true }));

  for (const command of readdirSync(CASES)) {
    for (const name of readdirSync(join(CASES, command))) {
      const folder = join(CASES, command, name);
      test(`${command}: ${name.replaceAll("-", " ")}`, async () => {
        const result = await runCase({ folder, fixtures, bin });
        checkAlways(result);
        if (isUpdating) updateCase(folder, result);
        assert.deepEqual(result, expectation(folder));
      });
    }
  }
});

/** What holds for every case: records are records, and nobody sees a stack. */
function checkAlways({ stdout, stderr }: CaseResult): void {
  const records = stdout.split("\n").filter((line) => line.startsWith('{"'));
  for (const line of records) assertRecord(JSON.parse(line));
  assert.doesNotMatch(stderr, /^\s+at /m, "a stack on stderr");
  assert.doesNotMatch(stderr, /internal error/);
}

function expectation(folder: string): CaseResult {
  const read = (file: string) => readFileSync(join(folder, file), "utf8");
  return { stdout: read("stdout"), stderr: read("stderr"), code: Number(read("code")) };
}
