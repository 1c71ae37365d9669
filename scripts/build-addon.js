// Builds the native engine with the node-gyp that npm brings, against the headers beside the running Node where they are
// there (else node-gyp fetches them). `npm ci` runs it; by hand: `npm run install`, or this file with options for node-gyp.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const native = fileURLToPath(new URL("../native", import.meta.url));
const prefix = dirname(dirname(process.execPath));

/** npm names its node-gyp to the scripts that it runs; by hand it is looked up beside the running Node. */
function findNodeGyp() {
  const beside = join("node_modules", "npm", "node_modules", "node-gyp", "bin", "node-gyp.js");
  const places = [
    process.env.npm_config_node_gyp,
    join(prefix, "lib", beside),
    join(dirname(process.execPath), beside),
  ];
  return places.find((place) => place !== undefined && existsSync(place));
}

const nodeGyp = findNodeGyp();
if (nodeGyp === undefined) {
  console.error("build-addon: found no node-gyp; run it by npm: npm run install");
  process.exitCode = 1;
} else {
  const headers = existsSync(join(prefix, "include", "node", "node_api.h")) ? [`--nodedir=${prefix}`] : [];
  const options = ["rebuild", "-C", native, ...headers, "-j", "max", ...process.argv.slice(2)];
  const build = spawnSync(process.execPath, [nodeGyp, ...options], { stdio: "inherit" });
  process.exitCode = build.status ?? 1;
}
