/**
 * The errors with which a command or a call of the library can end. Anything else that is thrown is a bug. A message says
 * where the error is, what was found, what was expected, and what to do. `code` distinguishes errors where `instanceof`
 * cannot (if there are two copies of the package). `cause` is the underlying error of the system, if there is one.
 */

/** A request that can be refused from the command line alone, before any file is read. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'CIFAR10_USAGE';
}

/** The failures that a caller may want to handle: each code with its data. */
export interface Failures {
  /** Another process uses the folder. `pid` and `host` are null if the lock does not contain them. */
  CIFAR10_FOLDER_IN_USE: {
    readonly folder: string;
    readonly pid: number | null;
    readonly host: string | null;
  };
  /** Another process took over the folder while this one was suspended. */
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
  /** A loss or variable is infinite or not a number. `checkpoint` is the last one, or null if there is none. */
  CIFAR10_DIVERGED: { readonly step: number; readonly checkpoint: string | null };
  CIFAR10_DATA_MISSING: { readonly dataset: string; readonly path: string };
  CIFAR10_DATA_DAMAGED: { readonly dataset: string; readonly path: string };
  CIFAR10_ENGINE_UNAVAILABLE: { readonly engine: string; readonly precision: string };
  CIFAR10_OUT_OF_MEMORY: { readonly neededBytes: number };
}
type Failure = {
  readonly [C in keyof Failures]: { readonly code: C; readonly data: Failures[C] };
}[keyof Failures];

/** A valid request that could not be carried out, for example because of a missing file or a damaged checkpoint. Exit code
 * 1. The message contains names of options as in the library, in backticks. */
export class RunError extends Error {
  override readonly name = 'RunError';
  readonly code: keyof Failures | 'CIFAR10_RUN';
  /** The data that belongs to `code`. It is undefined for `CIFAR10_RUN`. */
  readonly data: Failure['data'] | undefined;

  constructor(message: string, options: ErrorOptions & (Failure | { readonly code?: never }) = {}) {
    super(message, options);
    this.code = options.code ?? 'CIFAR10_RUN';
    this.data = options.code === undefined ? undefined : options.data;
  }
}

/** Returns the data of an error with this code, whichever realm made it, or undefined for other errors. */
export function failureData<C extends keyof Failures>(thrown: unknown, code: C): Failures[C] | undefined {
  return errorCode(thrown) === code ? (thrown as { readonly data?: Failures[C] }).data : undefined;
}

/** The user stopped the request (Ctrl-C). The message says what was saved. */
export class StoppedError extends Error {
  override readonly name = 'StoppedError';
  readonly code = 'ABORT_ERR';
}

/** Another process of an MPI job failed. That process reports why, and ends the job. */
export class FailedElsewhere extends Error {
  override readonly name = 'FailedElsewhere';
  readonly code = 'CIFAR10_FAILED_ELSEWHERE';
}

/** @throws StoppedError when a stop was requested */
export function requireRunning(signal: AbortSignal | undefined, kept = 'nothing was changed'): void {
  if (signal?.aborted === true) throw new StoppedError(kept);
}

/** An invalid graph, for example with shapes that do not fit or a duplicate name. The message contains the
 * operator and its shapes. */
export class GraphError extends Error {
  override readonly name = 'GraphError';
  readonly code = 'CIFAR10_GRAPH';
}

/** Returns the message of anything that was thrown. Errors of another realm (such as the sandbox of a test runner) are
 * not `instanceof Error`. */
export function messageOf(thrown: unknown): string {
  if (typeof thrown === 'object' && thrown !== null && 'message' in thrown) return String(thrown.message);
  return String(thrown);
}

/** Adds a line to the message of an error and returns the error, whose class, code and data stay the same. */
export function withLine(thrown: unknown, line: string): unknown {
  return typeof thrown === 'object' && thrown !== null
    ? Object.assign(thrown, { message: `${messageOf(thrown)}\n${line}` })
    : thrown;
}

/** Returns the stack of anything that was thrown, with the stacks of its causes, or an empty string if it has none. */
export function stackOf(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) return '';
  const stack = 'stack' in thrown ? String(thrown.stack) : '';
  const cause = stackOf(causeOf(thrown));
  return cause === '' ? stack : `${stack}\nCaused by: ${cause}`;
}

/** Returns the `cause` of anything that was thrown, or undefined if it has none. */
export function causeOf(thrown: unknown): unknown {
  return typeof thrown === 'object' && thrown !== null && 'cause' in thrown ? thrown.cause : undefined;
}

/** Returns the `code` of an error, such as `ENOENT`, whichever realm made it, or undefined if it has none. */
export function errorCode(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}
