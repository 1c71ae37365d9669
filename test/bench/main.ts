/** `npm run bench`: attacks beside the public attack libraries with `--peer autoattack`, else all that bench.ts measures. */
const given = process.argv.slice(2);
const isOfAttacks = given.includes("--peer=autoattack") || given[given.indexOf("--peer") + 1] === "autoattack";
if (isOfAttacks) await (await import("./attack-peer.js")).compareAttacks(given);
else await import("./bench.js");

export {};
