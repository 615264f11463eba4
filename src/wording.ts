/** Formats numbers, and text from untrusted sources, for messages. */

/** Returns a number with its noun: `1 thread`, `2 threads`, `0 threads`, `10,000 steps`.
 * @param plural the plural, if it is not the singular with an s */
export function counted(number: number, singular: string, plural: string = `${singular}s`): string {
  return `${number.toLocaleString('en-US')} ${number === 1 ? singular : plural}`;
}

/** Joins words as in `a, b or c`. */
export function alternatives(words: readonly string[]): string {
  return joined(words, 'or');
}

/** Joins words as in `a, b and c`. */
export function enumeration(words: readonly string[]): string {
  return joined(words, 'and');
}

function joined(words: readonly string[], conjunction: 'and' | 'or'): string {
  return words.length < 2
    ? words.join('')
    : `${words.slice(0, -1).join(', ')} ${conjunction} ${words.at(-1)}`;
}

/** Formats a fraction as a percentage such as `95.4%`, which is consistent with the fraction in three digits (0.954). */
export function percentage(share: number): string {
  return `${(Number(share.toFixed(3)) * 100).toFixed(1)}%`;
}

/** Returns a size in bytes in a readable unit: `512 MB`, `1.5 GB`. */
export function byteSize(bytes: number): string {
  const [size, unit, digits] = bytes < 2 ** 30 ? [2 ** 20, 'MB', 0] : [2 ** 30, 'GB', 1];
  return `${(bytes / size).toFixed(digits)} ${unit}`;
}

/** Characters that a terminal would interpret instead of showing: C0 and C1 controls, DEL, bidirectional marks, embeddings,
 * overrides and isolates, and Unicode's line and paragraph separators. */
const controls = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** Escapes every control character except the newline as `\uXXXX`, so that the text is safe to print. */
export function printable(text: string): string {
  return text.replace(controls, (character) => (character === '\n' ? character : escaped(character)));
}

/** Returns a name or message from an untrusted source as one line. Control characters, including newlines, are escaped. */
export function oneLine(text: string): string {
  return text.replace(controls, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Returns the beginning of a text, with an ellipsis if more follows. Characters are never split. */
export function shortened(text: string, most = 80): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** Quotes an untrusted value in a message, as JSON in one short line. The size and depth of the value do not matter. */
export function quoted(value: unknown, most = 80): string {
  return value === undefined ? 'nothing' : oneLine(shortened(jsonOf(value, most), most));
}

/** Returns the JSON of a value, of which only the first `most` characters are reliable. Deeply nested parts are omitted,
 * because JSON.stringify is recursive. */
function jsonOf(value: unknown, most: number, depth = 0): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, most));
  if (typeof value !== 'object' || value === null) return String(value);
  if (depth === 4) return '…';
  const isList = Array.isArray(value);
  let text = isList ? '[' : '{';
  const items = isList ? value.slice(0, most) : Object.entries(value).slice(0, most);
  for (const item of items) {
    if (text.length > most) break;
    if (text.length > 1) text += ',';
    text += isList ? jsonOf(item, most, depth + 1) : entryOf(item, most, depth + 1);
  }
  return text + (isList ? ']' : '}');
}

function entryOf(entry: readonly [string, unknown], most: number, depth: number): string {
  return `${JSON.stringify(shortened(entry[0], most))}:${jsonOf(entry[1], most, depth)}`;
}

/** Quotes a field of a CSV file as in RFC 4180, because paths and names of classes may contain commas, quotes and newlines. */
export function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Converts `batchSize` to `batch_size`. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
