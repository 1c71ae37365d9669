// Writes the README's option tables from the commands' declarations (run after a build: `npm run options`).
import { readFileSync, writeFileSync } from "node:fs";
import { withOptionTables } from "../dist/src/cli/option-table.js";

const readme = new URL("../README.md", import.meta.url);
writeFileSync(readme, await withOptionTables(readFileSync(readme, "utf8")));
