import assert from "node:assert/strict";
import { test } from "node:test";
import { networkText } from "../../src/commands/show-network.js";
import { readNetworkFile, writeNetworkFile } from "../../src/models/network-file.js";
import { attackFolder } from "../support/attack-calls.js";

test("what a file from elsewhere does not say is left out, and what has a name is shown by it", async (context) => {
  const at = await attackFolder(context);
  const { network } = await readNetworkFile(at("toy.safetensors"));
  const path = at("imported.safetensors");
  const data = { name: "./own", classes: ["cat", "dog"] };
  await writeNetworkFile(path, network, { model: { name: "imported" }, data, parent: null });
  const [facts = ""] = networkText(path, await readNetworkFile(path)).split("\n\n");
  const lines = facts.split("\n").map((line) => line.split(/ +/, 2));
  const names = lines.map(([name]) => name);
  assert.deepEqual(names.slice(0, 5), ["model", "data", "path", "sha256", "bytes"]);
  assert.match(facts, /^model +imported\ndata +\.\/own \(classes cat, dog\)\n/);
  assert.doesNotMatch(facts, /undefined|null|[{}[\]]/);
});
