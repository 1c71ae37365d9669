/** The model of a run that begins with a checkpoint: the checkpoint's own, unless another one is asked for. */
import { InputError, UsageError } from "../core/errors.js";
import type { ImageSet } from "../data/image-set.js";
import { type CatalogModel, catalogModel } from "../models/catalog.js";
import { type NetworkFile, readNetworkFile } from "../models/network-file.js";
import type { CommandContext } from "./command.js";

export interface ModelOptions {
  readonly model: string;
  readonly width: number;
  readonly initFrom: string | null;
  readonly maskFrom: string | null;
  readonly resume: boolean;
}

/** A name and width as options have them, and the graph that they stand for. */
export interface ChosenModel {
  readonly name: string;
  readonly width: number;
  /** Whether name and width are a checkpoint's, in place of the options' defaults. */
  readonly isTaken: boolean;
  readonly model: CatalogModel;
}

/**
 * With `--init-from` or else `--mask-from` the checkpoint's graph, of whatever kind, unless `--model` names another. UsageError
 * for a width that is not the checkpoint's, InputError where its images or classes are not those of `images`.
 */
export async function chosenModel(
  options: ModelOptions,
  { given }: Pick<CommandContext, "given">,
  images: ImageSet,
): Promise<ChosenModel> {
  requirePaths(options);
  const path = options.initFrom ?? options.maskFrom;
  const file = path === null ? null : await readNetworkFile(path);
  // A run that goes on has its model from its own beginning.
  const isAsked = given.has("model") || options.resume;
  const name = file?.checkpoint.model?.name ?? null;
  if (path === null || file === null || (isAsked ? options.model !== name : name === null))
    return { name: options.model, width: options.width, isTaken: false, model: fromCatalog(options, images) };
  const width = file.checkpoint.model?.width ?? 1;
  const isOther = width !== options.width && (isAsked || given.has("width"));
  if (isOther && isAsked)
    return { name: options.model, width: options.width, isTaken: false, model: fromCatalog(options, images) };
  if (isOther)
    throw new UsageError(
      `--width ${options.width}: ${path} has width ${width}, which the run begins with; leave --width out`,
    );
  requireImages(file, images, path);
  return { name: name ?? options.model, width, isTaken: !isAsked, model: ofFile(file, { model: name ?? "", width }) };
}

/** A run's records have a checkpoint's digest in place of its path, so who resumes it says where the file lies. */
function requirePaths({ initFrom, maskFrom, resume }: ModelOptions): void {
  for (const [flag, path] of Object.entries({ "init-from": initFrom, "mask-from": maskFrom }))
    if (resume && path !== null && /^[0-9a-f]{64}$/.test(path))
      throw new UsageError(
        `--resume: the run began with a checkpoint (sha256 ${path.slice(0, 12)}…); name where it lies: --${flag} FILE`,
      );
}

function fromCatalog({ model, width }: Pick<ModelOptions, "model" | "width">, images: ImageSet): CatalogModel {
  const input = [images.height, images.width, images.channels] as const;
  return catalogModel({ name: model, width, input, classes: images.classes.length });
}

function requireImages({ network }: NetworkFile, images: ImageSet, path: string): void {
  const found = [images.height, images.width, images.channels];
  if (found.join() !== network.input.join())
    throw new InputError(
      `${path}: takes images of ${network.input.join("×")}; those of --data ${images.name} are ${found.join("×")}`,
    );
  if (images.classes.length !== network.classes)
    throw new InputError(`${path}: has ${network.classes} classes; --data ${images.name} has ${images.classes.length}`);
}

/** The method's initial densities are known of networks that have a name; all others begin with one density everywhere. */
function ofFile({ network }: NetworkFile, { model, width }: Pick<ModelOptions, "model" | "width">): CatalogModel {
  const { graph, input, classes } = network;
  try {
    const { initialDensity } = catalogModel({ name: model, width, input, classes });
    return { graph, input, classes, initialDensity };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { graph, input, classes, initialDensity: new Map() };
  }
}
