/** A console that also writes its lines to the log of a run, without the line at the bottom: also those that `--quiet` hides, and as text
 * with `--json`. */
import type { RunLog } from '../run/run-log.ts';
import type { Console } from './console.ts';
import { inFlags } from './option-flags.ts';

export function loggedConsole(console: Console, log: Pick<RunLog, 'add'>): Console {
  return {
    ...console,
    line: (text, event, shorter) => {
      log.add(text);
      console.line(text, event, shorter);
    },
    result: (text, event) => {
      log.add(text);
      console.result(text, event);
    },
    warn: (text, event) => {
      log.add(`warning: ${inFlags(text)}`);
      console.warn(text, event);
    },
    error: (text, event) => {
      log.add(text);
      console.error(text, event);
    },
  };
}
