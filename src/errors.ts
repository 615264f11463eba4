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

/** A request that was understood and could not be carried out: a missing file, a damaged checkpoint. Exit code 1. */
export class RunError extends Error {
  override readonly name = 'RunError';
  readonly code = 'CIFAR10_RUN';
}

/** A request that a person ended before it was done (Ctrl-C). What is kept stands in the message. */
export class StoppedError extends Error {
  override readonly name = 'StoppedError';
  readonly code = 'ABORT_ERR';
}

/** @throws StoppedError when somebody has asked to stop. */
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
