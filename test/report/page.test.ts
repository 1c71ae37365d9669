/** The page: self-contained, and in a browser (Chromium, where it is installed) accessible and narrow enough for a phone. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { findBaselines } from "../../src/report/baseline.js";
import { compareNetworks } from "../../src/report/compare-networks.js";
import { layoutTable } from "../../src/report/layouts.js";
import { page } from "../../src/report/page.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { collect, resultOf, standing, trainingRun } from "./report-streams.js";

const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

function made(): string {
  const collected = collect([
    ...["ours", "<b>&base"].map((method) => resultOf({ method, flags: standing(50, 0.5) })),
    ...["ours", "<b>&base"].map((method) => resultOf({ method, attack: "clean", flags: standing(50, 0.8) })),
    ...trainingRun("train-1", 4),
  ]);
  const comparison = compareNetworks(collected, { baselines: findBaselines("<b>&base", false, collected.networks) });
  const table = layoutTable("poster", comparison, { names: null, digits: null, sortBy: null });
  const pictures = [{ caption: "ours, FGSM", source: `data:image/png;base64,${PIXEL}` }];
  return page({ table, notes: ["A note."], comparison, collected, pictures });
}

test("the page fetches nothing, runs nothing and escapes names", () => {
  const html = made();
  assert.doesNotMatch(html, /<script|<link|@import|<b>&base/);
  assert.doesNotMatch(html.replaceAll("http://www.w3.org/2000/svg", ""), /https?:|url\(/);
  for (const part of ["ours", "&#60;b&#62;&#38;base", "native, 2 threads", "a processor", "randomStart", "A note."]) {
    assert.ok(html.includes(part), part);
  }
});

const CHROMIUM = ["chromium", "chromium-browser", "google-chrome"].find(
  (name) => spawnSync(name, ["--version"]).status === 0,
);

test("axe finds nothing to object to, and nothing is wider than a phone", {
  skip: CHROMIUM === undefined ? "Chromium is not installed" : false,
}, (t) => {
  const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  // In a frame of a phone's width, since a window of a headless browser has a least width. The policy would keep axe out.
  const html = made().replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, "");
  const report = `<script>${axe}</script><script>addEventListener("load", () => axe.run().then(({ violations }) => {
    const width = document.documentElement.scrollWidth;
    parent.postMessage({ violations: violations.map(({ id, nodes }) => id + ": " + nodes[0].html), width }, "*");
  }, (error) => parent.postMessage({ violations: [String(error)], width: 0 }, "*")));
  addEventListener("error", (event) => parent.postMessage({ violations: ["script error " + event.message], width: 0 }, "*"));</script>`;
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "page.html"), html.replace("</body>", `${report}</body>`));
  const frame = `<!doctype html><iframe src="page.html" width="360" height="800"></iframe><pre id="found"></pre>
    <script>addEventListener("message", ({ data }) => { found.textContent = JSON.stringify(data); });</script>`;
  writeFileSync(join(folder, "frame.html"), frame);
  const flags = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--allow-file-access-from-files",
    "--virtual-time-budget=20000",
  ];
  const run = spawnSync(CHROMIUM ?? "", [...flags, "--dump-dom", `file://${folder}/frame.html`], { encoding: "utf8" });
  const text =
    /<pre id="found">(.*?)<\/pre>/s
      .exec(run.stdout)?.[1]
      ?.replaceAll("&lt;", "<")
      .replaceAll("&gt;", ">")
      .replaceAll("&amp;", "&") ?? "";
  const { violations, width }: { violations: string[]; width: number } = JSON.parse(text);
  assert.deepEqual(violations, []);
  assert.ok(width > 0 && width <= 360, `${width} pixels wide`);
});
