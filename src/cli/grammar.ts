/**
 * The syntax of flags.
 *
 *     --max-steps 1000    --max-steps=1000    --max_steps=1000           max-steps: 1000
 *     --run-once          --run_once=true     --run-once T               run-once: true
 *     --no-run-once       --norun_once        --run-once=0               run-once: false
 *
 *     -- -thing           everything after -- is an argument, even if it starts with -
 *     -                   an argument (standard input, by convention)
 *
 * The programs of TensorFlow r0.11 accept underscores, `=true|t|1`, the value as a separate word, and `--no…`. They ignore
 * unknown flags, and read any other value of a boolean flag as false. This program reports an error in both cases.
 */

import { command as suggested } from '../command.ts';
import { UsageError } from '../errors.ts';
import { nearest } from '../nearest.ts';
import { enumeration } from '../wording.ts';
import { commandTable, isCommandName } from './command-table.ts';
import {
  type CommandName,
  type Flag,
  isFlagOf,
  isSwitch,
  isSwitchValue,
  readValue,
  takesList,
  writtenName,
} from './flag.ts';
import { flagTable } from './flag-table.ts';

import { inFlags } from './option-flags.ts';
import { looksLikeList, readValues } from './value-list.ts';

const flags: ReadonlyMap<string, Flag> = new Map(
  Object.entries(flagTable).map(([name, flag]) => [writtenName(name), flag]),
);

/** The flags that every command has. They are handled before the others. */
export const commonFlags = ['debug', 'help', 'version'] as const;

type Value = string | number | boolean;

export interface ReadWords {
  /** The values by flag name, such as `batch-size`. A value is a list if the command takes a list for the flag. If a flag is
   * repeated, its last value counts. */
  readonly values: ReadonlyMap<string, Value | readonly Value[]>;
  /** The positional arguments, if the command takes any. */
  readonly operands: readonly string[];
}

/** Parses the arguments of a command.
 * @throws UsageError for a flag that is unknown, incomplete, or one of another command */
export function readWords(command: CommandName, words: readonly string[]): ReadWords {
  const operands: string[] = [];
  const rest = [...words];
  const values = new Map<string, Value | readonly Value[]>();
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const takesOperands = commandTable[command].operand !== undefined;
    if (word === '--' && takesOperands) {
      operands.push(...rest.splice(0));
      continue;
    }
    if ((word === '-' || !word.startsWith('-')) && takesOperands) {
      operands.push(word);
      continue;
    }
    const found = findFlag(command, word);
    values.set(
      found.name,
      isSwitch(found.flag) ? switchValue(found, rest) : givenValue(command, found, rest),
    );
  }
  return { values, operands };
}

interface Found {
  /** The name, such as `batch-size`. */
  readonly name: string;
  readonly flag: Flag;
  readonly negated: boolean;
  /** The text after the `=`, or undefined if there is no `=`. */
  readonly inline: string | undefined;
}

/** Returns the value of the flag, from the text after its `=` or else from the next argument. */
function givenValue(
  command: CommandName,
  { name, flag, inline }: Found,
  rest: string[],
): Value | readonly Value[] {
  const text = inline ?? (rest[0]?.startsWith('--') ? undefined : rest.shift());
  if (takesList(flag, command)) return readValues(flag, `--${name}`, text);
  if (command === 'sweep' && flag.kind !== 'string' && looksLikeList(text))
    throw new UsageError(
      `--${name}: all runs of a sweep have the same value; expected one value, found ${JSON.stringify(text)}`,
    );
  return readValue(flag, `--${name}`, text);
}

function switchValue({ name, flag, negated, inline }: Found, rest: string[]): Value {
  if (negated && inline !== undefined)
    throw new UsageError(`--no-${name}: takes no value, found "${inline}"`);
  const text = negated ? 'false' : (inline ?? (isSwitchValue(flag, rest[0]) ? rest.shift() : 'true'));
  return readValue(flag, `--${name}`, text);
}

