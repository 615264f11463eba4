/** The flags of a command line as words, for the commands that are suggested in messages. */
import { shellWord } from '../disk/shell-word.ts';
import { writtenName } from './flag.ts';

/** Returns the flags that were given, such as `--seed 0,1 --max-steps 100`, except `--quiet` and `--json`.
 * @param flags the values by name, such as `maxSteps`
 * @param given the names as written, such as `max-steps`
 * @param except the names of other flags to leave out */
export function givenWords(
  flags: object,
  given: ReadonlySet<string>,
  except: readonly string[] = [],
): string {
  const isKept = ([name]: readonly [string, unknown]) =>
    given.has(writtenName(name)) && !['quiet', 'json', ...except].includes(name);
  const words = ([name, value]: readonly [string, unknown]) => {
    if (typeof value === 'boolean') return `--${value ? '' : 'no-'}${writtenName(name)}`;
    return `--${writtenName(name)} ${shellWord(Array.isArray(value) ? value.join() : String(value))}`;
  };
  return Object.entries<unknown>({ ...flags })
    .filter(isKept)
    .map(words)
    .join(' ');
}
