import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { loadSvhn, readSvhnFile } from "../../src/data/svhn.js";
import { compressed, type MatVariable, matFile, matVariable } from "../support/mat-file.js";
import { refused } from "../support/refused.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const SAMPLES = 3;

/** Column-major: rows run fastest, then columns, channels and images. */
const X: MatVariable = {
  name: "X",
  shape: [32, 32, 3, SAMPLES],
  bytes: Uint8Array.from({ length: SAMPLES * 3072 }, (_, i) =>
    pixel(Math.floor(i / 3072), i % 32, Math.floor(i / 32) % 32, Math.floor(i / 1024) % 3),
  ),
};
const y: MatVariable = { name: "y", shape: [SAMPLES, 1], kind: 6, bytes: Uint8Array.of(1, 10, 3) };

const forms: readonly [string, Buffer][] = [
  ["plain, labels in their tag", matFile(matVariable(X), matVariable(y))],
  ["compressed", matFile(compressed(matVariable(X)), compressed(matVariable(y)))],
  ["labels first, as doubles", matFile(matVariable({ ...y, type: 9, bytes: doubles(1, 10, 3) }), matVariable(X))],
];

for (const [what, file] of forms) {
  test(`${what}: pixels and labels are those of the file, 10 being the digit 0`, async (t) => {
    const set = await read(t, file);
    assert.deepEqual([...set.labels], [1, 0, 3]);
    assert.deepEqual([set.height, set.width, set.channels, set.classes.length], [32, 32, 3, 10]);
    for (const [image, row, column, channel] of [[0, 0, 0, 0] as const, [1, 2, 5, 1] as const, [2, 31, 30, 2] as const])
      assert.equal(set.pixels[((image * 32 + row) * 32 + column) * 3 + channel], pixel(image, row, column, channel));
  });
}

const cases: readonly [string, Buffer, RegExp][] = [
  [
    "label 200",
    matFile(matVariable(X), matVariable({ ...y, bytes: Uint8Array.of(1, 200, 3) })),
    /variable y: image 1 has the label 200; labels run from 1 to 10/,
  ],
  ["label 0", matFile(matVariable(X), matVariable({ ...y, bytes: Uint8Array.of(0, 2, 3) })), /image 0 has the label 0/],
  [
    "label 1.5",
    matFile(matVariable(X), matVariable({ ...y, type: 9, bytes: doubles(1, 2, 1.5) })),
    /image 2 has the label 1\.5/,
  ],
  [
    "more labels than images",
    matFile(matVariable(X), matVariable({ ...y, shape: [4, 1], bytes: Uint8Array.of(1, 2, 3, 4) })),
    /variable y, has the shape \[4, 1\]; expected \[3, 1\]/,
  ],
  [
    "pixels that are no bytes",
    matFile(matVariable({ ...X, type: 1 }), matVariable(y)),
    /variable X: its elements are no unsigned bytes/,
  ],
  ["no labels", matFile(matVariable(X)), /holds no variable y; expected X and y/],
];

for (const [what, file, message] of cases) {
  test(`${what} is refused`, (t) => refused(read(t, file), message));
}

test("the published counts are required, and a missing file says what to fetch", async (t) => {
  const folder = temporaryFolder(t);
  await refused(
    loadSvhn({ directory: folder, split: "test" }),
    /fetch-data\.sh svhn .*Looked for test_32x32\.mat in .*fetch test_32x32\.mat, format 2/,
  );
  writeFileSync(join(folder, "test_32x32.mat"), matFile(matVariable(X), matVariable(y)));
  await refused(
    loadSvhn({ directory: folder, split: "test" }),
    /variable X, has the shape \[32, 32, 3, 3\]; expected \[32, 32, 3, 26032\]/,
  );
});

function read(t: TestContext, file: Buffer) {
  const path = join(temporaryFolder(t), "test_32x32.mat");
  writeFileSync(path, file);
  return readSvhnFile({ path, split: "test", samples: SAMPLES });
}

function pixel(image: number, row: number, column: number, channel: number): number {
  return (97 * image + 7 * row + 3 * column + 61 * channel) & 255;
}

function doubles(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Float64Array.from(values).buffer);
}
