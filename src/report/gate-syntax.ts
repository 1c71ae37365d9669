/**
 * The language of `--fail-if`, read into a tree.
 *
 *     condition  = term { "or" term }                       term   = factor { "and" factor }
 *     factor     = "not" factor | "(" condition ")" | comparison
 *     comparison = sum ( "<" | "<=" | ">" | ">=" | "==" | "!=" ) sum
 *     sum        = value { ( "+" | "-" ) value }
 *     value      = NUMBER [ "pp" | "%" ] | "baseline" | [ "baseline." ] METRIC
 *                | ( "low" | "high" ) "(" ( METRIC | "difference(" METRIC ")" ) ")" | ( "difference" | "p" ) "(" METRIC ")"
 *     METRIC     = an attack's name, "@" with a radius where there are several ("pgd50@8/255"), or a fact ("density")
 *
 * Accuracies are shares: 45% or 0.45; a difference in points is 0.5pp. "baseline" alone is the baseline's value of the one
 * metric that the comparison names.
 */
import { UsageError } from "../core/errors.js";
import { parseNumber } from "../core/units.js";

export type Condition =
  | { readonly type: "or" | "and"; readonly left: Condition; readonly right: Condition }
  | { readonly type: "not"; readonly of: Condition }
  | { readonly type: "comparison"; readonly operator: Operator; readonly left: Quantity; readonly right: Quantity };

export type Operator = "<" | "<=" | ">" | ">=" | "==" | "!=";

export type Quantity =
  | { readonly type: "number"; readonly value: number; readonly unit: string; readonly at: number }
  | { readonly type: "+" | "-"; readonly left: Quantity; readonly right: Quantity }
  | Metric;

/** What is asked of a network under one attack, or one of its facts: the number itself, or what belongs to it. */
export interface Metric {
  readonly type: Statistic;
  readonly name: string;
  readonly ofBaseline: boolean;
  readonly at: number;
}

export type Statistic = "metric" | "low" | "high" | "difference" | "p" | "low difference" | "high difference";

const OPERATORS: readonly Operator[] = ["<", "<=", ">", ">=", "==", "!="];

const TOKEN =
  /\s*(?:(?<number>\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?<unit>pp\b|%)?|(?<name>[A-Za-z]\w*(?:[-/.][A-Za-z]\w*)*(?:@[\w.:/]+)?)|(?<symbol>[<>]=?|[=!]=|[()+-]))/y;

interface Token {
  readonly kind: "number" | "name" | "symbol" | "end";
  readonly text: string;
  readonly unit: string;
  readonly at: number;
}

/** UsageError with the column, and a caret below it, for text that is no condition. */
export function parseCondition(text: string): Condition {
  return new Parser(text).whole();
}

/** Both lines of the message: the text, and a caret below the column (from 1). */
export function syntaxError(text: string, at: number, message: string): UsageError {
  return new UsageError(`--fail-if, column ${at + 1}: ${message}\n  ${text}\n  ${" ".repeat(at)}^`);
}

