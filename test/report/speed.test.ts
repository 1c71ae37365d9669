import assert from "node:assert/strict";
import { test } from "node:test";
import { findBaselines } from "../../src/report/baseline.js";
import { compareNetworks } from "../../src/report/compare-networks.js";
import { layoutTable } from "../../src/report/layouts.js";
import { markdown } from "../../src/report/markdown.js";
import { collect, resultOf } from "./report-streams.js";

test("1,000 results of 10,000 samples, with all tests, take less than 3 seconds of processor time and 500 MB", () => {
  const attacks = ["clean", "fgsm", "pgd50", "bb", "aa"];
  const records = Array.from({ length: 200 }, (_, network) =>
    attacks.map((attack, i) => {
      const flags = Array.from({ length: 10_000 }, (_, s) =>
        (s * 7919 + network * 104_729) % 1000 < 800 - 100 * i ? 1 : 0,
      );
      const digest = String(network).padStart(64, "0");
      return resultOf({ method: network === 0 ? "base" : `network ${network}`, attack, flags, digest });
    }),
  ).flat();
  const before = process.cpuUsage();
  const collected = collect(records);
  const comparison = compareNetworks(collected, { baselines: findBaselines("base", false, collected.networks) });
  const text = markdown(
    layoutTable("networks", comparison, { names: null, digits: null, sortBy: null }),
    comparison.remarks,
  );
  const { user, system } = process.cpuUsage(before);
  assert.equal(comparison.rows.flatMap(({ cells }) => cells).filter((cell) => cell?.difference).length, 995);
  assert.ok(text.length > 0);
  assert.ok((user + system) / 1e6 < 3, `${(user + system) / 1e6} seconds`);
  assert.ok(process.memoryUsage().rss < 500e6, `${process.memoryUsage().rss} bytes`);
});
