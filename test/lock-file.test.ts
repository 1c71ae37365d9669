/** The lock file names every package that an install on any platform asks for; `npm ci` refuses one that does not. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { z } from "zod";

const lockFile = z.object({
  packages: z.record(
    z.string(),
    z.object({
      dependencies: z.record(z.string(), z.string()).optional(),
      optionalDependencies: z.record(z.string(), z.string()).optional(),
    }),
  ),
});

const { packages } = lockFile.parse(
  JSON.parse(readFileSync(new URL("../../package-lock.json", import.meta.url), "utf8")),
);

test("every dependency in the lock file, optional ones of other platforms too, has its entry", () => {
  const missing = Object.entries(packages).flatMap(([path, { dependencies, optionalDependencies }]) =>
    Object.keys({ ...dependencies, ...optionalDependencies })
      .filter((name) => !isInstalledFor(path, name))
      .map((name) => `${name} of ${path || "the package"}`),
  );
  assert.deepEqual(missing, []);
});

/** A dependency is looked up beside its package and then in each folder above. */
function isInstalledFor(path: string, name: string): boolean {
  if (`${path === "" ? "" : `${path}/`}node_modules/${name}` in packages) return true;
  if (path === "") return false;
  const above = path.lastIndexOf("/node_modules/");
  return isInstalledFor(above < 0 ? "" : path.slice(0, above), name);
}
