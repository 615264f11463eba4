/** Draws short texts on images, in capital letters, digits and a few signs. Each of them has 3 × 5 pixels. */
import type { Canvas } from './canvas.ts';
import type { Color } from './picture.ts';

/** The size of a letter, and the distance to the next letter, before scaling. */
const [letterWidth, letterHeight, advance] = [3, 5, 4];

/** The rows of a letter from top to bottom, one octal digit each. The bits of a digit are the pixels of the row from left to
 * right. */
const letters: Readonly<Record<string, string>> = {
  ...{ A: '25755', B: '65656', C: '34443', D: '65556', E: '74647', F: '74644', G: '34553', H: '55755' },
  ...{ I: '72227', J: '11152', K: '55655', L: '44447', M: '57755', N: '65555', O: '25552', P: '65644' },
  ...{ Q: '25573', R: '65655', S: '34216', T: '72222', U: '55557', V: '55552', W: '55775', X: '55255' },
  ...{ Y: '55222', Z: '71247', 0: '75557', 1: '26227', 2: '61247', 3: '61216', 4: '55711', 5: '74616' },
  ...{ 6: '34757', 7: '71122', 8: '75757', 9: '75716', '-': '00700', _: '00007', '.': '00002', "'": '22000' },
  ...{ '(': '12221', ')': '42224', ',': '00024', ':': '02020', '/': '11244', '…': '00005', ' ': '00000' },
};
const unknown = '61202';

/** Returns the height of a line in pixels. */
export function textHeight(scale: number): number {
  return letterHeight * scale;
}

/** Returns the width in pixels of a line of that many letters. */
export function textWidth(count: number, scale: number): number {
  return Math.max(0, count * advance - (advance - letterWidth)) * scale;
}

/** Converts a text so that it can be drawn in a given width in pixels: to capitals without accents, truncated if too long. */
export function lettered(text: string, width: number, scale: number): string {
  const most = Math.floor((width / scale + advance - letterWidth) / advance);
  const capitals = [...text.normalize('NFD').replace(/\p{M}/gu, '').toUpperCase()];
  return capitals.length <= most
    ? capitals.join('')
    : `${capitals.slice(0, Math.max(0, most - 1)).join('')}…`;
}

/** Draws a text with its upper left corner at (x, y). The text must fit on the canvas. */
export function drawText(
  canvas: Canvas,
  text: string,
  {
    x,
    y,
    scale,
    color,
  }: { readonly x: number; readonly y: number; readonly scale: number; readonly color: Color },
): void {
  for (const [index, letter] of [...text].entries()) {
    const rows = letters[letter] ?? unknown;
    for (const [row, digit] of [...rows].entries())
      for (let column = 0; column < letterWidth; column++) {
        if ((Number(digit) & (4 >> column)) === 0) continue;
        const left = x + (index * advance + column) * scale;
        canvas.fill({ x: left, y: y + row * scale, width: scale, height: scale }, color);
      }
  }
}
