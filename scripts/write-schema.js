// Writes schema/records.json from the one definition of the records (run after a build: `npm run schema`).
import { writeFileSync } from "node:fs";
import { formatRecordsSchema } from "../dist/src/records/schema.js";

writeFileSync(new URL("../schema/records.json", import.meta.url), formatRecordsSchema());
