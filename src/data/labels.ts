/** Labels as files hold them, checked before anything is learned from them. */
import { InputError } from "../core/errors.js";

export interface LabelRange {
  /** The file, and where in it there is more than one array. */
  readonly where: string;
  /** Smallest and largest label. */
  readonly from: number;
  readonly to: number;
}

/** InputError, naming the image, for a label that is no integer of the range. */
export function requireLabels(values: ArrayLike<number>, { where, from, to }: LabelRange): void {
  for (let image = 0; image < values.length; image++) {
    const label = values[image] as number;
    if (!Number.isInteger(label) || label < from || label > to)
      throw new InputError(`${where}: image ${image} has the label ${label}; labels run from ${from} to ${to}`);
  }
}
