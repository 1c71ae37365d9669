/** What the Dockerfiles take for granted. No image is built here. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "./support/case-runner.js";

for (const name of ["Dockerfile", "Dockerfile.cuda"]) {
  const text = readFileSync(join(ROOT, name), "utf8");

  test(`${name} is based on a Node that the commands run on`, () => {
    const versions = [...text.matchAll(/^FROM node:(\d+)-/gm)].map(([, version]) => Number(version));
    assert.ok(versions.length > 1);
    assert.ok(versions.every((version) => version > 20 && version < 23));
  });

  test(`${name} copies and runs what is there`, () => {
    const copied = [...text.matchAll(/^COPY (?!--from)(.+) \.\/?$/gm)].flatMap(([, files = ""]) => files.split(" "));
    const scripts = [...text.matchAll(/sparse-robust\/(scripts\/[\w.-]+)/g)].map(([, script = ""]) => script);
    assert.ok(scripts.includes("scripts/build-addon.js"));
    assert.deepEqual(
      [...copied, ...scripts].filter((file) => !existsSync(join(ROOT, file))),
      [],
    );
  });
}

test("the images leave out what a checkout has besides its sources, and nothing that the package is made of", () => {
  const ignored = readFileSync(join(ROOT, ".dockerignore"), "utf8").split("\n").filter(Boolean);
  const { files } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  assert.ok(ignored.includes("**/node_modules") && ignored.includes("native/build"));
  for (const kept of ["src", "test", "tsconfig.json", ...files.filter((file: string) => !file.startsWith("dist"))])
    assert.ok(!ignored.includes(kept), kept);
});
