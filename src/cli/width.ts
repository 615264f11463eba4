/** Text in columns of a terminal: characters such as 猫 take two, combining marks none. */
import stringWidth from 'string-width';

/** What people see as one character (Unicode, UAX 29). */
const characters = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

const ellipsis = '…';

export function widthOf(text: string): number {
  return stringWidth(text);
}

export function padStart(text: string, columns: number): string {
  return ' '.repeat(Math.max(0, columns - widthOf(text))) + text;
}

export function padEnd(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - widthOf(text)));
}

/** The longest beginning of a text that fits the columns; no character is split. */
export function beginning(text: string, columns: number): string {
  let [kept, width] = ['', 0];
  for (const { segment } of characters.segment(text)) {
    width += widthOf(segment);
    if (width > columns) break;
    kept += segment;
  }
  return kept;
}

/** The text, or its beginning and end with `…` between where it does not fit. */
export function shortened(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  const room = columns - 1;
  if (room < 1) return beginning(text, columns);
  const head = beginning(text, Math.ceil(room / 2));
  const reversed = [...characters.segment(text)].map(({ segment }) => segment).reverse();
  let [tail, width] = ['', 0];
  for (const segment of reversed) {
    width += widthOf(segment);
    if (width > room - widthOf(head)) break;
    tail = segment + tail;
  }
  return head + ellipsis + tail;
}

/** Breaks a line that does not fit at blanks. What follows the first line is indented by two more columns than the text.
 * A word that is longer than a line stays whole. */
export function wrapped(line: string, columns: number): string {
  if (widthOf(line) <= columns) return line;
  const [indent = ''] = /^ */.exec(line) ?? [];
  const lines: string[] = [];
  let current = indent;
  for (const word of line.trim().split(/ +/)) {
    const joined = current.trim() === '' ? current + word : `${current} ${word}`;
    if (widthOf(joined) <= columns || current.trim() === '') current = joined;
    else {
      lines.push(current);
      current = `${indent}  ${word}`;
    }
  }
  return [...lines, current].join('\n');
}
