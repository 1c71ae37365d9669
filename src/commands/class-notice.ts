/** What to say where a network is attacked on other classes than it was trained on, which nothing else would show. */
import type { ImageSet } from "../data/image-set.js";
import type { OpenNetwork } from "./attack-targets.js";

const SHOWN = 3;

/** A sentence; null where the checkpoint names the same classes in the same order, or none and there are as many. */
export function classNotice({ file, reference }: OpenNetwork, { name, classes }: ImageSet): string | null {
  const trained = file.checkpoint.data?.classes;
  const isSame = trained === undefined ? classes.length === file.network.classes : trained.join() === classes.join();
  if (isSame) return null;
  const its =
    trained === undefined ? `has ${file.network.classes} classes` : `was trained on ${told(trained, " classes")}`;
  return `${reference.path} ${its}; ${name} has ${told(classes)}: labels may mean other things to the network`;
}

function told(classes: readonly string[], what = ""): string {
  const more = classes.length > SHOWN ? ", …" : "";
  return `${classes.length}${what} (${classes.slice(0, SHOWN).join(", ")}${more})`;
}
