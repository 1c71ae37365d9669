/**
 * VGG-16 for 32×32 images (Simonyan & Zisserman, "Very deep convolutional networks for large-scale image recognition",
 * 2015, column D), with batch-norm and two small hidden dense layers, as Özdenizci & Legenstein (ICML 2021) train it.
 */
import { GraphBuilder, type InitialDensity } from "./graph-builder.js";

const first: InitialDensity = () => 0.6;
const second: InitialDensity = () => 0.2;
const later: InitialDensity = (p) => 0.5 * p;

/** Filters of 3×3 convolutions, in the order of conv1, conv2, …; "M" is a 2×2 max-pool. */
const FEATURES = [
  { filters: [64, 64], density: first },
  "M",
  { filters: [128, 128], density: second },
  "M",
  { filters: [256, 256, 256], density: later },
  "M",
  { filters: [512, 512, 512], density: later },
  "M",
  { filters: [512, 512, 512], density: later },
] as const;

/** Units of the dense layers between the features and the classes: dense14, dense15. */
const HIDDEN = [256, 256];

/** Conv → batch-norm → ReLU thirteen times, two dense layers with ReLU, one dense layer to the classes. */
export function vgg16(width: number, classes: number): GraphBuilder {
  const net = new GraphBuilder(width);
  let number = 0;
  for (const part of FEATURES) {
    if (part === "M") {
      net.maxPool(`pool${number}`);
      continue;
    }
    for (const filters of part.filters) {
      number += 1;
      net.conv(`conv${number}`, { filters: net.channels(filters), density: part.density });
      net.batchNorm(`bn${number}`);
      net.relu(`relu${number}`);
    }
  }
  net.flatten("flatten");
  for (const units of HIDDEN) {
    number += 1;
    net.dense(`dense${number}`, { units: net.channels(units), density: later });
    net.relu(`relu${number}`);
  }
  net.dense(`dense${number + 1}`, { units: classes, density: first });
  return net;
}
