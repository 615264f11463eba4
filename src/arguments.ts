/**
 * What a caller of the library gives, checked by name. TypeScript checks types, but not that a number is whole or within its
 * bounds; programs in plain JavaScript have no types at all.
 */
import { UsageError } from './errors.ts';

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

/** @throws UsageError naming all choices */
export function requireOneOf(name: string, value: unknown, choices: readonly string[]): void {
  if (typeof value === 'string' && choices.includes(value)) return;
  throw unexpected(name, value, choices.join(' or '));
}

/** One of our objects, recognised by one of its methods.
 * @throws UsageError */
export function requireObject(name: string, value: unknown, method: string, made: string): void {
  const has = typeof value === 'object' && value !== null && method in value;
  if (!has) throw unexpected(name, value, made);
}

function unexpected(name: string, value: unknown, expected: string): UsageError {
  return new UsageError(`${name}: found ${shown(value)}, expected ${expected}`);
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  return typeof value === 'function' ? 'a function' : String(value);
}

function bounds(least: number, most: number): string {
  return most === Infinity ? `from ${least} on` : `from ${least} to ${most}`;
}