class Parser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokens(text);
  }

  whole(): Condition {
    const condition = this.#condition();
    if (this.#token().kind !== "end") throw this.#unexpected("and, or, or the end");
    return condition;
  }

  #condition(): Condition {
    let left = this.#term();
    while (this.#takes("or")) left = { type: "or", left, right: this.#term() };
    return left;
  }

  #term(): Condition {
    let left = this.#factor();
    while (this.#takes("and")) left = { type: "and", left, right: this.#factor() };
    return left;
  }

  #factor(): Condition {
    if (this.#takes("not")) return { type: "not", of: this.#factor() };
    if (!this.#takes("(")) return this.#comparison();
    const inner = this.#condition();
    this.#expect(")");
    return inner;
  }

  #comparison(): Condition {
    const start = this.#next;
    const left = this.#sum();
    const operator = OPERATORS.find((symbol) => symbol === this.#token().text);
    if (operator === undefined) throw this.#unexpected(`a comparison (${OPERATORS.join(" ")})`);
    this.#next++;
    const right = this.#sum();
    return { type: "comparison", operator, ...this.#resolved(left, right, this.#tokens[start]?.at ?? 0) };
  }

  #sum(): Quantity {
    let left = this.#value();
    for (;;) {
      if (this.#takes("+")) left = { type: "+", left, right: this.#value() };
      else if (this.#takes("-")) left = { type: "-", left, right: this.#value() };
      else return left;
    }
  }

  #value(): Quantity {
    const { kind, text, unit, at } = this.#token();
    if (kind === "number") {
      this.#next++;
      return { type: "number", value: Number(text) / (unit === "" ? 1 : 100), unit, at };
    }
    if (kind !== "name" || RESERVED.has(text)) throw this.#unexpected("a number or a metric");
    const follows = this.#tokens[this.#next + 1]?.text;
    if (follows !== "(") return this.#metric();
    this.#next += 2;
    const value = this.#statistic(text, at);
    this.#expect(")");
    return value;
  }

  #statistic(name: string, at: number): Quantity {
    if (name === "difference" || name === "p") return { ...this.#metric(), type: name };
    if (name !== "low" && name !== "high") {
      throw syntaxError(this.#text, at, `there is no function ${name}; there are low, high, difference and p`);
    }
    const isOfDifference = this.#token().text === "difference" && this.#tokens[this.#next + 1]?.text === "(";
    if (!isOfDifference) return { ...this.#metric(), type: name };
    this.#next += 2;
    const metric = this.#metric();
    this.#expect(")");
    return { ...metric, type: `${name} difference` };
  }

  #metric(): Metric {
    const { kind, text, at } = this.#token();
    if (kind !== "name" || RESERVED.has(text)) throw this.#unexpected("a metric");
    this.#next++;
    this.#requireRadius(text, at);
    const [, own] = /^baseline\.(.+)$/.exec(text) ?? [];
    if (own !== undefined) return { type: "metric", name: own, ofBaseline: true, at };
    return { type: "metric", name: text === "baseline" ? "" : text, ofBaseline: text === "baseline", at };
  }

  /** Behind "@", where there is one. */
  #requireRadius(metric: string, at: number): void {
    const [, radius] = metric.split("@");
    try {
      if (radius !== undefined) parseNumber(radius);
    } catch (error) {
      if (error instanceof UsageError) throw syntaxError(this.#text, at, error.message);
      throw error;
    }
  }

  /** Gives a lone "baseline" the metric that its comparison names. */
  #resolved(left: Quantity, right: Quantity, at: number): { readonly left: Quantity; readonly right: Quantity } {
    const names = new Set([...namesIn(left), ...namesIn(right)].filter((name) => name !== ""));
    const [only] = names;
    if (names.size === 0) throw syntaxError(this.#text, at, "this comparison names no metric, so it never changes");
    const fill = (quantity: Quantity): Quantity => {
      if (quantity.type === "number") return quantity;
      if ("left" in quantity) return { ...quantity, left: fill(quantity.left), right: fill(quantity.right) };
      if (quantity.name !== "") return quantity;
      if (names.size > 1 || only === undefined) {
        const message = `baseline stands for one metric, but the comparison names ${[...names].join(" and ")}; write baseline.${only}`;
        throw syntaxError(this.#text, quantity.at, message);
      }
      return { ...quantity, name: only };
    };
    return { left: fill(left), right: fill(right) };
  }

  #takes(text: string): boolean {
    const token = this.#token();
    if (token.kind === "number" || token.text !== text) return false;
    this.#next++;
    return true;
  }

  #expect(text: string): void {
    if (!this.#takes(text)) throw this.#unexpected(`"${text}"`);
  }

  #unexpected(expected: string): UsageError {
    const { kind, text, at } = this.#token();
    const found = kind === "end" ? "the end" : `"${text}"`;
    return syntaxError(this.#text, at, `${found} where ${expected} should stand`);
  }

  #token(): Token {
    return this.#tokens[this.#next] ?? { kind: "end", text: "", unit: "", at: this.#text.length };
  }
}

const RESERVED = new Set(["and", "or", "not"]);

function namesIn(quantity: Quantity): readonly string[] {
  if (quantity.type === "number") return [];
  if ("left" in quantity) return [...namesIn(quantity.left), ...namesIn(quantity.right)];
  return [quantity.name];
}

function tokens(text: string): readonly Token[] {
  const found: Token[] = [];
  const pattern = new RegExp(TOKEN);
  while (text.slice(pattern.lastIndex).trim() !== "") {
    const start = pattern.lastIndex;
    const match = pattern.exec(text);
    const at = start + (/^\s*/.exec(text.slice(start))?.[0].length ?? 0);
    if (match === null) throw syntaxError(text, at, `"${text.charAt(at)}" means nothing here`);
    const { number, name, symbol, unit = "" } = match.groups ?? {};
    const kind = number !== undefined ? "number" : name !== undefined ? "name" : "symbol";
    found.push({ kind, text: number ?? name ?? symbol ?? "", unit, at });
  }
  return found;
}
