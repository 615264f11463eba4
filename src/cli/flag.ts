/**
 * Types of the command line's flags, and the parsing of their values. The flags themselves are records in the files of `flags/`.
 */
import { UsageError } from '../errors.ts';
import { nearest } from '../nearest.ts';
import { alternatives } from '../wording.ts';

/** The commands of this version. */
export type CommandName =
  | 'download'
  | 'import'
  | 'train'
  | 'eval'
  | 'predict'
  | 'sweep'
  | 'export'
  | 'inspect'
  | 'dashboard'
  | 'doctor'
  | 'bench';

/** A flag. The value of a flag without a default is undefined when the flag is omitted. */
export type Flag = {
  readonly help: string;
  /** The heading under which the help lists the flag. */
  readonly group: string;
  readonly commands: readonly CommandName[];
  /** The help text, with the default, for commands in which the flag has another meaning. */
  readonly helpFor?: Partial<Readonly<Record<CommandName, string>>>;
  /** The commands in which the default is the value from the checkpoint. In these commands the value is
   * undefined when the flag is omitted. */
  readonly fromCheckpoint?: readonly CommandName[];
  /**
   * How `sweep` takes this flag of `train`. If this field is omitted, `sweep` takes a list of values to try. `same` means one
   * value for all runs. `refused` says why `sweep` does not take the flag.
   */
  readonly inSweep?: 'same' | { readonly refused: string };
} & FlagKind;

export type FlagKind = StringFlag | NumberFlag | CountFlag | BooleanFlag | ChoiceFlag | ParsedFlag;

interface StringFlag {
  readonly kind: 'string';
  /** The placeholder for the value in help and messages, such as `folder`. */
  readonly valueName: string;
  readonly default?: string;
}

interface NumberFlag {
  /** `integer` allows whole numbers only. */
  readonly kind: 'integer' | 'number';
  readonly valueName: string;
  /** The bounds, both inclusive. */
  readonly minimum: number;
  readonly maximum?: number;
  readonly default?: number;
}

/** A whole number, or `auto`. */
interface CountFlag {
  readonly kind: 'count';
  readonly valueName: string;
  /** The bounds, both inclusive. */
  readonly minimum: number;
  readonly maximum: number;
  readonly default: 'auto';
}

interface BooleanFlag {
  readonly kind: 'boolean';
  readonly default: boolean;
  /** For a shorthand: the flag that it stands for, and the values of that flag. Commands only see the other flag. */
  readonly standsFor?: { readonly flag: 'precision'; readonly ifTrue: string; readonly ifFalse: string };
}

interface ChoiceFlag {
  readonly kind: 'choice';
  /** A placeholder that is used if the choices are too long for the first column of the help. The help text then lists the
   * choices. */
  readonly valueName?: string;
  readonly choices: readonly string[];
  readonly default?: string;
  /** The choices that the flag means if it is written as a boolean flag: without a value or with `true`, and with `false` or the prefix
   * `--no-`. Other flags need a value. */
  readonly asSwitch?: { readonly on: string; readonly off: string };
}

/** A text that a function parses, for values that are not a list of choices. */
interface ParsedFlag {
  readonly kind: 'parsed';
  readonly valueName: string;
  /** Returns the value, or undefined for a text that is not allowed. */
  readonly parse: (text: string) => string | undefined;
  /** The allowed texts, as the words of a message. */
  readonly expected: string;
  /** Returns the end of the message for a text that is not allowed, such as `. Did you mean cuda?`, or an empty text. */
  readonly meant: (text: string) => string;
  readonly default?: string;
}

/** Whether the command has the flag. `sweep` also has the flags of `train`, except those that it refuses. */
export function isFlagOf(flag: Flag, command: CommandName): boolean {
  if (flag.commands.includes(command)) return true;
  return command === 'sweep' && flag.commands.includes('train') && typeof flag.inSweep !== 'object';
}

