import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { withOptionTables } from "../../src/cli/option-table.js";

const PAGE = new URL("../../../docs/options.md", import.meta.url);

test("the option tables in the documents are those of the commands (npm run options writes them)", async () => {
  const text = readFileSync(PAGE, "utf8");
  assert.equal(await withOptionTables(text), text);
  for (const command of ["sparse-train", "attack-eval", "prune-hydra", "compare"]) {
    assert.match(text, new RegExp(`<!-- options of ${command} -->\\n\\n\\| option `));
  }
});

test("a marker that names no command is an error", async () => {
  await assert.rejects(withOptionTables("<!-- options of compair -->\n<!-- end of options -->"), /the commands are/);
});
