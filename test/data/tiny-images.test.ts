import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { readTinyImages } from "../../src/data/tiny-images.js";
import { PickleWriter, pickleForms } from "../support/pickle-file.js";
import { refused } from "../support/refused.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const pixels = Uint8Array.from({ length: 2 * 3072 }, (_, i) => (7 * i) & 255);
const targets = new Uint8Array(BigInt64Array.of(7n, 3n).buffer);

for (const form of pickleForms) {
  test(`protocol ${form}: pixels come as they lie, labels as classes`, async (t) => {
    const set = await readTinyImages(written(t, form, {}), 2);
    assert.deepEqual(set.pixels, pixels);
    assert.deepEqual([...set.labels], [7, 3]);
    assert.deepEqual([set.samples, set.height, set.width, set.channels, set.classes.length], [2, 32, 32, 3, 10]);
  });
}

test("other counts and labels are refused", async (t) => {
  await refused(readTinyImages(written(t, "3", {})), /extrapolated_targets has 2 labels; expected 500000/);
  const wrong = new Uint8Array(BigInt64Array.of(7n, 10n).buffer);
  await refused(
    readTinyImages(written(t, "3", { targets: wrong }), 2),
    /image 1 has the label 10; labels run from 0 to 9/,
  );
  await refused(
    readTinyImages(written(t, "3", { shape: [2, 3, 32, 32] }), 2),
    /data is \[2, 3, 32, 32\] of u1; expected \[2, 32, 32, 3\] of u1/,
  );
});

test("the authors' file of labels alone is refused for what it lacks", async (t) => {
  await refused(
    readTinyImages(written(t, "3", { hasData: false }), 2),
    /a\.pickle: data is nothing; expected an array/,
  );
});

test("a missing file is named", () =>
  refused(readTinyImages("nowhere.pickle"), /cannot read nowhere\.pickle: no such file/));

interface FileOptions {
  readonly shape?: readonly number[];
  readonly targets?: Uint8Array;
  readonly hasData?: boolean;
}

function written(t: TestContext, form: (typeof pickleForms)[number], options: FileOptions): string {
  const { shape = [2, 32, 32, 3], hasData = true } = options;
  const writer = new PickleWriter(form);
  const data = [writer.text("data"), writer.array({ shape, type: "u1", bytes: pixels })] as const;
  const labels = writer.array({ shape: [2], type: "i8", order: "<", bytes: options.targets ?? targets });
  const entries = [...(hasData ? [data] : []), [writer.text("extrapolated_targets"), labels] as const];
  const path = join(temporaryFolder(t), "a.pickle");
  writeFileSync(path, writer.file(writer.dict(entries)));
  return path;
}