/** Whether the command takes a list of values for the flag. */
export function takesList(flag: Flag, command: CommandName): boolean {
  return command === 'sweep' && flag.inSweep === undefined && !flag.commands.includes(command);
}

/** The type of the value of a flag that was given. */
type GivenValue<F> = F extends { kind: 'string' }
  ? string
  : F extends { kind: 'integer' | 'number' }
    ? number
    : F extends { kind: 'count' }
      ? number | 'auto'
      : F extends { kind: 'boolean' }
        ? boolean
        : F extends { kind: 'choice'; choices: readonly (infer Choice)[] }
          ? Choice
          : F extends { kind: 'parsed'; parse: (text: string) => infer Parsed }
            ? Exclude<Parsed, undefined>
            : never;

/** The type of the value of a flag in a command. */
export type FlagValue<F, C extends CommandName> = F extends { fromCheckpoint: readonly (infer From)[] }
  ? C extends From
    ? Listed<F, C> | undefined
    : Listed<F, C>
  : F extends { default: unknown }
    ? Listed<F, C>
    : Listed<F, C> | undefined;

/** The type of the value, or of a list of values if the command takes a list for the flag (`takesList`). */
type Listed<F, C extends CommandName> = C extends 'sweep'
  ? F extends { inSweep: unknown }
    ? GivenValue<F>
    : F extends { commands: readonly (infer Of)[] }
      ? 'sweep' extends Of
        ? GivenValue<F>
        : readonly GivenValue<F>[]
      : never
  : GivenValue<F>;

/** Returns the name of a flag as it is written on the command line, without the leading dashes: `max-steps` for `maxSteps`. */
export function writtenName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Returns a placeholder such as `folder|file` as words: `a folder or file`. */
function withArticle(valueName: string): string {
  const words = valueName.replaceAll('|', ' or ');
  if (/[^s]s$/.test(words)) return words;
  return `${/^[aeiou]/.test(words) ? 'an' : 'a'} ${words}`;
}

/** Parses the value of a flag. `written` is the name of the flag in messages, such as `--max-steps`.
 * @throws UsageError that says what was expected and what was found */
export function readValue(
  flag: FlagKind,
  written: string,
  text: string | undefined,
): string | number | boolean {
  switch (flag.kind) {
    case 'string':
      if (text !== undefined && text !== '') return text;
      throw unexpected(written, withArticle(flag.valueName), text);
    case 'integer':
    case 'number':
      return readNumber(flag, written, text);
    case 'count':
      return text === 'auto' ? text : readCount(flag, written, text);
    case 'boolean':
      return readBoolean(written, text);
    case 'choice':
      return readChoice(flag, written, text);
    case 'parsed':
      return readParsed(flag, written, text);
  }
}

