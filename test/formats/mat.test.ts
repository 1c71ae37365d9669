import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { inflateSync } from "node:zlib";
import { numbersOf } from "../../src/formats/elements.js";
import { readMat } from "../../src/formats/mat.js";
import { damaged, requireCalm } from "../support/damage.js";
import { compressed, element, matFile, matVariable } from "../support/mat-file.js";
import { refused } from "../support/refused.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const X = { name: "X", shape: [2, 3, 2], bytes: Uint8Array.from({ length: 12 }, (_, i) => 20 * i) };
const y = { name: "y", shape: [3, 1], kind: 6, bytes: Uint8Array.of(1, 10, 3) };
const wanted = new Map([
  ["X", X.shape],
  ["y", y.shape],
]);

/** What SciPy 1.17 wrote for a text, [3, 2, 2] bytes (0, 80, 160, … in memory order) and the doubles 1 and 10; from byte 124 on, deflated. */
const scipy = [
  "eNpjYPT05WNgYDAAYjYg5gBiFgYIYIXyGaFijEAyL78kVQBIl6RWlID0eSDp40TSxwPEzEDMBMUMYP2MDBFQPkieIWCBRsUJkZQtNj13QFyQeQ5I5rGhuYMJ6haQOZVQ+wQYYOCDPYRWcQAATj0NPA==",
  "eNpjYPT05WdgYNAC4oo5j5MTEgwYkswUnjEkibFxJLR+klyY1ONgpL9fJZTBY/qSsCkMDJqhzN9BOizgOj5AdfgBdbAmySmksSWpabAxuin0NHxy/MTDyG2i5dexJGfjy53Mj5gYEjaxiYH068L1F4D1N1xSOMD11JjRUFnC2CiEKdNPQSyhoZH/m0DUUUYGi1imWQA9pDJA",
];

test("reads what SciPy wrote, plain and compressed", async (t) => {
  for (const text of scipy) {
    const path = written(t, Buffer.concat([Buffer.alloc(124), inflateSync(Buffer.from(text, "base64"))]));
    const found = await readMat(
      path,
      new Map([
        ["X", [3, 2, 2]],
        ["y", [2, 1]],
      ]),
    );
    assert.deepEqual([...(found.get("X")?.bytes ?? [])], [0, 80, 160, 40, 120, 200, 20, 100, 180, 60, 140, 220]);
    const doubles = found.get("y");
    assert.ok(doubles?.type.kind === "f");
    assert.deepEqual([...numbersOf(doubles.bytes, doubles.type)], [1, 10]);
  }
});

test("gives the same for plain and compressed variables, and for elements that lie in their tag", async (t) => {
  const files = [
    matFile(matVariable(X), matVariable(y)),
    matFile(compressed(matVariable(X)), compressed(matVariable(y))),
    matFile(
      matVariable({ ...y, name: "other" }),
      compressed(matVariable(y)),
      element(99, Buffer.alloc(8)),
      matVariable(X),
    ),
  ];
  for (const file of files) {
    const found = await readMat(written(t, file), wanted);
    assert.deepEqual(found.get("X")?.bytes, X.bytes);
    assert.deepEqual(found.get("y")?.bytes, y.bytes);
    assert.deepEqual(found.get("y")?.shape, [3, 1]);
  }
});

test("each number type is told by the stored elements, not by the class", async (t) => {
  const doubles = new Uint8Array(Float64Array.of(1, 10, 3).buffer);
  const found = await readMat(
    written(t, matFile(matVariable({ ...y, type: 9, bytes: doubles }))),
    new Map([["y", [3, 1]]]),
  );
  const { bytes, type } = found.get("y") ?? assert.fail("no y");
  assert.deepEqual([...numbersOf(bytes, type)], [1, 10, 3]);
});

