// Loads the compiled program and runs one of its commands; without it, says in one line what is missing.
import { existsSync } from "node:fs";

const program = new URL("../dist/src/cli/main.js", import.meta.url);

export async function run(name) {
  if (existsSync(program)) {
    const { main } = await import(program.href);
    await main(name);
  } else {
    console.error(`${name}: the package is not built: npm run build`);
    process.exitCode = 3;
  }
}
