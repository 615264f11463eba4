/**
 * The two ways in which a person's request can fail. Anything else that is thrown is a fault of ours.
 * A message says where, what was found, what was expected and what to do.
 */

/** What can be refused from the command line alone, before the disk is read. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A request that was understood and could not be carried out: a missing file, a damaged checkpoint. Exit code 1. */
export class RunError extends Error {
  override readonly name = 'RunError';
}

/** A graph that makes no sense: shapes that do not fit, a name taken twice. Names the operator and its shapes. */
export class GraphError extends Error {
  override readonly name = 'GraphError';
}

/** What an unknown thrown thing says. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
