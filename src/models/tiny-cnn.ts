/** A network of three convolutions and one dense layer, for tests and quick runs on a CPU; of no paper. */
import { GraphBuilder, type InitialDensity } from "./graph-builder.js";

const CONVS: readonly { filters: number; density: InitialDensity }[] = [
  { filters: 8, density: () => 0.4 },
  { filters: 16, density: (p) => 1.5 * p },
  { filters: 32, density: (p) => 0.5 * p },
];

/** 3×3 conv → batch-norm → ReLU → 2×2 max-pool three times, then a dense layer to the classes. */
export function tinyCnn(width: number, classes: number): GraphBuilder {
  const net = new GraphBuilder(width);
  for (const [i, { filters, density }] of CONVS.entries()) {
    net.conv(`conv${i + 1}`, { filters: net.channels(filters), density });
    net.batchNorm(`bn${i + 1}`);
    net.relu(`relu${i + 1}`);
    net.maxPool(`pool${i + 1}`);
  }
  net.flatten("flatten");
  net.dense("dense4", { units: classes, density: (p) => p });
  return net;
}
