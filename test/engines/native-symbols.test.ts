import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const objects = fileURLToPath(new URL("../../../native/build/Release/obj.target/", import.meta.url));
const hasNm = spawnSync("nm", ["--version"]).error === undefined;

/** A function that two targets define under one name would be linked once: code of one processor running on another. */
for (const target of ["avx512", "avx2", "neon", "portable"]) {
  const library = `${objects}kernels_${target}.a`;
  const skip = hasNm && existsSync(library) ? false : `there is no nm, or no library of ${target} on this machine`;
  test(`every symbol that the ${target} kernels define bears the target's name`, { skip }, () => {
    const { stdout } = spawnSync("nm", ["--defined-only", "--extern-only", library], { encoding: "utf8" });
    const symbols = stdout.split("\n").flatMap((line) => line.match(/^[0-9a-f]+ \w (.+)$/)?.[1] ?? []);
    assert.ok(symbols.some((symbol) => symbol.includes(`kernels_${target}`)));
    assert.deepEqual(
      symbols.filter((symbol) => !symbol.includes(target)),
      [],
    );
  });
}
