/**
 * Text of a page. `markup` is a template that escapes everything that is inserted, so that no name can change the page:
 *
 *     markup`<th>${name}</th>`
 *
 * The result is well-formed XML as well as HTML: every element is closed, and every attribute is quoted.
 */
import { escapedHtml } from '../summary/html.ts';
import { oneLine } from '../wording.ts';

export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Returns text of the program itself, such as a style, without escaping it. */
export function verbatim(text: string): Markup {
  return new Markup(text);
}

/** What can be inserted. Lists are joined, and undefined is omitted. Numbers are rounded to two decimals, as for coordinates. */
export type Content = Markup | string | number | undefined | readonly Content[];

export function markup(parts: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  return new Markup(
    parts.map((part, index) => part + (index < contents.length ? textOf(contents[index]) : '')).join(''),
  );
}

function textOf(content: Content): string {
  if (content === undefined) return '';
  if (content instanceof Markup) return content.text;
  if (typeof content === 'string') return safe(content);
  if (typeof content === 'number') return rounded(content);
  return content.map(textOf).join('');
}

function rounded(value: number): string {
  return String(Math.round(value * 100) / 100 + 0);
}

/** Code points that may not occur in XML and that `oneLine` does not escape: unpaired surrogates and noncharacters. */
const notInXml = /[\ud800-\udfff\ufffe\uffff]/gu;

/** Escapes a text. Control characters and those that change the direction of text are shown as `\uXXXX`. */
function safe(text: string): string {
  return escapedHtml(oneLine(text).replace(notInXml, '\ufffd'));
}