/** The accepted spellings of numbers, which include `1e3` and `1_000`. */
const spelling = /^[+-]?(\d[\d_]*\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

function readNumber(flag: NumberFlag, written: string, text: string | undefined): number {
  const { kind, minimum, maximum = Number.MAX_SAFE_INTEGER } = flag;
  const read = text !== undefined && spelling.test(text) ? Number(text.replaceAll('_', '')) : Number.NaN;
  // `1.000` means a thousand in some countries and one in others, so it is refused as a whole number.
  const isWhole = Number.isInteger(read) && !groups.test(text ?? '');
  const value = kind === 'integer' && !isWhole ? Number.NaN : read;
  if (value >= minimum && value <= maximum) return value;
  const range = value > maximum ? `from ${minimum} to ${maximum}` : `of at least ${minimum}`;
  const { message } = unexpected(
    written,
    `${kind === 'integer' ? 'a whole number' : 'a number'} ${range}`,
    text,
  );
  const meant = text === undefined ? undefined : meantNumber(text.trim(), kind);
  const isAllowed = meant !== undefined && meant >= minimum && meant <= maximum;
  throw new UsageError(isAllowed ? `${message}. Write ${meant}` : message);
}

/** @throws UsageError that also names `auto` */
function readCount(
  { valueName, minimum, maximum }: CountFlag,
  written: string,
  text: string | undefined,
): number {
  try {
    return readNumber({ kind: 'integer', valueName, minimum, maximum }, written, text);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(error.message.replace(', found ', ' or auto, found '));
  }
}

/** Numbers with thousands separators, such as `1,000`, `1.000.000`, `1 000` and `1'000`. */
const groups = /^\d{1,3}([,. '’\u00a0\u202f])\d{3}(\1\d{3})*$/;
/** Abbreviated numbers, such as `10k` and `1.5M`. */
const shortened = /^(\d+(?:\.\d+)?) ?([km])$/i;

/** Returns the number that was probably meant by a notation that is refused, such as `1,000`, `10k` or `5%`. Returns undefined
 * for other texts. */
function meantNumber(text: string, kind: NumberFlag['kind']): number | undefined {
  const [, count, unit] = shortened.exec(text) ?? [];
  if (count !== undefined) {
    const value = Math.round(Number(count) * (unit?.toLowerCase() === 'k' ? 1e9 : 1e12)) / 1e6;
    return kind === 'integer' && !Number.isInteger(value) ? undefined : value;
  }
  if (kind === 'integer') return groups.test(text) ? Number(text.replace(/\D/g, '')) : undefined;
  if (/^\d*,\d+$/.test(text)) return Number(text.replace(',', '.'));
  const [, percent] = /^(\d+(?:\.\d+)?) ?%$/.exec(text) ?? [];
  return percent === undefined ? undefined : Number((Number(percent) / 100).toPrecision(12));
}

const booleanWords = new Map([
  ...['true', 't', '1'].map((word): [string, boolean] => [word, true]),
  ...['false', 'f', '0'].map((word): [string, boolean] => [word, false]),
]);

/** Whether a text is a valid value of a boolean flag. */
export function isBooleanWord(text: string | undefined): boolean {
  return text !== undefined && booleanWords.has(text.toLowerCase());
}

/** Whether a flag can be written without a value. */
export function isSwitch(flag: FlagKind): boolean {
  return flag.kind === 'boolean' || (flag.kind === 'choice' && flag.asSwitch !== undefined);
}

/** Whether a text is a value of a flag that can be written without one. */
export function isSwitchValue(flag: FlagKind, text: string | undefined): boolean {
  if (isBooleanWord(text)) return true;
  return flag.kind === 'choice' && text !== undefined && flag.choices.includes(text);
}

function readBoolean(written: string, text: string | undefined): boolean {
  const value = booleanWords.get(text?.toLowerCase() ?? '');
  if (value !== undefined) return value;
  throw unexpected(written, 'true or false', text);
}

function readChoice({ choices, asSwitch }: ChoiceFlag, written: string, text: string | undefined): string {
  if (asSwitch !== undefined && isBooleanWord(text))
    return readBoolean(written, text) ? asSwitch.on : asSwitch.off;
  if (text !== undefined && choices.includes(text)) return text;
  const meant = nearest(text ?? '', choices);
  const hint = meant === undefined || text === undefined ? '' : `. Did you mean ${meant}?`;
  throw new UsageError(`${unexpected(written, alternatives(choices), text).message}${hint}`);
}

function readParsed(
  { parse, expected, meant }: ParsedFlag,
  written: string,
  text: string | undefined,
): string {
  const value = text === undefined ? undefined : parse(text);
  if (value !== undefined) return value;
  throw new UsageError(
    `${unexpected(written, expected, text).message}${text === undefined ? '' : meant(text)}`,
  );
}

function unexpected(written: string, expected: string, found: string | undefined): UsageError {
  const described = found === undefined ? 'nothing' : JSON.stringify(found);
  return new UsageError(`${written}: expected ${expected}, found ${described}`);
}
