/**
 * Options as data: a table maps a config key (camelCase; the flag is the same in kebab-case) to an option.
 *
 * An option is a zod schema that reads a value as written (text from a flag, any plain value from YAML) and that carries
 * what help and tables say about it. One builder for each kind of value; without `default` the value is null when not given:
 *
 *     const options = {
 *       density: number({ argument: "X", help: "share of the weights to keep", default: 0.01, above: 0, atMost: 1 }),
 *       steps: count({ argument: "N", help: "stop after this many steps" }),          // number | null
 *       select: choice(["val-pgd", "last"], { help: "…", default: "val-pgd" }),
 *     };
 */
import { z } from "zod";
import { parseDuration } from "../core/units.js";
import {
  type Limits,
  readChoice,
  readCount,
  readList,
  readNumber,
  readText,
  type Spelled,
  show,
  spelled,
  within,
} from "./option-values.js";

export type OptionTable = Readonly<Record<string, z.ZodType>>;

interface Described {
  /** One line for help, without a full stop. */
  readonly help: string;
  /** The value's name in help: `N`, `X`, `FILE`. */
  readonly argument?: string;
  /** Said instead of a default where it depends ("from the profile") or where options exclude each other (--density, --sparsity). */
  readonly defaultText?: string;
  /** False for what does not change the result (paths, threads, logging, time limits): kept out of `resultConfig`. */
  readonly changesResult?: boolean;
  /** False for a flag without a config key, like `--config` itself. */
  readonly inConfig?: boolean;
  /** False for a config key without a flag. */
  readonly isFlag?: boolean;
  /** One letter. */
  readonly short?: string;
  readonly exclusive?: Exclusive;
}

/**
 * Of the options of one group only one counts: the highest layer's (flags, `--set`, files, a stored run). Two of one layer are
 * an error. `when`: belongs to the group with this value only.
 */
export interface Exclusive {
  readonly group: string;
  readonly when?: string;
}

/** What is known about an option besides how its value is read. */
export interface OptionInfo extends Described {
  readonly kind: "text" | "value" | "duration" | "switch" | "texts" | "list" | "mapping";
  readonly choices?: readonly string[];
  readonly default: unknown;
}

type WithDefault<T> = { readonly default: T };

const registry = z.registry<OptionInfo>();

/** Help text, default and so on of an option made by a builder of this file. */
export function optionInfo(option: z.ZodType): OptionInfo {
  const info = registry.get(option);
  if (info === undefined) throw new Error("an option table holds a schema that no builder of options.ts made");
  return info;
}

