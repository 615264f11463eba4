/** Parses comma-separated values (RFC 4180). Semicolons and tabs are accepted too, because some spreadsheets write them. */
import { RunError } from '../errors.ts';

export interface CsvRow {
  /** The line on which the row begins, from 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

/** Returns the rows of a text, without empty ones. A field in double quotes may contain separators, line breaks, and quotes
 * (written twice), and may have spaces around it.
 * @param file the name of the file, for messages
 * @throws RunError with the line, for quotes that do not match */
export function parseCsv(text: string, file: string): readonly CsvRow[] {
  const separator = separatorOf(text);
  const rows: CsvRow[] = [];
  let [at, line] = [text.startsWith('\ufeff') ? 1 : 0, 1];
  while (at < text.length) {
    const [start, fields] = [line, [] as string[]];
    for (let isLast = false; !isLast; ) {
      const quote = skipSpaces(text, at);
      const field =
        text[quote] === '"' ? quotedField(text, quote, file, line) : plainField(text, at, separator);
      line += field.value.split('\n').length - 1;
      fields.push(field.value);
      at = field.end;
      const next = text[at];
      if (next !== undefined && next !== separator && next !== '\n' && next !== '\r')
        throw new RunError(
          `${file}:${line}: found text after a quoted field, expected a separator or the end of the line`,
        );
      isLast = next !== separator;
      if (!isLast) at++;
    }
    if (text.startsWith('\r\n', at)) at++;
    at++;
    line++;
    if (fields.length > 1 || fields[0]?.trim() !== '') rows.push({ line: start, fields });
  }
  return rows;
}

function skipSpaces(text: string, start: number): number {
  let at = start;
  while (text[at] === ' ') at++;
  return at;
}

interface Field {
  readonly value: string;
  /** The position after the field. */
  readonly end: number;
}

function plainField(text: string, start: number, separator: string): Field {
  let end = start;
  while (end < text.length && text[end] !== separator && text[end] !== '\n' && text[end] !== '\r') end++;
  return { value: text.slice(start, end).trim(), end };
}

function quotedField(text: string, start: number, file: string, line: number): Field {
  let value = '';
  for (let at = start + 1; ; ) {
    const quote = text.indexOf('"', at);
    if (quote === -1) throw new RunError(`${file}:${line}: a quoted field has no closing quote`);
    value += text.slice(at, quote);
    if (text[quote + 1] !== '"') return { value, end: skipSpaces(text, quote + 1) };
    value += '"';
    at = quote + 2;
  }
}

/** Returns the separator of the first line. */
function separatorOf(text: string): string {
  const first = text.slice(0, /[\r\n]/.exec(text)?.index);
  if (first.includes(',')) return ',';
  return [';', '\t'].find((separator) => first.includes(separator)) ?? ',';
}
