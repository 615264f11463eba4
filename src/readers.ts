/**
 * Strict readers of values that come from outside as JSON. A reader receives a value and the place where it was found. It
 * returns the value with its type, or throws a RunError that says where the value is, what was expected and what was found.
 */
import { messageOf, RunError } from './errors.ts';
import { alternatives, oneLine, quoted, shortened } from './wording.ts';

/** The maximum nesting depth of JSON. Deeper JSON is refused before it is parsed, because parsing 100 MB of brackets would take
 * gigabytes of memory. Our own files have less than half this depth. */
const deepest = 32;

/** Parses JSON text of unknown origin.
 * @throws SyntaxError with a message of one short line */
export function parseJson(text: string): unknown {
  if (isDeep(text)) throw new SyntaxError(`nested more than ${deepest} levels deep`);
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

/** Returns the position of the closing quote of a JSON string, or of the end of the text.
 * @param start the position of the opening quote */
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

/** Accepts null in addition to the values that the reader accepts. null means that the value is not known. */
export function orNull<T>(reader: Reader<T>): Reader<T | null> {
  return (value, where) => (value === null ? null : reader(value, where));
}

/** Uses a default value if the field is missing, for fields that older versions did not write. */
export function withDefault<T>(reader: Reader<T>, missing: T): Reader<T> {
  return (value, where) => (value === undefined ? missing : reader(value, where));
}

export function listOf<T>(item: Reader<T>): Reader<readonly T[]> {
  return (value, where) => {
    if (!Array.isArray(value)) throw unexpected(where, 'a list', value);
    return value.map((element, index) => item(element, `${where}[${index}]`));
  };
}

/** Reads an object with any keys. The same reader reads all its values. */
export function dictionaryOf<T>(item: Reader<T>): Reader<Readonly<Record<string, T>>> {
  return (value, where) =>
    Object.fromEntries(
      Object.entries(objectAt(value, where)).map(([key, element]) => [
        key,
        item(element, `${where}.${shortened(key)}`),
      ]),
    );
}

/** Reads an object with the given fields. Other fields are ignored, so that a later version can add some. */
export function record<T extends object>(fields: { readonly [K in keyof T]-?: Reader<T[K]> }): Reader<T> {
  return (value, where) => {
    const found = objectAt(value, where);
    const read = <K extends keyof T & string>(key: K): T[K] => fields[key](found[key], `${where}.${key}`);
    const entries = Object.keys(fields).map((key) => [key, read(key as keyof T & string)]);
    return Object.fromEntries(entries) as T;
  };
}

/** Reads a value that is stored as JSON in a string. */
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
