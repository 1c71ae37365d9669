#!/usr/bin/env node
require("./run.js")("prune-hydra");
