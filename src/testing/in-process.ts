/** Runs commands of the program in the process of the test. This takes a third of the time of a separate process, because
 * modules are loaded and threads started only once. It is for tests of what a command does and prints; `program` is for
 * tests of the process itself. */
import { execute } from '../cli/execute.ts';
import { Membership } from '../cli/membership.ts';
import { Interruption } from '../cli/signals.ts';
import { type Outcome, shellCodeOf } from './program.ts';

/** Runs `cifar10` with these words. `onLine` receives its standard output line by line, and can send it signals that it
 * listens for.
 * @param membership how the process takes part in an MPI job. By default, it is alone */
export async function cifar10(
  words: readonly string[],
  onLine?: (line: string, kill: (signal: NodeJS.Signals) => void) => void,
  membership: Membership = new Membership(words, {}),
): Promise<Outcome> {
  const listeners = new Map<NodeJS.Signals, () => void>();
  const kill = (signal: NodeJS.Signals) => listeners.get(signal)?.();
  const interruption = new Interruption({
    listenTo: (name, listener) => void listeners.set(name, listener),
    endBy: () => undefined,
    exit: () => undefined,
  });
  let [output, errors, rest] = ['', '', ''];
  const out = (text: string) => {
    output += text;
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine?.(line, kill);
  };
  const err = (text: string) => {
    errors += text;
  };
  const code = await execute(words, {
    streams: { out: { write: out }, err: { write: err } },
    interruption,
    drained: () => Promise.resolve(),
    flushBriefly: () => Promise.resolve(),
    startWatchdog: () => () => undefined,
    membership,
  });
  return { code, signal: null, shellCode: shellCodeOf(code, null), output, errors };
}
