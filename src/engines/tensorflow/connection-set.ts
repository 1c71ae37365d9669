/** The connections of one kernel as the host knows them: ascending positions, kept in step with the device. */

export class ConnectionSet {
  #positions: Uint32Array;

  /** Ascending; the array becomes the set's own. */
  constructor(positions: Uint32Array) {
    this.#positions = positions;
  }

  get count(): number {
    return this.#positions.length;
  }

  /** Not a copy; it must not be changed. */
  get positions(): Uint32Array {
    return this.#positions;
  }

  has(position: number): boolean {
    return this.#positions[this.#firstFrom(position)] === position;
  }

  /** Takes away those of `changed` (ascending) that are there and adds those that are not. */
  toggle(changed: ArrayLike<number>): void {
    if (changed.length === 0) return;
    const before = this.#positions;
    const merged = new Uint32Array(before.length + changed.length);
    let count = 0;
    let i = 0;
    for (let j = 0; j < changed.length; j++) {
      const position = changed[j] as number;
      while (i < before.length && (before[i] as number) < position) merged[count++] = before[i++] as number;
      if (before[i] === position) i++;
      else merged[count++] = position;
    }
    merged.set(before.subarray(i), count);
    this.#positions = merged.slice(0, count + before.length - i);
  }

  /** Index of the first position that is not below `position`. */
  #firstFrom(position: number): number {
    let low = 0;
    let high = this.#positions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#positions[middle] as number) < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
