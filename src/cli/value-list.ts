/**
 * Lists of values of a flag, for `sweep`:
 *
 *     0.05,0.1,0.2        these three
 *     0..2                0, 1 and 2
 *     0.1..0.3:0.1        from 0.1 to 0.3 in steps of 0.1
 *     0..2,10             items may be mixed
 *     a:x=1,y=2,b         a name with numbers, and another name
 */
import { UsageError } from '../errors.ts';
import { type FlagKind, readValue } from './flag.ts';

type Value = string | number | boolean;

/** The maximum number of values in a list. */
const mostValues = 1000;
const numeral = '[+-]?(?:\\d[\\d_]*\\.?\\d*|\\.\\d+)(?:e[+-]?\\d+)?';
const range = /^(.*?)\.\.(.*?)(?::(.*))?$/;
const whole = new RegExp(`^${numeral}$`, 'i');

/** Whether a text looks like a list or a range. */
export function looksLikeList(text: string | undefined): boolean {
  return text !== undefined && /,|\.\./.test(text);
}

/** Parses a list of values of a flag, in the order in which they are written. Each one is checked like a single value.
 * @param written the name of the flag for messages, such as `--seed`
 * @throws UsageError for a value that the flag does not take, an empty item, a value given twice, or too many values */
export function readValues(flag: FlagKind, written: string, text: string | undefined): readonly Value[] {
  const isNumber = flag.kind === 'integer' || flag.kind === 'number';
  const values: Value[] = [];
  for (const item of text === undefined ? [undefined] : itemsOf(flag, text)) {
    const [, first, last, step] = (isNumber && range.exec(item ?? '')) || [];
    if (first === undefined || last === undefined)
      values.push(readValue(flag, written, item === '' ? undefined : item?.trim()));
    else values.push(...readRange(flag, written, { text: item ?? '', first, last, step }));
    if (values.length > mostValues)
      throw new UsageError(`${written}: at most ${mostValues.toLocaleString('en-US')} values, found more`);
  }
  const twice = values.find((value, index) => values.indexOf(value) < index);
  if (twice !== undefined) throw new UsageError(`${written}: ${twice} is given twice`);
  return values;
}

/** Splits a list into its items. `name:key=1,other=2`, as networks are written, is one item. */
function itemsOf({ kind }: FlagKind, text: string): readonly string[] {
  const items: string[] = [];
  for (const piece of text.split(',')) {
    const last = items.at(-1);
    const continues = kind === 'string' && last?.includes(':') === true && /^[^:=]+=/.test(piece);
    if (continues) items[items.length - 1] = `${last},${piece}`;
    else items.push(piece);
  }
  return items;
}

interface WrittenRange {
  readonly text: string;
  readonly first: string;
  readonly last: string;
  readonly step: string | undefined;
}

/** Returns the numbers of a range, including both ends. A range of whole numbers may omit its step, which is then 1. */
function readRange(
  flag: FlagKind,
  written: string,
  { text, first, last, step }: WrittenRange,
): readonly Value[] {
  const number = (part: string) => {
    if (!whole.test(part.trim()) || text.includes('...'))
      throw new UsageError(
        `${written}: expected a range such as 0..2 or 0.1..0.3:0.1, found ${JSON.stringify(text)}`,
      );
    return Number(
      readValue({ ...flag, kind: 'number', minimum: -Infinity } as FlagKind, written, part.trim()),
    );
  };
  const [from, to] = [number(first), number(last)];
  if (flag.kind === 'integer') for (const part of [first, last]) readValue(flag, written, part.trim());
  if (step === undefined && !(Number.isInteger(from) && Number.isInteger(to)))
    throw new UsageError(
      `${written}: found ${JSON.stringify(text)}, but a range of fractions needs a step, as in ${first}..${last}:0.1`,
    );
  const by = step === undefined ? 1 : number(step);
  if (!(by > 0))
    throw new UsageError(`${written}: the step of a range must be above 0, found ${JSON.stringify(text)}`);
  if (from > to)
    throw new UsageError(
      `${written}: a range must be in ascending order, found ${JSON.stringify(text)}. Write ${last}..${first}${step === undefined ? '' : `:${step}`}`,
    );
  const count = Math.floor((to - from) / by + 1e-9) + 1;
  if (count > mostValues)
    throw new UsageError(
      `${written}: at most ${mostValues.toLocaleString('en-US')} values, found ${count.toLocaleString('en-US')} in ${JSON.stringify(text)}`,
    );
  // The sums of decimal fractions are rounded, so that 0.1 + 0.2 is 0.3 and not 0.30000000000000004.
  return Array.from({ length: count }, (_, index) =>
    readValue(flag, written, String(Number((from + index * by).toPrecision(12)))),
  );
}