/** `attackSteps` → `attack-steps`. */
export function flagName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `attack-steps` → `attackSteps`. */
export function configKey(flag: string): string {
  return flag.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** Any text: a path, a name. */
export function text(described: Described & WithDefault<string>): z.ZodType<string>;
export function text(described: Described): z.ZodType<string | null>;
export function text(described: Described & Partial<WithDefault<string>>) {
  return option(described, "text", (value) => readText(value));
}

/** A number: `0.1`, `1e-6`, `8/255`. */
export function number(described: Described & Limits & WithDefault<number | string>): z.ZodType<number>;
export function number(described: Described & Limits): z.ZodType<number | null>;
export function number(described: Described & Limits & Partial<WithDefault<number | string>>) {
  return option(described, "value", (value) => within(readNumber(value), described));
}

export function spelledNumber(described: Described & Limits & WithDefault<number | string>): z.ZodType<Spelled>;
export function spelledNumber(described: Described & Limits): z.ZodType<Spelled | null>;
export function spelledNumber(described: Described & Limits & Partial<WithDefault<number | string>>) {
  return option(described, "value", (value) => spelled(value, described));
}

/** A comma-separated list (or a YAML list) of such numbers. */
export function spelledNumbers(described: Described & Limits): z.ZodType<readonly Spelled[] | null> {
  return option(described, "list", (value) => readList(value).map((entry) => spelled(entry, described)));
}

/** A whole number: `500`, `50k`, `2M`. */
export function count(described: Described & Limits & WithDefault<number>): z.ZodType<number>;
export function count(described: Described & Limits): z.ZodType<number | null>;
export function count(described: Described & Limits & Partial<WithDefault<number>>) {
  return option(described, "value", (value) => within(readCount(value), { atLeast: 0, ...described }));
}

/** A whole number or the word `auto`. */
export function countOrAuto(described: Described & Limits & WithDefault<number | "auto">): z.ZodType<number | "auto"> {
  return required(described, "value", (value) => (value === "auto" ? "auto" : within(readCount(value), described)));
}

/** A time, given as `90s`, `5m`, `2h`; the value is in seconds. */
export function duration(described: Described & WithDefault<string>): z.ZodType<number>;
export function duration(described: Described): z.ZodType<number | null>;
export function duration(described: Described & Partial<WithDefault<string>>) {
  return option(described, "duration", (value) => parseDuration(readText(value)));
}

/** One of a few names; `later`: names of the contract that are not there yet, refused with a sentence of their own. */
export function choice<const Choices extends readonly [string, ...string[]]>(
  choices: Choices,
  described: Described & { readonly later?: readonly string[] } & WithDefault<Choices[number]>,
): z.ZodType<Choices[number]>;
export function choice<const Choices extends readonly [string, ...string[]]>(
  choices: Choices,
  described: Described & { readonly later?: readonly string[] },
): z.ZodType<Choices[number] | null>;
export function choice<const Choices extends readonly [string, ...string[]]>(
  choices: Choices,
  described: Described & { readonly later?: readonly string[] } & Partial<WithDefault<Choices[number]>>,
) {
  const read = (value: unknown) => readChoice(readText(value), choices, described.later ?? []);
  return option({ ...described, choices }, "text", read);
}

/** On or off; off by default. */
export function toggle(described: Described): z.ZodType<boolean> {
  return required({ ...described, default: false }, "switch", (value) => {
    if (typeof value !== "boolean") throw new Error(`${show(value)} is neither true nor false`);
    return value;
  });
}

/** A flag that may be given more than once. */
export function texts(described: Described): z.ZodType<readonly string[]> {
  return required({ ...described, default: [] }, "texts", (value) =>
    (Array.isArray(value) ? value : [value]).map(readText),
  );
}

/** `layers.NAME.density` in a config file: densities for single layers. */
export function layerDensities(described: Described): z.ZodType<ReadonlyMap<string, number>> {
  return required({ ...described, isFlag: false, default: {} }, "mapping", (value) => {
    const layers = z.record(z.string(), z.strictObject({ density: z.unknown() })).safeParse(value);
    if (!layers.success) throw new Error("is not of the form layers.NAME.density: X");
    const limits = { above: 0, atMost: 1 };
    return new Map(
      Object.entries(layers.data).map(([name, { density }]) => [name, within(readNumber(density), limits)]),
    );
  });
}

/** `--attacks LIST`, or in a config file `attacks.NAME.CONSTANT`: names to constants that differ from the name's own. */
export type Recipes = ReadonlyMap<string, Config>;

type Config = Readonly<Record<string, unknown>>;

export function recipes(described: Described & WithDefault<string>): z.ZodType<Recipes> {
  return required(described, "mapping", (value) => {
    if (typeof value === "string" || Array.isArray(value)) {
      return new Map(readList(value).map((name): [string, Config] => [readText(name), {}]));
    }
    const mapping = z.record(z.string(), z.record(z.string(), z.unknown()).nullable()).safeParse(value);
    if (!mapping.success) throw new Error("is neither a list of names nor of the form attacks.NAME.CONSTANT: X");
    return new Map(Object.entries(mapping.data).map(([name, constants]): [string, Config] => [name, constants ?? {}]));
  });
}

type Info = Described & { readonly default?: unknown; readonly choices?: readonly string[] };

function option<T>(info: Info, kind: OptionInfo["kind"], read: (value: unknown) => T): z.ZodType<T | null> {
  return register(info, kind, (value) => (value === null && info.default === undefined ? null : read(value)));
}

function required<T>(info: Info, kind: OptionInfo["kind"], read: (value: unknown) => T): z.ZodType<T> {
  return register(info, kind, read);
}

function register<T>(info: Info, kind: OptionInfo["kind"], read: (value: unknown) => T): z.ZodType<T> {
  const schema = z.unknown().transform((value, context): T => {
    try {
      return read(value);
    } catch (error) {
      context.addIssue({ code: "custom", message: error instanceof Error ? error.message : String(error) });
      return z.NEVER;
    }
  });
  registry.add(schema, { ...info, kind, default: info.default ?? null });
  return schema;
}
