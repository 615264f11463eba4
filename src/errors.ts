/**
 * Errors that a command or a call of the library can end with; anything else that is thrown is a bug. A message says where,
 * what was found, what was expected and what to do. `code` tells them apart where `instanceof` cannot (two copies of the
 * package); `cause` is the error of the system underneath, if there is one.
 */

/** What can be refused from the command line alone, before the disk is read. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'CIFAR10_USAGE';
}

/** Failures that a caller may want to react to, by code, with their data. */
export interface Failures {
  /** Another process uses the folder. `pid` and `host` are null where the lock does not say. */
  CIFAR10_FOLDER_IN_USE: {
    readonly folder: string;
    readonly pid: number | null;
    readonly host: string | null;
  };
  /** Another process took the folder while this one was suspended. */
  CIFAR10_FOLDER_LOST: { readonly folder: string };
  /** `option` names the folder, such as `trainDir`. */
  CIFAR10_NOT_WRITABLE: { readonly folder: string; readonly option: string };
  /** Other users could replace files in the folder. */
  CIFAR10_NOT_TRUSTED: { readonly folder: string; readonly option: string };
  /** The checkpoint to resume from belongs to another run. */
  CIFAR10_OTHER_RUN: {
    readonly checkpoint: string;
    readonly differences: readonly {
      readonly what: string;
      readonly stored: string;
      readonly requested: string;
    }[];
  };
  CIFAR10_NO_CHECKPOINT: { readonly folder: string };
  /** A loss or variable is infinite or not a number. `checkpoint` is the last one, null if there is none. */
  CIFAR10_DIVERGED: { readonly step: number; readonly checkpoint: string | null };
  CIFAR10_DATA_MISSING: { readonly dataset: string; readonly path: string };
  CIFAR10_DATA_DAMAGED: { readonly dataset: string; readonly path: string };
  CIFAR10_ENGINE_UNAVAILABLE: { readonly engine: string; readonly precision: string };
  CIFAR10_OUT_OF_MEMORY: { readonly neededBytes: number };
}
type Failure = {
  readonly [C in keyof Failures]: { readonly code: C; readonly data: Failures[C] };
}[keyof Failures];

/** A request that was understood and could not be carried out: a missing file, a damaged checkpoint. Exit code 1. The message
 * names options as the library does, in backticks. */
export class RunError extends Error {
  override readonly name = 'RunError';
  readonly code: keyof Failures | 'CIFAR10_RUN';
  /** By `code`; undefined for `CIFAR10_RUN`. */
  readonly data: Failure['data'] | undefined;

  constructor(message: string, options: ErrorOptions & (Failure | { readonly code?: never }) = {}) {
    super(message, options);
    this.code = options.code ?? 'CIFAR10_RUN';
    this.data = options.code === undefined ? undefined : options.data;
  }
}

/** The data of an error with this code, in whichever realm it was made; undefined for other errors. */
export function failureData<C extends keyof Failures>(thrown: unknown, code: C): Failures[C] | undefined {
  return errorCode(thrown) === code ? (thrown as { readonly data?: Failures[C] }).data : undefined;
}

/** A request that the user stopped (Ctrl-C). The message says what was saved. */
export class StoppedError extends Error {
  override readonly name = 'StoppedError';
  readonly code = 'ABORT_ERR';
}

/** @throws StoppedError when a stop was requested */
export function requireRunning(signal: AbortSignal | undefined, kept = 'nothing was changed'): void {
  if (signal?.aborted === true) throw new StoppedError(kept);
}

/** A graph that makes no sense: shapes that do not fit, a name taken twice. Names the operator and its shapes. */
export class GraphError extends Error {
  override readonly name = 'GraphError';
  readonly code = 'CIFAR10_GRAPH';
}

/** The message of anything thrown. Errors of another realm (a test runner's sandbox) are not `instanceof Error`. */
export function messageOf(thrown: unknown): string {
  if (typeof thrown === 'object' && thrown !== null && 'message' in thrown) return String(thrown.message);
  return String(thrown);
}

/** The stack of anything thrown, with those of its causes; empty where it has none. */
export function stackOf(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) return '';
  const stack = 'stack' in thrown ? String(thrown.stack) : '';
  const cause = 'cause' in thrown ? stackOf(thrown.cause) : '';
  return cause === '' ? stack : `${stack}\nCaused by: ${cause}`;
}

/** The `code` of an error, such as `ENOENT`, in whichever realm it was made; undefined where it has none. */
export function errorCode(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}
