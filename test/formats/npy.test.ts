import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { numbersOf } from "../../src/formats/elements.js";
import { readNpy } from "../../src/formats/npy.js";
import { damaged, requireCalm } from "../support/damage.js";
import { npyFile } from "../support/npy-file.js";
import { refused } from "../support/refused.js";
import { temporaryFolder } from "../support/temporary-folder.js";

/** Bytes 0, 11, … 253 of shape [2, 2, 2, 3], by NumPy 2.4. */
const byNumpy = Buffer.from(
  "k05VTVBZAQB2AHsnZGVzY3InOiAnfHUxJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDIsIDIsIDMpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoACxYhLDdCTVhjbnmEj5qlsLvG0dzn8v0=",
  "base64",
);
const six = Uint8Array.of(1, 2, 3, 4, 5, 6);

test("reads what NumPy wrote", async (t) => {
  const { shape, bytes } = await readNpy(written(t, byNumpy), () => {});
  assert.deepEqual([shape, [...bytes]], [[2, 2, 2, 3], Array.from({ length: 24 }, (_, i) => 11 * i)]);
});

test("reads all versions, types and orders", async (t) => {
  for (const version of [1, 2, 3]) {
    const { shape, bytes } = await readNpy(written(t, npyFile({ shape: [2, 3], bytes: six, version })), () => {});
    assert.deepEqual([shape, [...bytes]], [[2, 3], [...six]]);
  }
  const turned = npyFile({ shape: [2, 3], bytes: Uint8Array.of(1, 4, 2, 5, 3, 6), isFortran: true });
  assert.deepEqual([...(await readNpy(written(t, turned), () => {})).bytes], [...six]);
  const floats = npyFile({ shape: [2], descr: "<f4", bytes: new Uint8Array(Float32Array.of(0.5, -2).buffer) });
  const { bytes, type } = await readNpy(written(t, floats), () => {});
  assert.deepEqual([...numbersOf(bytes, type)], [0.5, -2]);
  assert.deepEqual((await readNpy(written(t, npyFile({ shape: [], bytes: six.subarray(0, 1) })), () => {})).shape, []);
});

const cases: readonly [string, Buffer, RegExp][] = [
  ["another format", Buffer.from("hello, hello"), /begins with "68656c6c6f2c2068"; expected an \.npy file/],
  ["a cut header", byNumpy.subarray(0, 60), /says that its header has 118 bytes/],
  [
    "a header that is too long",
    npyFile({ shape: [6], bytes: six, version: 2, headerBytes: 2 ** 31 }),
    /has 2147483648 bytes/,
  ],
  ["too few elements", byNumpy.subarray(0, 150), /has 150 bytes; an array \[2, 2, 2, 3\] in it takes 152/],
  ["too many elements", Buffer.concat([byNumpy, six]), /has 158 bytes; .* takes 152/],
  ["a size beyond every file", npyFile({ shape: [1e15, 1e15], bytes: six }), /takes 1e\+30/],
  ["a negative size", npyFile({ shape: [-1], bytes: six }), /has the header .*; expected fortran_order and shape/],
  ["objects", npyFile({ shape: [6], descr: "|O", bytes: six }), /has elements of type \|O; expected plain numbers/],
  ["records", npyFile({ shape: [6], descr: "|V3", bytes: six }), /has elements of type \|V3/],
  [
    "numbers in Fortran order",
    npyFile({ shape: [1, 3], descr: "<i2", bytes: six, isFortran: true }),
    /lies in Fortran order/,
  ],
];

for (const [what, bytes, message] of cases) {
  test(`${what} is refused`, async (t) => {
    const path = written(t, bytes);
    await refused(
      readNpy(path, () => {}),
      message,
    );
    await requireCalm(() => readNpy(path, () => {}), path);
  });
}

test("damage of any kind is an error with the file's name, or goes unnoticed in the data", async (t) => {
  for (const bytes of damaged(byNumpy, 100)) {
    const path = written(t, bytes);
    await requireCalm(() => readNpy(path, () => {}), path);
  }
});

const folders = new WeakMap<TestContext, string>();

function written(t: TestContext, bytes: Uint8Array): string {
  const folder = folders.get(t) ?? temporaryFolder(t);
  folders.set(t, folder);
  const path = join(folder, "a.npy");
  writeFileSync(path, bytes);
  return path;
}
