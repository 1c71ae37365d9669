import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "../../src/core/errors.js";
import { catalogModel } from "../../src/models/catalog.js";
import { parameterShapes, weightLayers } from "../../src/models/shapes.js";

const CIFAR = [32, 32, 3] as const;

/** Published totals of the method's networks: [10 classes, 100 classes] where they differ. */
const TOTALS = [
  {
    name: "vgg16",
    kernels: 16,
    weights: [15_302_848, 15_325_888],
    biases: [522, 612],
    batchNormChannels: 4_224,
    trainable: [15_311_818, 15_334_948],
    megaMultiplyAdds: 313.8,
  },
  {
    name: "resnet18",
    kernels: 21,
    weights: [11_164_352, 11_210_432],
    biases: [10, 100],
    batchNormChannels: 4_800,
    trainable: [11_173_962, 11_220_132],
    megaMultiplyAdds: 555.4,
  },
  {
    name: "resnet34",
    kernels: 37,
    weights: [21_265_088, 21_311_168],
    biases: [10, 100],
    batchNormChannels: 8_512,
    trainable: [21_282_122, 21_328_292],
    megaMultiplyAdds: 1_159.4,
  },
  {
    name: "resnet50",
    kernels: 54,
    weights: [23_467_712, 23_652_032],
    biases: [10, 100],
    batchNormChannels: 26_560,
    trainable: [23_520_842, 23_705_252],
    megaMultiplyAdds: 1_297.8,
  },
  {
    name: "wrn28_2",
    kernels: 29,
    weights: [1_463_984, 1_475_504],
    biases: [10, 100],
    batchNormChannels: 1_808,
    trainable: [1_467_610, 1_479_220],
    megaMultiplyAdds: 214.4,
  },
  {
    name: "wrn28_4",
    kernels: 29,
    weights: [5_841_840, 5_864_880],
    biases: [10, 100],
    batchNormChannels: 3_600,
    trainable: [5_849_050, 5_872_180],
    megaMultiplyAdds: 845.6,
  },
  {
    name: "wrn28_10",
    kernels: 29,
    weights: [36_461_232, 36_518_832],
    biases: [10, 100],
    batchNormChannels: 8_976,
    trainable: [36_479_194, 36_536_884],
    megaMultiplyAdds: 5_243.3,
  },
  {
    name: "wrn34_10",
    kernels: 35,
    weights: [46_138_032, 46_195_632],
    biases: [10, 100],
    batchNormChannels: 11_216,
    trainable: [46_160_474, 46_218_164],
    megaMultiplyAdds: 6_658.9,
  },
] as const;

for (const expected of TOTALS) {
  for (const [i, classes] of [10, 100].entries()) {
    test(`${expected.name} for ${classes} classes has the published totals`, () => {
      const totals = count({ name: expected.name, width: 1, input: CIFAR, classes });
      assert.equal(totals.kernels, expected.kernels);
      assert.equal(totals.weights, expected.weights[i]);
      assert.equal(totals.biases, expected.biases[i]);
      assert.equal(totals.batchNormChannels, expected.batchNormChannels);
      assert.equal(totals.trainable, expected.trainable[i]);
      if (classes === 10) assert.equal(Math.round(totals.multiplyAdds / 1e5) / 10, expected.megaMultiplyAdds);
    });
  }
}

/** Name, classes, then [density, budget, initial connections]. */
type PublishedRow = readonly [string, number, ...(readonly [number, number, number])[]];

