/** What a resource is: content with a path below `data/`, made from the files of the runs. */
import type { FileHandle } from 'node:fs/promises';
import type { KnownRun, RunSource } from './collect/source.ts';

/** Where a path leads. */
export interface Place {
  readonly source: RunSource;
  /** Whether the source is followed, as by the server. */
  readonly isLive: boolean;
  readonly known: KnownRun;
  /** The tag in the path, or an empty text. */
  readonly tag: string;
  /** The number in the path, or 0. */
  readonly number: number;
}

export interface Resource {
  /**
   * The path. `RUN` stands for the id of a run, `TAG` for the id of a tag, and `N` for a number. Letters, digits, `-`, `_` and `.` are
   * the only other characters, so that no path has to be decoded.
   */
  readonly pattern: string;
  readonly type: string;
  /** Returns the content, or undefined if there is none. */
  readonly make: (place: Place) => Promise<Uint8Array | string | undefined>;
  /** Opens the file that is the content, if it is one, so that the server need not hold it in memory. The caller closes it. */
  readonly open?: (place: Place) => Promise<FileHandle | undefined>;
  /** Returns what the path has in the place of `TAG` or `N`, for all contents of a run. A path without them has one content (`['']`)
   * or none. */
  readonly list: (place: Place) => Promise<readonly string[]>;
}

export const jsonType = 'application/json; charset=utf-8';

/** The paths without a placeholder exist always. */
export const always = async (): Promise<readonly string[]> => [''];
