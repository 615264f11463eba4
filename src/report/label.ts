/** Fits names into diagrams, in which text is not cut off by itself. */
import { oneLine } from '../wording.ts';

const characters = new Intl.Segmenter('en', { granularity: 'grapheme' });
/** Characters that are about twice as wide as letters. */
const wide =
  /[\p{Extended_Pictographic}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\uff01-\uff60]/u;

/** Returns the approximate width of a text in ems. */
export function widthOf(text: string): number {
  return [...characters.segment(oneLine(text))].reduce((sum, { segment }) => sum + emsOf(segment), 0);
}

/** Returns the text or, if it is wider than this, its beginning with an ellipsis. No character is split.
 * @param most the width in ems */
export function fitted(text: string, most: number): string {
  const shown = oneLine(text);
  if (widthOf(shown) <= most) return shown;
  let [kept, width] = ['', emsOf('…')];
  for (const { segment } of characters.segment(shown)) {
    width += emsOf(segment);
    if (width > most) break;
    kept += segment;
  }
  return `${kept.trimEnd()}…`;
}

function emsOf(character: string): number {
  if (wide.test(character) && !/^[\d#*]$/.test(character)) return 1.25;
  return /^[MWmw%@…A-Z]/.test(character) ? 0.8 : 0.56;
}
