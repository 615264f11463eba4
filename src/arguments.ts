/**
 * What a caller of the library gives, checked by name. TypeScript checks types, but not that a number is whole or within its
 * bounds; programs in plain JavaScript have no types at all.
 */
import { UsageError } from './errors.ts';
import { nearest } from './nearest.ts';

/** The numbers that are allowed. */
export interface NumberBounds {
  /** `integer`: whole numbers only. */
  readonly kind: 'integer' | 'number';
  /** Inclusive bounds. */
  readonly minimum: number;
  readonly maximum?: number;
}

/** @throws UsageError naming the argument, what was found and what was expected */
export function requireNumber(name: string, value: unknown, { kind, minimum, maximum }: NumberBounds): void {
  const requireKind = kind === 'integer' ? requireWholeNumber : requireFiniteNumber;
  requireKind(name, value, minimum, maximum);
}

/** @throws UsageError naming the argument, what was found and what was expected */
export function requireWholeNumber(
  name: string,
  value: unknown,
  least: number,
  most: number = Infinity,
): void {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return;
  throw unexpected(name, value, `a whole number ${bounds(least, most)}`);
}

/** @throws UsageError as above; also for NaN and infinite numbers */
export function requireFiniteNumber(
  name: string,
  value: unknown,
  least: number,
  most: number = Infinity,
): void {
  if (typeof value === 'number' && Number.isFinite(value) && value >= least && value <= most) return;
  throw unexpected(name, value, `a number ${bounds(least, most)}`);
}

/** @throws UsageError naming all choices, and the one that was probably meant */
export function requireOneOf(name: string, value: unknown, choices: readonly string[]): void {
  if (typeof value === 'string' && choices.includes(value)) return;
  throw unexpectedName(name, value, choices);
}

/** The error for a value that is none of the choices: names all, and the one that was probably meant. */
export function unexpectedName(name: string, value: unknown, choices: readonly string[]): UsageError {
  return unexpected(name, value, choices.join(' or '), meant(value, choices));
}

/** Refuses keys that an object does not have.
 * @param name of the object
 * @throws UsageError naming the key, and the one that was probably meant or else all */
export function requireKnownKeys(name: string, value: object, known: readonly string[]): void {
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const hint = meant(key, known);
    const all = known.length === 0 ? 'it has none' : `it has ${known.join(', ')}`;
    throw new UsageError(`${name} has no ${JSON.stringify(key)}${hint === '' ? `; ${all}` : hint}`);
  }
}

/** `. Did you mean adam?`, or nothing. */
function meant(value: unknown, choices: readonly string[]): string {
  if (typeof value !== 'string') return '';
  const word = value.toLowerCase();
  const found = choices.find((choice) => choice.toLowerCase() === word) ?? nearest(value, choices);
  return found === undefined ? '' : `. Did you mean ${found}?`;
}

/** One of our objects, recognised by one of its methods.
 * @throws UsageError */
export function requireObject(name: string, value: unknown, method: string, made: string): void {
  const has = typeof value === 'object' && value !== null && method in value;
  if (!has) throw unexpected(name, value, made);
}

function unexpected(name: string, value: unknown, expected: string, hint = ''): UsageError {
  return new UsageError(`${name}: found ${shown(value)}, expected ${expected}${hint}`);
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  return typeof value === 'function' ? 'a function' : String(value);
}

function bounds(least: number, most: number): string {
  return most === Infinity ? `from ${least} on` : `from ${least} to ${most}`;
}
