/** Yields the values in the event files of a run one by one. */
import { aFunction, aText, type OptionChecks, optional, requireOptions } from '../arguments.ts';
import { RunError } from '../errors.ts';
import type { SummaryValue } from './event.ts';
import { EventDecoder } from './event-decode.ts';
import { filesOf, readEvents } from './event-reader.ts';

/** A value that was read. Its `kind` says what else it has: `value` for a scalar, `histogram`, `image` (a PNG file), or the bytes
 * of a `plugin`. */
export type ReadSummary = SummaryValue & {
  readonly step: number;
  /** Seconds since 1970, with fractions. */
  readonly wallTime: number;
};

/** Options of `readSummaries`. */
export interface ReadSummariesOptions {
  /** Called for damage, which is skipped. Default: damage is thrown as an error. */
  readonly onWarning?: ((message: string) => void) | undefined;
}

const readChecks: OptionChecks<ReadSummariesOptions> = { onWarning: optional(aFunction) };

/** Yields the values of a run in the order in which they were written, including points that a resumed run wrote again. Only one
 * record is in memory at once. (`readRun` returns the curves as TensorBoard shows them.)
 * @param path the folder of a run (without its subfolders, which are other runs), or an event file
 * @throws UsageError for an argument that is unknown or of another type
 * @throws RunError when no event file is found, or it cannot be read or is damaged
 * @example
 * import { readSummaries } from 'cifar10-ts/tensorboard';
 *
 * for await (const summary of readSummaries('run'))
 *   if (summary.kind === 'scalar') console.log(summary.tag, summary.step, summary.value); */
export async function* readSummaries(
  path: string,
  options: ReadSummariesOptions = {},
): AsyncGenerator<ReadSummary, void, undefined> {
  aText('path', path);
  requireOptions(options, readChecks);
  const { onWarning } = options;
  const decoder = new EventDecoder();
  const onDamage = onWarning && (({ what }: { readonly what: string }) => onWarning(what));
  for (const file of await filesOf(path)) {
    try {
      for await (const { event } of readEvents(file, { decoder, ...(onDamage && { onDamage }) })) {
        const { step, wallTime, content } = event;
        if (content.kind === 'summary')
          for (const value of content.values) yield { ...value, step, wallTime };
      }
    } catch (error) {
      if (onWarning === undefined || !(error instanceof RunError)) throw error;
      onWarning(error.message);
    }
  }
}