/** Budget K and size of the method's initial masks by density, for 10 and for 100 classes, as its authors' code gives them. */
const INITIAL: readonly PublishedRow[] = [
  [
    "vgg16",
    10,
    [0.1, 1_530_284, 820_945],
    [0.05, 765_142, 444_934],
    [0.01, 153_028, 144_124],
    [0.005, 76_514, 106_523],
  ],
  [
    "vgg16",
    100,
    [0.1, 1_532_588, 834_769],
    [0.05, 766_294, 458_758],
    [0.01, 153_258, 157_948],
    [0.005, 76_629, 120_347],
  ],
  [
    "resnet18",
    10,
    [0.1, 1_116_435, 584_090],
    [0.05, 558_217, 308_840],
    [0.01, 111_643, 88_640],
    [0.005, 55_821, 61_114],
  ],
  [
    "resnet18",
    100,
    [0.1, 1_121_043, 611_738],
    [0.05, 560_521, 336_488],
    [0.01, 112_104, 116_288],
    [0.005, 56_052, 88_762],
  ],
  [
    "resnet34",
    10,
    [0.1, 2_126_508, 1_100_178],
    [0.05, 1_063_254, 574_252],
    [0.01, 212_650, 153_516],
    [0.005, 106_325, 100_918],
  ],
  [
    "resnet34",
    100,
    [0.1, 2_131_116, 1_127_826],
    [0.05, 1_065_558, 601_900],
    [0.01, 213_111, 181_164],
    [0.005, 106_555, 128_566],
  ],
  [
    "resnet50",
    10,
    [0.1, 2_346_771, 1_217_519],
    [0.05, 1_173_385, 636_707],
    [0.01, 234_677, 172_054],
    [0.005, 117_338, 113_973],
  ],
  [
    "resnet50",
    100,
    [0.1, 2_365_203, 1_328_111],
    [0.05, 1_182_601, 747_299],
    [0.01, 236_520, 282_646],
    [0.005, 118_260, 224_565],
  ],
  ["wrn28_2", 10, [0.1, 146_398, 77_608], [0.05, 73_199, 42_792], [0.01, 14_639, 14_942], [0.005, 7_319, 11_460]],
  ["wrn28_2", 100, [0.01, 14_755, 21_854]],
  ["wrn28_4", 10, [0.1, 584_184, 307_139], [0.05, 292_092, 167_875], [0.01, 58_418, 56_467], [0.005, 29_209, 42_536]],
  ["wrn28_4", 100, [0.01, 58_648, 70_291]],
  [
    "wrn28_10",
    10,
    [0.1, 3_646_123, 1_908_739],
    [0.05, 1_823_061, 1_038_339],
    [0.01, 364_612, 342_019],
    [0.005, 182_306, 254_979],
  ],
  ["wrn28_10", 100, [0.01, 365_188, 376_579]],
  [
    "wrn34_10",
    10,
    [0.1, 4_613_803, 2_415_619],
    [0.05, 2_306_901, 1_314_819],
    [0.01, 461_380, 434_179],
    [0.005, 230_690, 324_099],
  ],
  ["wrn34_10", 100, [0.01, 461_956, 468_739]],
];

test("initial densities give the published initial masks and budgets", () => {
  for (const { name, classes, density, budget, initial } of INITIAL.flatMap(rows)) {
    const got = initialTotals({ name, width: 1, input: CIFAR, classes }, density);
    assert.deepEqual(got, { budget, initial }, `${name}, ${classes} classes, density ${density}`);
  }
});

test("tinycnn has the weights and the initial masks of its definition", () => {
  const gray = { name: "tinycnn", width: 1, input: [32, 32, 1], classes: 10 } as const;
  assert.equal(count(gray).weights, 10_952);
  assert.deepEqual(initialTotals(gray, 0.1), { budget: 1_095, initial: 942 });
  assert.deepEqual(initialTotals(gray, 0.05), { budget: 547, initial: 485 });
  assert.deepEqual(initialTotals(gray, 0.02), { budget: 219, initial: 210 });
  assert.deepEqual(initialTotals({ ...gray, input: CIFAR }, 0.02), { budget: 221, initial: 268 });
});

test("an initial density never exceeds 1", () => {
  const { initialDensity } = catalogModel({ name: "tinycnn", width: 1, input: CIFAR, classes: 10 });
  assert.equal(initialDensity.get("conv2")?.(0.9), 1);
  assert.equal(initialDensity.get("conv2")?.(0.1), 0.1 * 1.5);
});

test("width scales every channel but the input's and the classes", () => {
  const { graph } = catalogModel({ name: "vgg16", width: 0.25, input: CIFAR, classes: 10 });
  const shapes = weightLayers(graph, CIFAR).map((layer) => layer.shape);
  assert.deepEqual(shapes.slice(0, 3), [
    [16, 3, 3, 3],
    [16, 16, 3, 3],
    [32, 16, 3, 3],
  ]);
  assert.deepEqual(shapes.slice(-3), [
    [64, 512],
    [64, 64],
    [10, 64],
  ]);
});

