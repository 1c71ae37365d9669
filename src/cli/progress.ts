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
  return stderr.isTTY ? barScreen(stderr, say) : lineScreen(say);
}

const silentTask: ProgressTask = { advance: () => {}, at: () => {}, done: () => {} };

function lineScreen(say: (text: string) => void): Screen {
  const start: Progress["start"] = ({ title, total: expected, unit }) => {
    const began = performance.now();
    let value = 0;
    let said = began;
    const show = (total: number, detail: string) => {
      const now = performance.now();
      if (now - said < LINE_EVERY * 1000 || value >= total) return;
      said = now;
      const left = timeLeft({ began, value, total });
      say(`${title} ${value}/${total} ${unit}, ${left} left${detail === "" ? "" : `, ${detail}`}`);
    };
    const task: ProgressTask = {
      advance: (by, detail = "") => {
        value += by;
        show(expected, detail);
      },
      at: (done, total, detail = "") => {
        value = done;
        show(total, detail);
      },
      done: () => {},
    };
    return task;
  };
  return { progress: { start }, note: say, clear: () => {} };
}

function barScreen(stderr: Terminal, say: (text: string) => void): Screen {
  let current: SingleBar | null = null;
  const clear = () => {
    current?.stop();
    current = null;
  };
  const start: Progress["start"] = ({ title, total, unit }) => {
    clear();
    const began = performance.now();
    const bar = new SingleBar({
      stream: stderr,
      format: `${title} {bar} {value}/{total} ${unit}, {left} left{detail}`,
      barsize: 24,
      hideCursor: null,
      clearOnComplete: true,
      fps: 5,
    });
    bar.start(total, 0, { left: "?", detail: "" });
    current = bar;
    let value = 0;
    const show = (detail: string) => {
      const left = timeLeft({ began, value, total: bar.getTotal() });
      bar.update(value, { left, detail: detail === "" ? "" : `, ${detail}` });
    };
    const task: ProgressTask = {
      advance: (by, detail = "") => {
        value += by;
        show(detail);
      },
      at: (done, newTotal, detail = "") => {
        value = done;
        bar.setTotal(newTotal);
        show(detail);
      },
      done: () => {
        if (current === bar) clear();
      },
    };
    return task;
  };
  const note = (text: string) => {
    if (current !== null) stderr.write("\r\u001b[K");
    say(text);
    current?.render();
  };
  return { progress: { start }, note, clear };
}

function timeLeft({
  began,
  value,
  total,
}: {
  readonly began: number;
  readonly value: number;
  readonly total: number;
}): string {
  return value <= 0 ? "?" : timeText(((performance.now() - began) / 1000) * (total / value - 1));
}

/** `45s`, `3m 20s`, `2h 05m`. */
export function timeText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  if (hours > 0) return `${hours}h ${String(minutes).padStart(2, "0")}m`;
  return minutes > 0 ? `${minutes}m ${String(rest).padStart(2, "0")}s` : `${rest}s`;
}
