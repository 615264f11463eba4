/** How numbers stand in a sentence. */

/** A number and its noun: `1 thread`, `2 threads`, `0 threads`, `10,000 steps`.
 * @param plural where it is not the singular with an s */
export function counted(number: number, singular: string, plural: string = `${singular}s`): string {
  return `${number.toLocaleString('en-US')} ${number === 1 ? singular : plural}`;
}

/** Bytes as people read them: `512 MB`, `1.5 GB`. */
export function byteSize(bytes: number): string {
  const [size, unit, digits] = bytes < 2 ** 30 ? [2 ** 20, 'MB', 0] : [2 ** 30, 'GB', 1];
  return `${(bytes / size).toFixed(digits)} ${unit}`;
}