test("width scales the stem of a wide residual network and rounds the product", () => {
  const { graph } = catalogModel({ name: "wrn10_1", width: 0.3, input: CIFAR, classes: 10 });
  const filters = weightLayers(graph, CIFAR).map((layer) => layer.shape[0]);
  assert.deepEqual(filters, [5, 5, 5, 10, 10, 10, 19, 19, 19, 10]);
});

test("every network keeps at least one channel and still fits together", () => {
  for (const name of ["vgg16", "resnet18", "resnet50", "wrn16_1", "tinycnn"]) {
    assert.ok(count({ name, width: 1e-9, input: CIFAR, classes: 10 }).weights > 0);
  }
});

test("kernels come in the order conv1, conv2, shortcut", () => {
  const { graph } = catalogModel({ name: "resnet18", width: 1, input: CIFAR, classes: 10 });
  const names = weightLayers(graph, CIFAR).map((layer) => layer.name);
  assert.deepEqual(names.slice(5, 8), ["s2.b1.conv1", "s2.b1.conv2", "s2.b1.short"]);
});

test("every kernel has an initial density and every initial density a kernel", () => {
  for (const { name } of TOTALS) {
    const { graph, initialDensity } = catalogModel({ name, width: 1, input: CIFAR, classes: 10 });
    const kernels = weightLayers(graph, CIFAR).map((layer) => layer.name);
    assert.deepEqual([...initialDensity.keys()], kernels);
  }
});

test("an unknown network is refused with a near match", () => {
  const ask = (name: string) => () => catalogModel({ name, width: 1, input: CIFAR, classes: 10 });
  assert.throws(ask("vgg61"), (error) => error instanceof UsageError && /did you mean "vgg16"\?/.test(error.message));
  assert.throws(ask("wrn-28-4"), UsageError);
  assert.throws(ask("wrn27_4"), (error) => error instanceof UsageError && /6n \+ 4/.test(error.message));
  assert.throws(ask("wrn4_4"), UsageError);
});

test("images too small for a network are refused, naming the layer", () => {
  const ask = () => catalogModel({ name: "vgg16", width: 1, input: [8, 8, 3], classes: 10 });
  assert.throws(ask, (error) => error instanceof UsageError && /8×8×3.*pool10/.test(error.message));
});

test("a width that is no positive number is refused", () => {
  for (const width of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => catalogModel({ name: "vgg16", width, input: CIFAR, classes: 10 }), UsageError);
  }
});

interface Asked {
  readonly name: string;
  readonly width: number;
  readonly input: readonly [number, number, number];
  readonly classes: number;
}

function count(asked: Asked) {
  const { graph } = catalogModel(asked);
  const kernels = weightLayers(graph, asked.input);
  const tensors = [...parameterShapes(graph, asked.input)];
  const entries = (wanted: (name: string) => boolean) =>
    sum(tensors.filter(([name]) => wanted(name)).map(([, shape]) => shape.reduce((a, b) => a * b, 1)));
  const statistics = (name: string) => /\.running_/.test(name);
  const batchNormChannels = entries((name) => name.endsWith(".running_mean"));
  const weights = sum(kernels.map((layer) => layer.size));
  const trainable = entries((name) => !statistics(name));
  return {
    kernels: kernels.length,
    weights,
    batchNormChannels,
    trainable,
    biases: trainable - weights - 2 * batchNormChannels,
    multiplyAdds: sum(kernels.map((layer) => layer.size * layer.outputPositions)),
  };
}

function initialTotals(asked: Asked, density: number): { budget: number; initial: number } {
  const { graph, initialDensity } = catalogModel(asked);
  const kernels = weightLayers(graph, asked.input);
  const masks = kernels.map(({ name, fanIn, size }) => {
    const share = initialDensity.get(name)?.(density) ?? Number.NaN;
    return Math.trunc(share * fanIn * (size / fanIn));
  });
  return { budget: Math.trunc(density * sum(kernels.map((layer) => layer.size))), initial: sum(masks) };
}

function rows([name, classes, ...totals]: PublishedRow) {
  return totals.map(([density, budget, initial]) => ({ name, classes, density, budget, initial }));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}
