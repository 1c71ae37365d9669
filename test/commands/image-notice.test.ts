import assert from "node:assert/strict";
import { test } from "node:test";
import { reportNotice } from "../../src/commands/image-notice.js";
import { Recorder } from "../../src/commands/recorder.js";
import { loadImages } from "../../src/data/catalog.js";
import { assertRecord } from "../support/record-schema.js";

test("images that are not the published ones are a notice of the stream, others nothing", async () => {
  const records: Readonly<Record<string, unknown>>[] = [];
  const context = { emit: (record: object) => records.push({ ...record }), now: () => new Date() };
  const recorder = new Recorder({ run: "r1", context });
  const images = await loadImages({ name: "sample", directory: null, split: "test", limit: 1 });
  const notes: string[] = [];
  const note = (text: string) => notes.push(text);
  reportNotice(images, recorder, note);
  assert.deepEqual([records.length, notes.length], [0, 0]);
  reportNotice({ ...images, notice: "these are others" }, recorder, note);
  assert.deepEqual(notes, ["these are others"]);
  const expected = { type: "notice", level: "warning", code: "other-images", message: "these are others" };
  assert.deepEqual(
    records.map(({ run, time, ...fields }) => fields),
    [expected],
  );
  for (const record of records) assertRecord(record);
});
