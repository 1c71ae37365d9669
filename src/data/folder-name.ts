/** How a folder of one's own is told from a data set that is known by name. */

/** Whether there is a dot or a slash in it. */
export function isFolderName(name: string): boolean {
  return /[./\\]/.test(name);
}
