/** scripts/fetch-data.sh with a stand-in for curl that copies from a folder; digests are computed, or told by a stand-in. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../support/temporary-folder.js";

const SCRIPT = fileURLToPath(new URL("../../../scripts/fetch-data.sh", import.meta.url));

/** The last two words of a call of curl are the file to write and the address. */
const COPYING_CURL =
  '#!/bin/sh\nwhile [ $# -gt 2 ]; do shift; done\necho "$2" >>"$MIRROR/log"\nexec cp "$MIRROR/$(basename "$2")" "$1"\n';

test("every file is fetched once, under its digest, to where the commands look", (t) => {
  const { run, root, log } = stage(t, { files: ["train_32x32.mat", "test_32x32.mat"], isTrusted: true });
  const first = run("svhn");
  assert.equal(first.status, 0, first.stderr);
  assert.deepEqual(readdirSync(join(root, "svhn")).sort(), ["test_32x32.mat", "train_32x32.mat"]);
  assert.equal(readFileSync(join(root, "svhn", "test_32x32.mat"), "utf8"), "test_32x32.mat");
  assert.match(first.stderr, /train_32x32\.mat: fetched and right\n.*test_32x32\.mat: fetched and right\n/);
  const again = run("svhn");
  assert.equal(again.status, 0);
  assert.match(again.stderr, /train_32x32\.mat: there already/);
  assert.equal(log().length, 2, "the second run fetches nothing");
});

test("a file with another digest is refused with both, and not kept", (t) => {
  const { run, root } = stage(t, { files: ["cifar-10-binary.tar.gz"] });
  const { status, stderr } = run("cifar10");
  assert.equal(status, 2);
  assert.match(
    stderr,
    /cifar-10-binary\.tar\.gz: its MD5 is [0-9a-f]{32}, expected c32a1d4ab5d03f1284b67883e8d87530; nothing of it was kept/,
  );
  assert.deepEqual(readdirSync(root), []);
});

test("a file of one's own with another digest is left alone", (t) => {
  const { run, root, log } = stage(t, { files: [] });
  writeFileSync(join(root, "cifar-100-binary.tar.gz"), "mine");
  const { status, stderr } = run("cifar100");
  assert.equal(status, 2);
  assert.match(stderr, /its MD5 is .*, expected 03b5dce01913d631647c71ecec9e9cb8; move it away to fetch it anew/);
  assert.equal(readFileSync(join(root, "cifar-100-binary.tar.gz"), "utf8"), "mine");
  assert.deepEqual(log(), []);
});

test("what cannot be fetched is an error with its address", (t) => {
  const { run } = stage(t, { files: [], isTrusted: true });
  const { status, stderr } = run("fashion");
  assert.equal(status, 2);
  assert.match(stderr, /train-images-idx3-ubyte\.gz: could not be fetched/);
});

test("other names say what can be fetched", (t) => {
  const { run } = stage(t, { files: [] });
  for (const [name, message] of [
    [
      "imagenet",
      /'imagenet' is no data set that can be fetched; usage: fetch-data\.sh cifar10\|cifar100\|svhn\|fashion \[DIR\]/,
    ],
    ["", /'' is no data set/],
    ["sample", /comes with the package/],
    ["tiny-images", /no digest of it is known/],
  ] as const) {
    const { status, stderr } = run(name);
    assert.equal(status, 2);
    assert.match(stderr, message);
  }
});

interface Stage {
  /** That the mirror has; each holds its own name. */
  readonly files: readonly string[];
  /** Every digest is said to be what is expected. */
  readonly isTrusted?: boolean;
}

function stage(t: TestContext, { files, isTrusted = false }: Stage) {
  const folder = temporaryFolder(t);
  const [tools, mirror, root] = [join(folder, "tools"), join(folder, "mirror"), join(folder, "root")];
  for (const place of [tools, mirror, root]) mkdirSync(place);
  for (const file of files) writeFileSync(join(mirror, file), file);
  writeTool(join(tools, "curl"), COPYING_CURL);
  if (isTrusted) writeTool(join(tools, "md5sum"), trustingDigest());
  const env = { ...process.env, PATH: `${tools}:${process.env.PATH}`, MIRROR: mirror };
  return {
    root,
    run: (name: string) => spawnSync(SCRIPT, [name, root], { env, encoding: "utf8" }),
    log: () => (existsSync(join(mirror, "log")) ? readFileSync(join(mirror, "log"), "utf8").trim().split("\n") : []),
  };
}

/** Looks the digest up in the script, by the file's content, which is its name. */
function trustingDigest(): string {
  return `#!/bin/sh\nread -r name || true\ngrep -o "$name [0-9a-f]*" "${SCRIPT}" | cut -d ' ' -f 2\n`;
}

function writeTool(path: string, text: string): void {
  writeFileSync(path, text);
  chmodSync(path, 0o755);
}
