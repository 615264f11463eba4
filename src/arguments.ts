/**
 * Validates the arguments that callers of the library pass, by name. TypeScript checks types, but not that a number is whole
 * or within its bounds, and programs in plain JavaScript have no types at all.
 *
 *     const checks: OptionChecks<Options> = { maxSteps: required(aWholeNumber(0)), readers: optional(aWholeNumber(1)) };
 *     requireOptions(options, checks);
 *
 * An option without a check is a compile error, so every option of the type has one.
 */
import { UsageError } from './errors.ts';
import { nearest } from './nearest.ts';
import { alternatives, quoted } from './wording.ts';

/** Checks an argument.
 * @throws UsageError with the argument, what was found and what was expected */
export type Check = (name: string, value: unknown) => void;

export interface OptionalCheck {
  readonly isRequired: false;
  readonly check: Check;
  /** The names of the nested options, if the value is an object of options. */
  readonly inside: readonly string[];
}
export interface RequiredCheck {
  readonly isRequired: true;
  readonly check: Check;
  readonly inside: readonly string[];
}

/** A check for each option of a type: `optional` if the option may be omitted, otherwise `required`. */
export type OptionChecks<T> = {
  readonly [Name in keyof T]-?: Record<never, never> extends Pick<T, Name> ? OptionalCheck : RequiredCheck;
};

/** Makes the check of an option that may be omitted or undefined. */
export function optional(check: Check | OptionsCheck): OptionalCheck {
  return { isRequired: false, check, inside: insideOf(check) };
}

export function required(check: Check | OptionsCheck): RequiredCheck {
  return { isRequired: true, check, inside: insideOf(check) };
}

/** Checks an object of options: all names must be known, and all values suitable.
 * @param where the name of the object, such as `hyperparameters`; empty for the argument itself
 * @throws UsageError for an unknown, missing or unsuitable option */
export function requireOptions<T extends object>(given: T, checks: OptionChecks<T>, where = ''): void {
  requireEntries(given, new Map(Object.entries(checks) as [string, OptionalCheck | RequiredCheck][]), where);
}

/** Returns those options of an object that have a check. The object may have other properties too, such as the flags of a
 * command. */
export function pickOptions<T extends object>(from: object, checks: OptionChecks<T>): Partial<T> {
  return Object.fromEntries(
    Object.entries(from).filter(([name]) => Object.hasOwn(checks, name)),
  ) as Partial<T>;
}

/** A check of a nested object of options. */
export interface OptionsCheck extends Check {
  readonly names: readonly string[];
}

export function anOptionsObject<T extends object>(checks: OptionChecks<T>): OptionsCheck {
  const entries = new Map(Object.entries(checks) as [string, OptionalCheck | RequiredCheck][]);
  return Object.assign((name: string, value: unknown) => requireEntries(value, entries, name), {
    names: [...entries.keys()],
  });
}

export function aWholeNumber(least: number, most: number = Infinity): Check {
  return (name, value) => requireWholeNumber(name, value, least, most);
}

export function aFiniteNumber(least: number = -Infinity, most: number = Infinity): Check {
  return (name, value) => requireFiniteNumber(name, value, least, most);
}

export function aNumberWithin(bounds: NumberBounds): Check {
  return (name, value) => requireNumber(name, value, bounds);
}

export function aChoice(choices: readonly string[]): Check {
  return (name, value) => requireOneOf(name, value, choices);
}

/** Accepts a word, and every value that passes the check. */
export function eitherOf(word: string, check: Check): Check {
  return (name, value) => {
    if (value === word) return;
    try {
      check(name, value);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      throw new UsageError(`${error.message} or ${JSON.stringify(word)}`);
    }
  };
}

/** Returns a check for an object that the library makes, which is recognized by one of its properties. */
export function anObjectWith(property: string, made: string): Check {
  return (name, value) => requireObject(name, value, property, made);
}

/** @param length the number of items; undefined for any number */
export function aListOf(check: Check, length?: number): Check {
  return (name, value) => {
    if (!Array.isArray(value)) throw unexpected(name, value, 'an array');
    if (length !== undefined && value.length !== length)
      throw new UsageError(`${name}: found a list of length ${value.length}, expected length ${length}`);
    for (const [index, item] of value.entries()) check(`${name}[${index}]`, item);
  };
}

/** Accepts any value. This is the check of options that are not used or are checked elsewhere. */
export const anything: Check = () => undefined;

export const aText: Check = (name, value) => {
  if (typeof value !== 'string' || value === '') throw unexpected(name, value, 'a text');
};

export const aBoolean: Check = (name, value) => {
  if (typeof value !== 'boolean') throw unexpected(name, value, 'true or false');
};

export const aFunction: Check = (name, value) => {
  if (typeof value !== 'function') throw unexpected(name, value, 'a function');
};

export const aSignal: Check = anObjectWith('aborted', 'an AbortSignal: new AbortController().signal');

/** The numbers that are allowed. */
export interface NumberBounds {
  /** `integer` allows whole numbers only. */
  readonly kind: 'integer' | 'number';
  /** The bounds, both inclusive. */
  readonly minimum: number;
  readonly maximum?: number;
}

