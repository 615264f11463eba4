/** How a file is read. Separate, because the library exports it and its declarations must not need Node's types. */
export interface ReadOptions {
  /** Whether to follow a symbolic link in the last part of the path. Default: `follow`. */
  readonly links?: 'follow' | 'refuse';
  /** Maximum size; larger files are refused. Default: no limit. */
  readonly maximumBytes?: number;
}
