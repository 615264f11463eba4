/** Options for reading a file. They are in a separate file because the library exports them, and its declarations
 * must not need Node's types. */
export interface ReadOptions {
  /** Whether to follow a symbolic link in the last part of the path. Default: `follow`. */
  readonly links?: 'follow' | 'refuse';
  /** The maximum size in bytes. Larger files are refused. Default: no limit. */
  readonly maximumBytes?: number;
}
