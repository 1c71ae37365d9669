/** The repository says nothing about the machines it was written on. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PLACES = [
  "bin",
  "configs",
  "data",
  "docs",
  "native",
  "schema",
  "scripts",
  "src",
  "test",
  ".ci",
  ".npmrc",
  "README.md",
  "package.json",
];
const IGNORED = ["build", "node_modules"];
const BINARY = /\.(gz|png|npy|node|safetensors)$/;

/** Absolute paths of someone's home or workplace, and the hosts that packages come from (npm and pip know theirs). */
const FORBIDDEN = [
  /(?<![\w.])\/(home|root|Users|work|workspace)\/[\w.]/,
  /[A-Z]:\\Users\\/,
  /\bregistry\.npmjs\.org\b/,
  /\bregistry\.yarnpkg\.com\b/,
  /\b(files\.pythonhosted|pypi)\.org\b/,
  /\bhttps?:\/\/(localhost|127\.0\.0\.1|10\.\d+\.\d+\.\d+|192\.168\.\d+\.\d+)\b/,
];

test("no file holds a machine's path or a package registry's host", () => {
  const files = PLACES.map((place) => join(ROOT, place)).flatMap(filesBelow);
  assert.ok(files.length > 0);
  assert.deepEqual(files.filter((file) => !file.endsWith("no-machine-names.test.ts")).flatMap(offences), []);
});

test("the lock file names no registry", () => {
  assert.deepEqual(offences(join(ROOT, "package-lock.json")), []);
});

test("the patterns find what they are for", () => {
  for (const text of [
    "cd /home/ann/x",
    '"/root/.cache"',
    "C:\\Users\\ann",
    ["https://registry", "npmjs.org/x"].join("."),
    "http://127.0.0.1:80",
  ]) {
    assert.ok(
      FORBIDDEN.some((pattern) => pattern.test(text)),
      text,
    );
  }
  for (const text of ["../shared/data", "src/root/x", "a network/home/b", "https://github.com/x"]) {
    assert.ok(!FORBIDDEN.some((pattern) => pattern.test(text)), text);
  }
});

function filesBelow(path: string): string[] {
  if (!existsSync(path) || IGNORED.includes(basename(path))) return [];
  if (statSync(path).isFile()) return BINARY.test(path) ? [] : [path];
  return readdirSync(path).flatMap((name) => filesBelow(join(path, name)));
}

function offences(file: string): string[] {
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.flatMap((line, i) =>
    FORBIDDEN.some((pattern) => pattern.test(line)) ? [`${file}:${i + 1}: ${line.trim()}`] : [],
  );
}
