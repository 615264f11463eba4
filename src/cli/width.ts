/** Measures text in terminal columns: characters such as 猫 take two, and combining marks take none. */
import stringWidth from 'string-width';

/** Splits text into user-perceived characters (Unicode, UAX 29). */
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

/** Returns the longest beginning of a text that fits into the columns. No character is split. */
export function beginning(text: string, columns: number): string {
  let [kept, width] = ['', 0];
  for (const { segment } of characters.segment(text)) {
    width += widthOf(segment);
    if (width > columns) break;
    kept += segment;
  }
  return kept;
}

/** Returns the text or, if it does not fit, its beginning and its end with `…` between them. */
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

/** A line of a list: a word, at least two spaces, then text. */
const listed = /^ *\S{1,20} {2,}(?=\S)/;
/** The words of a line, between which it can be broken. A list of numbers in brackets, such as a shape, counts as one word. */
const words = /(?:\[[\d, ]*\]|\S)+/g;

/** Breaks a line at spaces if it does not fit. Continuation lines are indented by two columns more than the line or, in a list,
 * as far as the text of the item. A word that is longer than a line is not broken. */
export function wrapped(line: string, columns: number): string {
  if (widthOf(line) <= columns) return line;
  const [indent = ''] = /^ */.exec(line) ?? [];
  const [lead = indent] = listed.exec(line) ?? [];
  const continuation = lead === indent ? `${indent}  ` : ' '.repeat(widthOf(lead));
  const lines: string[] = [];
  let current = lead;
  let isEmpty = true;
  for (const [word] of line.slice(lead.length).matchAll(words)) {
    const joined = isEmpty ? current + word : `${current} ${word}`;
    if (widthOf(joined) <= columns || isEmpty) current = joined;
    else {
      lines.push(current);
      current = continuation + word;
    }
    isEmpty = false;
  }
  return [...lines, current].join('\n');
}
