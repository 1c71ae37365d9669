// Builds the native engine with the node-gyp that npm brings, against the headers beside the running Node where they are
// there (else node-gyp fetches them). `npm ci` runs it; by hand: `npm run install`.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const native = fileURLToPath(new URL("../native", import.meta.url));
const prefix = dirname(dirname(process.execPath));
const headers = existsSync(join(prefix, "include", "node", "node_api.h")) ? [`--nodedir=${prefix}`] : [];
const jobs = ["-j", "max"];
const build = spawnSync("node-gyp", ["rebuild", "-C", native, ...headers, ...jobs, ...process.argv.slice(2)], {
  stdio: "inherit",
  shell: process.platform === "win32",
});
if (build.error) {
  console.error(`build-addon: cannot run node-gyp (${build.error.message}); run it by npm: npm run install`);
}
process.exitCode = build.status ?? 1;
