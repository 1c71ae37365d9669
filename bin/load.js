// Apart from run.js: a Node too old for import() must not read it.
const { pathToFileURL } = require("node:url");

module.exports = (program, name) => {
  import(pathToFileURL(program).href)
    .then(({ main }) => main(name))
    .catch((error) => {
      console.error(`${name}: the program does not load: ${error.message}`);
      process.exitCode = 3;
    });
};
