// Loads the compiled program and runs one of its commands; where that cannot be, says in one line what is missing. CommonJS
// without import(), so that a Node too old for anything else can say so too.
// biome-ignore-all lint/style/useNodejsImportProtocol: an old Node knows no "node:"
const { existsSync } = require("fs");
const { join } = require("path");

/** As `engines` of package.json. */
const FROM = [20, 19];
const BELOW = 23;

module.exports = (name) => {
  const program = join(__dirname, "..", "dist", "src", "cli", "main.js");
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < FROM[0] || (major === FROM[0] && minor < FROM[1]) || major >= BELOW) {
    fail(
      `${name}: this is Node ${process.versions.node}; sparse-robust runs on Node ${FROM.join(".")} or newer, below ${BELOW}`,
    );
  } else if (existsSync(program)) {
    require("./load.js")(program, name);
  } else {
    fail(`${name}: the package is not built: npm run build`);
  }
};

function fail(message) {
  console.error(message);
  process.exitCode = 3;
}
