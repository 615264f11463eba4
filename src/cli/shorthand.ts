/** Shorthands: boolean flags that stand for values of another flag, such as `--use-fp16` for `--precision float16`. */
import { UsageError } from '../errors.ts';
import { type CommandName, type Flag, takesList, writtenName } from './flag.ts';
import { flagTable } from './flag-table.ts';
import type { ReadWords } from './grammar.ts';

type Values = ReadWords['values'];

/** Replaces the shorthands among the values that were given by what they stand for.
 * @throws UsageError for a shorthand that contradicts the other flag */
export function withoutShorthands(command: CommandName, given: Values): Values {
  const values = new Map(given);
  for (const [key, flag] of Object.entries<Flag>(flagTable)) {
    const name = writtenName(key);
    const isSet = values.get(name);
    if (flag.kind !== 'boolean' || flag.standsFor === undefined || typeof isSet !== 'boolean') continue;
    values.delete(name);
    const { flag: other, ifTrue, ifFalse } = flag.standsFor;
    const target = flagTable[other];
    const found = values.get(writtenName(other));
    if (found === undefined) {
      const value = isSet ? ifTrue : ifFalse;
      values.set(writtenName(other), takesList(target, command) ? [value] : value);
      continue;
    }
    const others = [found].flat();
    // `--no-use-fp16` allows every precision but float16.
    const agrees = isSet ? others.every((one) => one === ifTrue) : !others.includes(ifTrue);
    if (agrees) continue;
    const written = `--${writtenName(other)}`;
    throw new UsageError(
      isSet
        ? `--${name} means ${written} ${ifTrue}, but found ${written} ${others.join()}; leave out one of the two flags`
        : `--no-${name} excludes ${written} ${ifTrue}; leave out one of the two flags`,
    );
  }
  return values;
}
