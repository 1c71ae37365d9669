#!/usr/bin/env node
require("./run.js")("attack-eval");
