/** A graph from JSON, with every default filled in: only the layers of the contract exist, so any engine can run any graph. */
import { z } from "zod";
import { InputError } from "../core/errors.js";
import { didYouMean } from "../core/nearest.js";
import type { Graph, Layer } from "./graph.js";

const positive = z.int().min(1);
const name = z.string().min(1);
const inputs = z.array(name).min(1);

const schemas = {
  normalize: z.strictObject({
    op: z.literal("normalize"),
    name,
    inputs,
    mean: z.array(z.number()).min(1),
    std: z.array(z.number().positive()).min(1),
  }),
  conv: z.strictObject({
    op: z.literal("conv"),
    name,
    inputs,
    filters: positive,
    kernel: positive.refine((size) => size % 2 === 1, "must be odd"),
    stride: positive.default(1),
    padding: z
      .union([z.enum(["same", "valid"]), z.int().min(0)], `must be "same", "valid" or a number of zeros`)
      .default("same"),
    bias: z.boolean().default(false),
    rewire: z.boolean().default(true),
  }),
  batchnorm: z.strictObject({
    op: z.literal("batchnorm"),
    name,
    inputs,
    epsilon: z.number().positive().default(1e-5),
    momentum: z.number().min(0).max(1).default(0.1),
  }),
  relu: z.strictObject({ op: z.literal("relu"), name, inputs }),
  maxpool: pool("maxpool"),
  avgpool: pool("avgpool"),
  add: z.strictObject({ op: z.literal("add"), name, inputs: z.array(name).length(2) }),
  flatten: z.strictObject({ op: z.literal("flatten"), name, inputs, order: z.enum(["chw", "hwc"]).default("chw") }),
  dense: z.strictObject({
    op: z.literal("dense"),
    name,
    inputs,
    units: positive,
    bias: z.boolean().default(true),
    rewire: z.boolean().default(true),
  }),
} as const;

type Op = keyof typeof schemas;
const ops = Object.keys(schemas);

/**
 * The layers of a graph's JSON. InputError, naming `where` (file or config) and the layer, for anything outside the contract.
 * Whether shapes fit each other is for `inferShapes`.
 */
export function parseGraph(json: unknown, where: string): Graph {
  const layers = z.array(z.looseObject({})).min(1).safeParse(json);
  if (!layers.success) throw new InputError(`${where}: the graph must be an array of at least one layer object`);
  let before = "input";
  return layers.data.map((fields, i) => {
    const layer = parseLayer({ inputs: [before], ...fields }, `${where}: layer ${i + 1}`);
    before = layer.name;
    return layer;
  });
}

function parseLayer(fields: Readonly<Record<string, unknown>>, where: string): Layer {
  const { op } = fields;
  const place = `${where} ${fields.name === undefined ? "(no name)" : JSON.stringify(fields.name)}`;
  if (!isOp(op)) {
    const right = (typeof op === "string" && didYouMean(op, ops)) || `; known are ${ops.join(", ")}`;
    throw new InputError(`${place}: unknown op ${JSON.stringify(op ?? null)}${right}`);
  }
  const layer = schemas[op].safeParse(fields);
  if (layer.success) return layer.data;
  const [issue] = layer.error.issues;
  const field = issue?.path.join(".") ?? "";
  throw new InputError(`${place} (${op}): ${field}${field && ": "}${issue?.message}`);
}

function isOp(op: unknown): op is Op {
  return typeof op === "string" && Object.hasOwn(schemas, op);
}

function pool<Name extends "maxpool" | "avgpool">(op: Name) {
  return z
    .strictObject({
      op: z.literal(op),
      name,
      inputs,
      size: z.union([positive, z.literal("global")], `must be a whole number or "global"`),
      stride: positive.optional(),
    })
    .transform((layer) => ({ ...layer, stride: layer.stride ?? (layer.size === "global" ? 1 : layer.size) }));
}
