/** The first SIGINT or SIGTERM asks the command to save and end; a second one ends it at once. */
import { exitCodeOf, type Signal } from "../commands/command.js";

export interface Interruption {
  readonly signal: () => Signal | null;
  /** Takes the handlers away, so that a signal ends the process again. */
  readonly release: () => void;
}

export function watchSignals(whenInterrupted: (signal: Signal) => void): Interruption {
  let caught: Signal | null = null;
  const handle = (signal: Signal) => {
    if (caught !== null) process.exit(exitCodeOf(signal));
    caught = signal;
    whenInterrupted(signal);
  };
  const onInterrupt = () => handle("SIGINT");
  const onTerminate = () => handle("SIGTERM");
  process.on("SIGINT", onInterrupt);
  process.on("SIGTERM", onTerminate);
  const release = () => {
    process.off("SIGINT", onInterrupt);
    process.off("SIGTERM", onTerminate);
  };
  return { signal: () => caught, release };
}
