#!/usr/bin/env node
require("./run.js")("sparse-robust");