/** Returns the flag that an argument names. */
function findFlag(command: CommandName, word: string): Found {
  const odd = oddDash(word);
  if (odd !== undefined) throw new UsageError(odd);
  if (!word.startsWith('-')) {
    throw new UsageError(
      `${command}: found ${JSON.stringify(word)} where a flag was expected. See ${suggested(`${command} --help`)}`,
    );
  }
  const [, spelt = '', inline] = /^--([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
  const { name, negated } = resolveName(spelt.replaceAll('_', '-'));
  const written = `--${name}`;
  const flag = flags.get(name);
  if (flag === undefined) throw unknownFlag(command, word);

  if (!isFlagOf(flag, command)) throw notOf(command, written, flag);
  return { name, flag, negated, inline };
}

function notOf(command: CommandName, written: string, flag: Flag): UsageError {
  if (command === 'sweep' && typeof flag.inSweep === 'object')
    return new UsageError(`${written}: not a flag of sweep: ${inFlags(flag.inSweep.refused)}`);
  const owners = Object.keys(commandTable).filter((name) => isCommandName(name) && isFlagOf(flag, name));
  return new UsageError(`${written}: not a flag of ${command}; it belongs to ${enumeration(owners)}`);
}

/** The names that the tutorial's programs use for flags with other names here. */
const tutorialNames: ReadonlyMap<string, string> = new Map([['num-gpus', 'towers']]);

/** Returns our name of a flag. Removes the prefix `no-` or `no` from the name of a boolean flag. */
function resolveName(given: string): { name: string; negated: boolean } {
  const name = tutorialNames.get(given) ?? given;
  const positive = flags.has(name) ? name : name.replace(/^no-?/, '');
  const flag = flags.get(positive);
  const isBoolean = flag !== undefined && isSwitch(flag);
  return isBoolean && positive !== name ? { name: positive, negated: true } : { name, negated: false };
}

/** The names that other programs use for our flags. */
const otherNames: readonly (readonly [theirs: string, ours: string])[] = [
  ['lr', 'learning-rate'],
  ['learning-rate-init', 'learning-rate'],
  ['epoch', 'epochs'],
  ['num-epochs', 'epochs'],
  ['n-epochs', 'epochs'],
  ['max-epochs', 'epochs'],
  ['iterations', 'max-steps'],
  ['num-steps', 'max-steps'],
  ['bs', 'batch-size'],
  ['wd', 'weight-decay'],
  ['opt', 'optimizer'],
  ['scheduler', 'schedule'],
  ['output-dir', 'train-dir'],
  ['output-dir', 'sweep-dir'],
  ['output-dir', 'eval-dir'],
  ['logdir', 'train-dir'],
  ['logdir', 'sweep-dir'],
  ['logdir', 'eval-dir'],
  ['data', 'data-dir'],
  ['checkpoint', 'checkpoint-dir'],
  ['model', 'checkpoint-dir'],
  ['weights-file', 'checkpoint-dir'],
  ['k', 'top-k'],
  ['no-resume', 'restart'],
  ['overwrite', 'restart'],
  ['b', 'batch-size'],
  ['v', 'version'],
];

const gpuNames = ['gpu', 'gpus', 'cuda', 'use-gpu', 'use-cuda'];
const gpuAdvice = '--device webgpu computes on a GPU of any maker, and --device cuda on one of NVIDIA.';

/** Advice for flags that other programs have but this one does not, by command. */
const notNeeded: readonly (readonly [command: CommandName, names: readonly string[], advice: string])[] = [
  ['train', ['resume', 'continue'], 'A run resumes automatically; --restart starts over.'],
  ['sweep', ['resume', 'continue'], 'A sweep continues automatically; finished runs are not repeated.'],
  ['train', gpuNames, gpuAdvice],
  ['sweep', gpuNames, gpuAdvice],
  ['eval', gpuNames, gpuAdvice],
  ['predict', gpuNames, gpuAdvice],
  ['bench', gpuNames, gpuAdvice],
];

/** Returns an error message if the argument starts with a dash that word processors and web pages substitute for `--`, or with
 * a non-breaking space. */
function oddDash(word: string): string | undefined {
  const [, first = ''] = /^([‐-―−﹘﹣－ ​])/.exec(word) ?? [];
  if (first === '') return undefined;
  const code = first.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0');
  const rest = word.replace(/^[‐-―−﹘﹣－ ​-]+/, '');
  return `${JSON.stringify(word)} starts with the character U+${code}, not with --; type --${rest}`;
}

function unknownFlag(command: CommandName, word: string): UsageError {
  const spelt = (word.split('=')[0] ?? '').replace(/^-+/, '').replaceAll('_', '-');
  const mine = [...flags].filter(([, flag]) => isFlagOf(flag, command));
  const names = [...mine.map(([name]) => name), ...commonFlags];
  const [, translated] = otherNames.find(([theirs, ours]) => theirs === spelt && names.includes(ours)) ?? [];
  const known = translated ?? nearest(spelt, names) ?? nearest(spelt.replace(/^no-/, ''), names);
  const help = `See ${suggested(`${command} --help`)}`;
  const hint = known === undefined ? help : `Did you mean --${known}?`;
  const [, , instead] = notNeeded.find(([of, theirs]) => of === command && theirs.includes(spelt)) ?? [];
  return new UsageError(`${command}: unknown flag ${word}. ${instead ?? hint}`);
}
