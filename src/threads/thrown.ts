/** Serializes errors for another thread, because structured clone would lose their class, code and other fields. */
import { GraphError, messageOf, RunError, StoppedError, UsageError } from '../errors.ts';

export interface Thrown {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly cause: Thrown | undefined;
  /** The error's own fields, such as `code` and `path`, as far as they can be copied. */
  readonly fields: Readonly<Record<string, unknown>>;
}

const classes: Readonly<Record<string, new (message: string, options?: ErrorOptions) => Error>> = {
  ...{ RunError, UsageError, GraphError, StoppedError },
  ...{ TypeError, RangeError, SyntaxError },
};

/** Serializes anything that was thrown. (`instanceof` is not used, because it does not recognize errors from another realm.) */
export function packError(thrown: unknown): Thrown {
  const error: Partial<Error> = typeof thrown === 'object' && thrown !== null ? thrown : {};
  const fields = Object.entries(error).filter(([key, value]) => key !== 'cause' && isCopied(value));
  return {
    name: error.name ?? 'Error',
    message: messageOf(thrown),
    stack: error.stack,
    cause: error.cause === undefined ? undefined : packError(error.cause),
    fields: Object.fromEntries(fields),
  };
}

/** Restores the error, with the stack of the thread that threw it. */
export function unpackError({ name, message, stack, cause, fields }: Thrown): Error {
  const ErrorClass = classes[name] ?? Error;
  const error = new ErrorClass(message, cause && { cause: unpackError(cause) });
  if (error.name !== name) error.name = name;
  if (stack !== undefined) error.stack = stack;
  return Object.assign(error, fields);
}

function isCopied(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}
