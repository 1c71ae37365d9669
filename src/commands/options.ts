/**
 * Options as data: a table maps a config key (camelCase; the flag is the same in kebab-case) to an option.
 *
 * An option reads a value as written (text from a flag, any plain value from YAML) and carries what help and tables say about
 * it. One builder for each kind of value; without `default` the value is null when not given:
 *
 *     const options = {
 *       density: number({ argument: "X", help: "share of the weights to keep", default: 0.01, above: 0, atMost: 1 }),
 *       steps: count({ argument: "N", help: "stop after this many steps" }),          // number | null
 *       select: choice(["val-pgd", "last"], { help: "…", default: "val-pgd" }),
 *     };
 *
 * Nothing heavy is loaded here, nor by a file that holds a table: help is printed from the tables alone.
 */
import { parseDuration } from "../core/units.js";
import {
  type Constants,
  type Limits,
  readChoice,
  readCount,
  readList,
  readMapping,
  readNumber,
  readText,
  type Spelled,
  show,
  spelled,
  within,
} from "./option-values.js";

/** How the value of one option is read, and what is known about it besides. */
export interface Option<T> {
  readonly info: OptionInfo;
  /** The checked value of what was written; throws Error that says what would be right. */
  readonly read: (value: unknown) => T;
}

export type OptionTable = Readonly<Record<string, Option<unknown>>>;

/** The values of an option table, checked. */
export type OptionValues<Table extends OptionTable> = { readonly [Key in keyof Table]: ReturnType<Table[Key]["read"]> };

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

/** `attackSteps` → `attack-steps`. */
export function flagName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `attack-steps` → `attackSteps`. */
export function configKey(flag: string): string {
  return flag.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** Any text: a path, a name. */
export function text(described: Described & WithDefault<string>): Option<string>;
export function text(described: Described): Option<string | null>;
export function text(described: Described & Partial<WithDefault<string>>) {
  return option(described, "text", (value) => readText(value));
}

/** A number: `0.1`, `1e-6`, `8/255`. */
export function number(described: Described & Limits & WithDefault<number | string>): Option<number>;
export function number(described: Described & Limits): Option<number | null>;
export function number(described: Described & Limits & Partial<WithDefault<number | string>>) {
  return option(described, "value", (value) => within(readNumber(value), described));
}

export function spelledNumber(described: Described & Limits & WithDefault<number | string>): Option<Spelled>;
export function spelledNumber(described: Described & Limits): Option<Spelled | null>;
export function spelledNumber(described: Described & Limits & Partial<WithDefault<number | string>>) {
  return option(described, "value", (value) => spelled(value, described));
}

/** A comma-separated list (or a YAML list) of such numbers. */
export function spelledNumbers(described: Described & Limits): Option<readonly Spelled[] | null> {
  return option(described, "list", (value) => readList(value).map((entry) => spelled(entry, described)));
}

/** A comma-separated list (or a YAML list) of names. */
export function names(described: Described): Option<readonly string[] | null> {
  return option(described, "list", (value) => readList(value).map(readText));
}

/** A whole number: `500`, `50k`, `2M`. */
export function count(described: Described & Limits & WithDefault<number>): Option<number>;
export function count(described: Described & Limits): Option<number | null>;
export function count(described: Described & Limits & Partial<WithDefault<number>>) {
  return option(described, "value", (value) => within(readCount(value), { atLeast: 0, ...described }));
}

/** A whole number or the word `auto`. */
export function countOrAuto(described: Described & Limits & WithDefault<number | "auto">): Option<number | "auto"> {
  return required(described, "value", (value) => (value === "auto" ? "auto" : within(readCount(value), described)));
}

/** A time, given as `90s`, `5m`, `2h`; the value is in seconds. */
export function duration(described: Described & WithDefault<string>): Option<number>;
export function duration(described: Described): Option<number | null>;
export function duration(described: Described & Partial<WithDefault<string>>) {
  return option(described, "duration", (value) => parseDuration(readText(value)));
}

/** One of a few names; `later`: names of the contract that are not there yet, refused with a sentence of their own. */
export function choice<const Choices extends readonly [string, ...string[]]>(
  choices: Choices,
  described: Described & { readonly later?: readonly string[] } & WithDefault<Choices[number]>,
): Option<Choices[number]>;
export function choice<const Choices extends readonly [string, ...string[]]>(
  choices: Choices,
  described: Described & { readonly later?: readonly string[] },
): Option<Choices[number] | null>;
export function choice<const Choices extends readonly [string, ...string[]]>(
  choices: Choices,
  described: Described & { readonly later?: readonly string[] } & Partial<WithDefault<Choices[number]>>,
) {
  const read = (value: unknown) => readChoice(readText(value), choices, described.later ?? []);
  return option({ ...described, choices }, "text", read);
}

/** On or off; off by default. */
export function toggle(described: Described): Option<boolean> {
  return required({ ...described, default: false }, "switch", (value) => {
    if (typeof value !== "boolean") throw new Error(`${show(value)} is neither true nor false`);
    return value;
  });
}

/** A flag that may be given more than once. */
export function texts(described: Described): Option<readonly string[]> {
  return required({ ...described, default: [] }, "texts", (value) =>
    (Array.isArray(value) ? value : [value]).map(readText),
  );
}

/** `layers.NAME.density` in a config file: densities for single layers. */
export function layerDensities(described: Described): Option<ReadonlyMap<string, number>> {
  return required({ ...described, isFlag: false, default: {} }, "mapping", (value) => {
    const layers = readMapping(value);
    const isDensity = (constants: Constants) => Object.keys(constants).join() === "density";
    if (layers === null || ![...layers.values()].every(isDensity))
      throw new Error("is not of the form layers.NAME.density: X");
    const limits = { above: 0, atMost: 1 };
    return new Map([...layers].map(([name, { density }]) => [name, within(readNumber(density), limits)]));
  });
}

/** `--attacks LIST`, or in a config file `attacks.NAME.CONSTANT`: names to constants that differ from the name's own. */
export type Recipes = ReadonlyMap<string, Constants>;

export function recipes(described: Described & WithDefault<string>): Option<Recipes> {
  return required(described, "mapping", (value) => {
    if (typeof value === "string" || Array.isArray(value)) {
      return new Map(readList(value).map((name): [string, Constants] => [readText(name), {}]));
    }
    const mapping = readMapping(value);
    if (mapping === null) throw new Error("is neither a list of names nor of the form attacks.NAME.CONSTANT: X");
    return mapping;
  });
}

type Info = Described & { readonly default?: unknown; readonly choices?: readonly string[] };

/** Null where nothing is given and there is no default. */
function option<T>(info: Info, kind: OptionInfo["kind"], read: (value: unknown) => T): Option<T | null> {
  return required(info, kind, (value) => (value === null && info.default === undefined ? null : read(value)));
}

function required<T>(info: Info, kind: OptionInfo["kind"], read: (value: unknown) => T): Option<T> {
  return { info: { ...info, kind, default: info.default ?? null }, read };
}
