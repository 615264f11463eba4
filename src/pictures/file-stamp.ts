/** Recognizes changed files without reading them. */
import type { Stats } from 'node:fs';

/** What identifies a version of a file, so that a changed file is recognized without reading it. */
export interface FileStamp {
  /** In bytes. */
  readonly size: number;
  /** The time of the last change of the contents, in milliseconds. Programs can set it to any time. */
  readonly modified: number;
  /** The time of the last change of the contents, name, permissions or times, in milliseconds. Only the system sets it. */
  readonly changed: number;
}

export function stampOf({ size, mtimeMs, ctimeMs }: Stats): FileStamp {
  return { size, modified: mtimeMs, changed: ctimeMs };
}
