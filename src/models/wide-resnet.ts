/**
 * Wide residual networks (Zagoruyko & Komodakis, "Wide residual networks", 2016, table 1): depth 6n + 4, three groups of
 * n pre-activation blocks, `widen` times the channels of the thin network. No dropout.
 */
import { GraphBuilder, type InitialDensity } from "./graph-builder.js";

const outer: InitialDensity = () => 0.6;
const later: InitialDensity = (p) => 0.5 * p;

/** g1 to g3; channels before widening; the first block of a group has its stride. */
const GROUPS = [
  { units: 16, stride: 1, density: () => 0.1 },
  { units: 32, stride: 2, density: later },
  { units: 64, stride: 2, density: later },
] as const;

export interface WideResNetOptions {
  /** 6n + 4 with n at least 1: 10, 16, 22, 28, 34, … */
  readonly depth: number;
  /** The paper's k: 10 in WRN-28-10. */
  readonly widen: number;
  /** Scales all channels, the stem's too. */
  readonly width: number;
  readonly classes: number;
}

/** Stem → three groups → batch-norm → ReLU → mean over positions → dense layer to the classes. */
export function wideResNet({ depth, widen, width, classes }: WideResNetOptions): GraphBuilder {
  const net = new GraphBuilder(width);
  let channels = net.channels(16);
  let x = net.conv("conv1", { filters: channels, density: outer });
  for (const [g, { units, stride, density }] of GROUPS.entries()) {
    const filters = net.channels(widen * units);
    for (let b = 0; b < (depth - 4) / 6; b++) {
      const name = `g${g + 1}.b${b + 1}`;
      x = preActivationBlock(net, { name, from: x, channels, filters, stride: b === 0 ? stride : 1, density });
      channels = filters;
    }
  }
  net.batchNorm("bn");
  net.relu("relu");
  net.globalAveragePool("pool");
  net.flatten("flatten");
  net.dense("dense_out", { units: classes, density: outer });
  return net;
}

interface Block {
  readonly name: string;
  /** The layer that the block starts from, and its channels. */
  readonly from: string;
  readonly channels: number;
  readonly filters: number;
  readonly stride: number;
  readonly density: InitialDensity;
}

/**
 * Batch-norm → ReLU → 3×3 (stride) → batch-norm → ReLU → 3×3 → add. Where the shape changes the shortcut is a 1×1
 * convolution of the activated input; otherwise the raw input.
 */
function preActivationBlock(net: GraphBuilder, { name, from, channels, filters, stride, density }: Block): string {
  net.batchNorm(`${name}.bn1`, from);
  const activated = net.relu(`${name}.relu1`);
  net.conv(`${name}.conv1`, { filters, stride, density });
  net.batchNorm(`${name}.bn2`);
  net.relu(`${name}.relu2`);
  const branch = net.conv(`${name}.conv2`, { filters, density });
  const isIdentity = stride === 1 && channels === filters;
  const short = isIdentity ? from : net.conv(`${name}.short`, { from: activated, filters, kernel: 1, stride, density });
  return net.add(`${name}.add`, branch, short);
}
