/**
 * ResNet-18, 34 and 50 for 32×32 images (He, Zhang, Ren & Sun, "Deep residual learning for image recognition", 2016,
 * table 1): the stem is one 3×3 convolution without a pool. Shortcuts are 1×1 convolutions where the shape changes.
 */
import { GraphBuilder, type InitialDensity } from "./graph-builder.js";

interface Stage {
  readonly units: number;
  readonly stride: number;
  readonly density: InitialDensity;
}

const outer: InitialDensity = () => 0.6;
const later: InitialDensity = (p) => 0.5 * p;

/** s1 to s4; the first block of a stage has its stride. */
const STAGES: readonly Stage[] = [
  { units: 64, stride: 1, density: () => 0.2 },
  { units: 128, stride: 2, density: later },
  { units: 256, stride: 2, density: later },
  { units: 512, stride: 2, density: later },
];

/** Blocks of each stage, and whether they are bottlenecks. */
const DEPTHS = {
  18: { blocks: [2, 2, 2, 2], bottleneck: false },
  34: { blocks: [3, 4, 6, 3], bottleneck: false },
  50: { blocks: [3, 4, 6, 3], bottleneck: true },
} as const;

/** Stem → four stages of residual blocks → mean over positions → dense layer to the classes. */
export function resnet(depth: keyof typeof DEPTHS, width: number, classes: number): GraphBuilder {
  const { blocks, bottleneck } = DEPTHS[depth];
  const net = new GraphBuilder(width);
  let channels = net.channels(64);
  net.conv("conv1", { filters: channels, density: outer });
  net.batchNorm("bn1");
  let x = net.relu("relu1");
  for (const [s, stage] of STAGES.entries()) {
    for (let b = 0; b < (blocks[s] ?? 0); b++) {
      const block = { name: `s${s + 1}.b${b + 1}`, from: x, channels, ...stage, stride: b === 0 ? stage.stride : 1 };
      ({ x, channels } = bottleneck ? bottleneckBlock(net, block) : basicBlock(net, block));
    }
  }
  net.globalAveragePool("pool");
  net.flatten("flatten");
  net.dense("dense_out", { units: classes, density: outer });
  return net;
}

interface Block extends Stage {
  readonly name: string;
  /** The layer that the block starts from, and its channels. */
  readonly from: string;
  readonly channels: number;
}

/** 3×3 (stride) → 3×3 → add → ReLU. */
function basicBlock(net: GraphBuilder, block: Block): { x: string; channels: number } {
  const { name, from, units, stride, density } = block;
  const filters = net.channels(units);
  net.conv(`${name}.conv1`, { from, filters, stride, density });
  net.batchNorm(`${name}.bn1`);
  net.relu(`${name}.relu1`);
  net.conv(`${name}.conv2`, { filters, density });
  const branch = net.batchNorm(`${name}.bn2`);
  return joined(net, { block, branch, filters });
}

/** 1×1 → 3×3 (stride) → 1×1 to four times the units → add → ReLU. */
function bottleneckBlock(net: GraphBuilder, block: Block): { x: string; channels: number } {
  const { name, from, units, stride, density } = block;
  const inner = net.channels(units);
  const filters = net.channels(4 * units);
  net.conv(`${name}.conv1`, { from, filters: inner, kernel: 1, density });
  net.batchNorm(`${name}.bn1`);
  net.relu(`${name}.relu1`);
  net.conv(`${name}.conv2`, { filters: inner, stride, density });
  net.batchNorm(`${name}.bn2`);
  net.relu(`${name}.relu2`);
  net.conv(`${name}.conv3`, { filters, kernel: 1, density });
  const branch = net.batchNorm(`${name}.bn3`);
  return joined(net, { block, branch, filters });
}

function joined(
  net: GraphBuilder,
  end: { block: Block; branch: string; filters: number },
): { x: string; channels: number } {
  const { block, branch, filters } = end;
  const sum = net.add(`${block.name}.add`, branch, shortcut(net, block, filters));
  return { x: net.relu(`${block.name}.relu`, sum), channels: filters };
}

function shortcut(net: GraphBuilder, { name, from, channels, stride, density }: Block, filters: number): string {
  if (stride === 1 && channels === filters) return from;
  net.conv(`${name}.short`, { from, filters, kernel: 1, stride, density });
  return net.batchNorm(`${name}.bn_short`);
}
