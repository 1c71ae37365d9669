// Writes the option tables of docs/options.md from the commands' declarations (run after a build: `npm run options`).
import { readFileSync, writeFileSync } from "node:fs";
import { withOptionTables } from "../dist/src/cli/option-table.js";

const page = new URL("../docs/options.md", import.meta.url);
writeFileSync(page, await withOptionTables(readFileSync(page, "utf8")));