/** @throws UsageError with the argument, what was found and what was expected */
export function requireNumber(name: string, value: unknown, { kind, minimum, maximum }: NumberBounds): void {
  const requireKind = kind === 'integer' ? requireWholeNumber : requireFiniteNumber;
  requireKind(name, value, minimum, maximum);
}

/** @throws UsageError with the argument, what was found and what was expected */
export function requireWholeNumber(
  name: string,
  value: unknown,
  least: number,
  most: number = Infinity,
): void {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return;
  throw unexpected(name, value, `a whole number ${bounds(least, most)}`);
}

/** @throws UsageError with the argument, what was found and what was expected; also for NaN and infinite numbers */
export function requireFiniteNumber(
  name: string,
  value: unknown,
  least: number,
  most: number = Infinity,
): void {
  if (typeof value === 'number' && Number.isFinite(value) && value >= least && value <= most) return;
  const isUnbounded = least === -Infinity && most === Infinity;
  throw unexpected(name, value, isUnbounded ? 'a finite number' : `a number ${bounds(least, most)}`);
}

/** @throws UsageError with all choices, and the one that was probably meant */
export function requireOneOf(name: string, value: unknown, choices: readonly string[]): void {
  if (typeof value === 'string' && choices.includes(value)) return;
  throw unexpectedName(name, value, choices);
}

/** Returns the error for a value that is not one of the choices. Its message contains all choices, and the one that was
 * probably meant. */
export function unexpectedName(name: string, value: unknown, choices: readonly string[]): UsageError {
  return unexpected(name, value, alternatives(choices), meant(value, choices));
}

/** Refuses keys that an object cannot have.
 * @param name the name of the object
 * @throws UsageError with the key, and either the key that was probably meant or all keys */
export function requireKnownKeys(name: string, value: object, known: readonly string[]): void {
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const hint = meant(key, known);
    const all = known.length === 0 ? 'it has none' : `it has ${known.join(', ')}`;
    throw new UsageError(`${name} has no ${quoted(key)}${hint === '' ? `; ${all}` : hint}`);
  }
}

/** Returns the end of a message, such as `. Did you mean adam?`, or an empty string if no choice is similar to the value. */
function meant(value: unknown, choices: readonly string[]): string {
  if (typeof value !== 'string') return '';
  const found = nearest(value, choices);
  return found === undefined ? '' : `. Did you mean ${found}?`;
}

/** @param expected the words of the message for what was expected
 * @throws UsageError for anything but an object with keys */
export function requireRecord(
  name: string,
  value: unknown,
  expected = 'an object with names and values',
): asserts value is Readonly<Record<string, unknown>> {
  const isPlain = Object.prototype.toString.call(value) === '[object Object]';
  if (!isPlain) throw unexpected(name, value, expected);
}

/** Requires an object that the library makes, which is recognized by one of its properties.
 * @throws UsageError for any other value */
export function requireObject(name: string, value: unknown, property: string, made: string): void {
  const has = typeof value === 'object' && value !== null && property in value;
  if (!has) throw unexpected(name, value, made);
}

function requireEntries(
  given: unknown,
  checks: ReadonlyMap<string, OptionalCheck | RequiredCheck>,
  where: string,
): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw unexpected(where === '' ? 'options' : where, given, 'an object');
  const path = (name: string) => (where === '' ? name : `${where}.${name}`);
  for (const name of Object.keys(given)) if (!checks.has(name)) throw unknownOption(name, checks, path);
  for (const [name, { check, isRequired }] of checks) {
    const value: unknown = Reflect.get(given, name);
    if (value !== undefined || isRequired) check(path(name), value);
  }
}

function unknownOption(
  name: string,
  checks: ReadonlyMap<string, OptionalCheck | RequiredCheck>,
  path: (name: string) => string,
): UsageError {
  const names = [...checks.keys()];
  const nested = [...checks].flatMap(([outer, { inside }]) =>
    inside.map((inner) => [inner, `${outer}.${inner}`] as const),
  );
  const meant = new Map([...nested, ...names.map((one) => [one, one] as const)]);
  // An option of the object itself takes precedence over a similar option of a nested object, but not over the same one.
  const found = meant.has(name) ? name : (nearest(name, names) ?? nearest(name, [...meant.keys()]));
  const advice =
    found === undefined
      ? `Known: ${names.join(', ')}`
      : `Did you mean \`${path(meant.get(found) ?? found)}\`?`;
  return new UsageError(`unknown option \`${path(name)}\`. ${advice}`);
}

function insideOf(check: Check | OptionsCheck): readonly string[] {
  return 'names' in check ? check.names : [];
}

export function unexpected(name: string, value: unknown, expected: string, hint = ''): UsageError {
  return new UsageError(`${name}: found ${shown(value)}, expected ${expected}${hint}`);
}

function shown(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (Object.prototype.toString.call(value) === '[object Date]') return 'a date';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  return typeof value === 'function' ? 'a function' : String(value);
}

function bounds(least: number, most: number): string {
  return most === Infinity ? `of at least ${least}` : `from ${least} to ${most}`;
}
