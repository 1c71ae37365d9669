import { test } from "node:test";
import { walkBoundary } from "../../src/attacks/brendel-bethge.js";
import { inferenceOf } from "../support/analytic-network.js";
import { assertClose } from "../support/assert-close.js";
import { batchOf, driven } from "../support/attack-batches.js";
import { smoothImages, smoothLabels, smoothNetwork } from "../support/golden-networks.js";

const smooth = { inference: inferenceOf(smoothNetwork), images: smoothImages, labels: smoothLabels };

/** All ones for the first image, all zeros for the others. */
const corners = {
  images: Float32Array.from({ length: 36 }, (_, i) => (i < 12 ? 1 : 0)),
  found: Uint8Array.of(1, 1, 1),
};

for (const [bbRefBatch, ...distances] of [
  [32, [10, 0.04022, 0.02206, 0.12775], [100, 0.04021, 0.02206, 0.12727], [1000, 0.04021, 0.02206, 0.12727]],
  [3, [10, 0.21334, 0.02612, 0.51796], [100, 0.04021, 0.02206, 0.15842], [1000, 0.04021, 0.02206, 0.15725]],
  [1, [10, 0.2167, 0.07385, 0.57352], [100, 0.04277, 0.02206, 0.52694], [1000, 0.04021, 0.02206, 0.23268]],
] as const) {
  test(`the walk from corners finds the published distances, reference batch ${bbRefBatch}`, () => {
    for (const [steps, ...expected] of distances) {
      const batch = batchOf(smooth, { epsilon: 0.03, norm: "linf" });
      const options = { steps, learningRate: 1e-3, bbRefBatch, enough: null, halveEvery: 50 };
      const { norms } = driven(walkBoundary(batch, corners, options)).result;
      assertClose(norms, expected, 2e-5);
    }
  });
}