const good = matVariable(X);
const cases: readonly [string, Buffer, RegExp][] = [
  ["another format", Buffer.alloc(200, "x"), /no MATLAB file of version 5: bytes 124 to 127 are "78787878"; expected/],
  ["big-endian numbers", bigEndian(), /bytes 124 to 127 are "01004d49"/],
  ["a cut header", matFile().subarray(0, 100), /cut: it ends at byte 100; expected at least 128 bytes/],
  [
    "a cut variable",
    matFile(good).subarray(0, 180),
    /cut: the element at byte 128 announces 72 bytes; expected at most 44/,
  ],
  ["no such variable", matFile(matVariable({ ...X, name: "Z" })), /holds no variable X; expected X/],
  [
    "another shape",
    matFile(matVariable({ ...X, shape: [2, 2, 3] })),
    /variable X, has the shape \[2, 2, 3\]; expected \[2, 3, 2\]/,
  ],
  ["a negative size", matFile(matVariable({ ...X, shape: [2, -3, 2] })), /has the shape \[2, -3, 2\]/],
  [
    "too few elements",
    matFile(matVariable({ ...X, bytes: X.bytes.subarray(1) })),
    /has 11 bytes of elements; its shape takes 12/,
  ],
  ["text", matFile(matVariable({ ...X, kind: 4 })), /variable X, is of class 4; expected real numbers/],
  ["complex numbers", matFile(matVariable({ ...X, kind: 0x0809 })), /is of class 9, complex; expected real numbers/],
  ["elements of no number type", matFile(matVariable({ ...X, type: 16 })), /has elements of type 16; expected numbers/],
  ["a variable twice", matFile(good, good), /byte 208, variable X, comes a second time/],
  [
    "an element too long inside",
    matFile(element(14, good.subarray(8, 40))),
    /byte 128 ends too early; expected a whole variable/,
  ],
  [
    "a long name",
    matFile(matVariable({ ...X, name: "n".repeat(65) })),
    /its name: 65 bytes of type 1; expected at most 64/,
  ],
  [
    "something compressed that is no variable",
    matFile(compressed(element(15, X.bytes))),
    /holds data of type 15; expected 14/,
  ],
  ["a damaged checksum", flipped(matFile(compressed(good)), -1), /byte 128 is damaged: incorrect data check/],
  ["data that is not deflated", matFile(element(15, Buffer.alloc(64, 7))), /byte 128 is damaged: /],
  [
    "a compressed variable that ends early",
    matFile(element(15, compressed(good).subarray(8, 40))),
    /byte 128 (ends too early|is damaged)/,
  ],
  [
    "bytes behind a compressed variable",
    matFile(compressed(good, Buffer.alloc(8))),
    /variable X, goes on behind its elements/,
  ],
];

for (const [what, bytes, message] of cases) {
  test(`${what} is refused`, async (t) => {
    const path = written(t, bytes);
    await refused(readMat(path, new Map([["X", X.shape]])), message);
    await requireCalm(() => readMat(path, new Map([["X", X.shape]])), path);
  });
}

test("a compressed variable that goes on for 128 megabytes is refused without holding it", async (t) => {
  const path = written(t, matFile(compressed(good, Buffer.alloc(2 ** 27))));
  const before = process.memoryUsage.rss();
  await refused(readMat(path, new Map([["X", X.shape]])), /goes on behind its elements/);
  assert.ok(process.memoryUsage.rss() - before < 2 ** 26);
});

test("damage of any kind is an error with the file's name, or goes unnoticed in pixels", async (t) => {
  for (const file of [matFile(good, matVariable(y)), matFile(compressed(good), compressed(matVariable(y)))]) {
    for (const bytes of damaged(file, 60)) {
      const path = written(t, bytes);
      await requireCalm(() => readMat(path, wanted), path);
    }
  }
});

function bigEndian(): Buffer {
  const file = matFile();
  file.write("\x01\x00MI", 124, "latin1");
  return file;
}

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  const place = copy.length + at;
  copy[place] = (copy[place] ?? 0) ^ 1;
  return copy;
}

const folders = new WeakMap<TestContext, string>();

function written(t: TestContext, bytes: Uint8Array): string {
  const folder = folders.get(t) ?? temporaryFolder(t);
  folders.set(t, folder);
  const path = join(folder, "a.mat");
  writeFileSync(path, bytes);
  return path;
}
