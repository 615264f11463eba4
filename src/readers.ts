/**
 * Strict readers of values that came from outside as JSON. A reader gets a value and where it was found, and
 * returns it with its type or throws a RunError that says where, what was expected and what was found.
 */
import { messageOf, RunError } from './errors.ts';
import { alternatives, oneLine, quoted, shortened } from './wording.ts';

/** Deeper JSON is refused before it is parsed: no file of ours is half as deep, and 100 MB of brackets take gigabytes. */
const deepest = 32;

/** JSON.parse for text of unknown origin.
 * @throws SyntaxError, with a message of one short line */
export function parseJson(text: string): unknown {
  if (isDeep(text)) throw new SyntaxError(`nested more than ${deepest} deep`);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SyntaxError(oneLine(shortened(messageOf(error), 120)));
  }
}

function isDeep(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') at = endOfString(text, at);
    else if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') depth--;
    if (depth > deepest) return true;
  }
  return false;
}

/** Where the closing quote of a JSON string is, or where the text ends.
 * @param start of the opening quote */
export function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}

export type Reader<T> = (value: unknown, where: string) => T;

export const text: Reader<string> = (value, where) => {
  if (typeof value === 'string' && value !== '') return value;
  throw unexpected(where, 'a text', value);
};

export const finiteNumber: Reader<number> = (value, where) => {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw unexpected(where, 'a number', value);
};

export function wholeNumber(minimum: number): Reader<number> {
  return (value, where) => {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= minimum) return value;
    throw unexpected(where, `a whole number of at least ${minimum}`, value);
  };
}

export function oneOf<const T extends string>(choices: readonly T[]): Reader<T> {
  return (value, where) => {
    const chosen = choices.find((choice) => choice === value);
    if (chosen !== undefined) return chosen;
    throw unexpected(where, alternatives(choices), value);
  };
}

/** What the reader reads, or null where nothing was known. */
export function orNull<T>(reader: Reader<T>): Reader<T | null> {
  return (value, where) => (value === null ? null : reader(value, where));
}

/** What the reader reads, or a value where there is no such field: what files of older versions lack. */
export function withDefault<T>(reader: Reader<T>, missing: T): Reader<T> {
  return (value, where) => (value === undefined ? missing : reader(value, where));
}

export function listOf<T>(item: Reader<T>): Reader<readonly T[]> {
  return (value, where) => {
    if (!Array.isArray(value)) throw unexpected(where, 'a list', value);
    return value.map((element, index) => item(element, `${where}[${index}]`));
  };
}

/** An object whose keys are free and whose values are alike. */
export function dictionaryOf<T>(item: Reader<T>): Reader<Readonly<Record<string, T>>> {
  return (value, where) =>
    Object.fromEntries(
      Object.entries(objectAt(value, where)).map(([key, element]) => [
        key,
        item(element, `${where}.${shortened(key)}`),
      ]),
    );
}

/** An object with these fields. Others are left alone, so that a later version may add some. */
export function record<T extends object>(fields: { readonly [K in keyof T]-?: Reader<T[K]> }): Reader<T> {
  return (value, where) => {
    const found = objectAt(value, where);
    const read = <K extends keyof T & string>(key: K): T[K] => fields[key](found[key], `${where}.${key}`);
    const entries = Object.keys(fields).map((key) => [key, read(key as keyof T & string)]);
    return Object.fromEntries(entries) as T;
  };
}

/** A value that is stored as JSON inside a string. */
export function json<T>(reader: Reader<T>): Reader<T> {
  return (value, where) => {
    if (typeof value !== 'string') throw unexpected(where, 'JSON in a string', value);
    let parsed: unknown;
    try {
      parsed = parseJson(value);
    } catch (error) {
      throw new RunError(`${where}: not JSON (${messageOf(error)})`, { cause: error });
    }
    return reader(parsed, where);
  };
}

function objectAt(value: unknown, where: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw unexpected(where, 'an object', value);
}

function unexpected(where: string, expected: string, found: unknown): RunError {
  return new RunError(`${where}: expected ${expected}, found ${quoted(found)}`);
}
