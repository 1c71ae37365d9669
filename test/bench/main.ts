/** `npm run bench`: attacks beside the public attack libraries with `--peer autoattack`, else all that bench.ts measures. */
import { UsageError } from "../../src/core/errors.js";
import { BENCH_FLAGS } from "./bench-flags.js";
import { flagsHelp } from "./flags.js";

const given = process.argv.slice(2);
try {
  if (given.includes("--help") || given.includes("-h")) process.stdout.write(await help());
  else if (isOfAttacks()) await (await import("./attack-peer.js")).compareAttacks(given);
  else await import("./bench.js");
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`bench: ${error.message}; npm run bench -- --help\n`);
  // Peers may be running already.
  process.exit(2);
}

function isOfAttacks(): boolean {
  return given.includes("--peer=autoattack") || given[given.indexOf("--peer") + 1] === "autoattack";
}

async function help(): Promise<string> {
  const { ATTACK_FLAGS } = await import("./attack-peer.js");
  return `npm run bench -- [FLAG VALUE...] > bench.ndjson

How fast the program is on this machine. Tables go to standard error, one benchmark record a line to standard output.

${flagsHelp(BENCH_FLAGS)}
npm run bench -- --peer autoattack [FLAG VALUE...] > attacks.ndjson

AutoAttack and the Brendel & Bethge attack on VGG-16, beside the public libraries' on the same weights and images.

${flagsHelp(ATTACK_FLAGS)}
What the columns mean and how to read them: docs/performance.md
`;
}
