/** Progress on stderr: a bar with the time left on a terminal, a line now and then elsewhere, nothing with `--quiet`. */
import { SingleBar } from "cli-progress";
import type { Progress, ProgressTask } from "../commands/command.js";

/** Seconds between two lines where stderr is no terminal; the first comes after the same time, so short work is silent. */
const LINE_EVERY = 20;

/** Standard error, or what stands for it. */
type Terminal = NodeJS.WritableStream & { readonly isTTY?: boolean };

/** Messages and progress share stderr, so a message makes room for itself above the bar. */
export interface Screen {
  readonly progress: Progress;
  readonly note: (text: string) => void;
  /** Takes a bar that is still there off the screen. */
  readonly clear: () => void;
}

export function screenFor(options: {
  readonly name: string;
  readonly quiet: boolean;
  readonly stderr: Terminal;
}): Screen {
  const { name, quiet, stderr } = options;
  if (quiet) return { progress: { start: () => silentTask }, note: () => {}, clear: () => {} };
  const say = (text: string) => stderr.write(`${name}: ${text}\n`);
  return stderr.isTTY ? new BarScreen(stderr, say) : lineScreen(say);
}

const silentTask: ProgressTask = { advance: () => {}, at: () => {}, done: () => {} };

function lineScreen(say: (text: string) => void): Screen {
  const start: Progress["start"] = ({ title, total: expected, unit }) => {
    const began = performance.now();
    let said = began;
    const show: Show = ({ value, total }, detail) => {
      const now = performance.now();
      if (now - said < LINE_EVERY * 1000 || value >= total) return;
      said = now;
      const left = timeLeft({ began, value, total });
      say(`${title} ${value}/${total} ${unit}, ${left} left${detail === "" ? "" : `, ${detail}`}`);
    };
    return countingTask(expected, show, () => {});
  };
  return { progress: { start }, note: say, clear: () => {} };
}

class BarScreen implements Screen {
  readonly #stderr: Terminal;
  readonly #say: (text: string) => void;
  #current: SingleBar | null = null;

  constructor(stderr: Terminal, say: (text: string) => void) {
    this.#stderr = stderr;
    this.#say = say;
  }

  readonly progress: Progress = { start: (work) => this.#start(work) };

  readonly note = (text: string): void => {
    if (this.#current !== null) this.#stderr.write("\r\u001b[K");
    this.#say(text);
    this.#current?.render();
  };

  readonly clear = (): void => {
    this.#current?.stop();
    this.#current = null;
  };

  #start({ title, total: expected, unit }: Parameters<Progress["start"]>[0]): ProgressTask {
    this.clear();
    const began = performance.now();
    const bar = new SingleBar({
      stream: this.#stderr,
      format: `${title} {bar} {value}/{total} ${unit}, {left} left{detail}`,
      barsize: 24,
      hideCursor: null,
      clearOnComplete: true,
      fps: 5,
    });
    bar.start(expected, 0, { left: "?", detail: "" });
    this.#current = bar;
    const show: Show = ({ value, total }, detail) => {
      bar.setTotal(total);
      bar.update(value, { left: timeLeft({ began, value, total }), detail: detail === "" ? "" : `, ${detail}` });
    };
    return countingTask(expected, show, () => {
      if (this.#current === bar) this.clear();
    });
  }
}

type Show = (counted: { readonly value: number; readonly total: number }, detail: string) => void;

/** Keeps the count that `show` shows. */
function countingTask(expected: number, show: Show, done: () => void): ProgressTask {
  let [value, total] = [0, expected];
  return {
    advance: (by, detail = "") => {
      value += by;
      show({ value, total }, detail);
    },
    at: (newValue, newTotal, detail = "") => {
      [value, total] = [newValue, newTotal];
      show({ value, total }, detail);
    },
    done,
  };
}

interface Pace {
  /** By `performance.now()`. */
  readonly began: number;
  readonly value: number;
  readonly total: number;
}

function timeLeft({ began, value, total }: Pace): string {
  return value <= 0 ? "?" : timeText(((performance.now() - began) / 1000) * (total / value - 1));
}

/** `45s`, `3m 20s`, `2h 05m`. */
export function timeText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  if (hours > 0) return `${hours}h ${String(minutes).padStart(2, "0")}m`;
  return minutes > 0 ? `${minutes}m ${String(rest).padStart(2, "0")}s` : `${rest}s`;
}
