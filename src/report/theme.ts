/** The colors of a report, and which color text has on a filled cell. */
import type { Color } from '../summary/picture.ts';

interface Theme {
  readonly page: Color;
  /** The usual color of text, and the other one, for fills that are too similar to the usual one. */
  readonly ink: Color;
  readonly otherInk: Color;
  /** Fills of a confusion matrix: correct and wrong predictions. */
  readonly right: Color;
  readonly wrong: Color;
}

/** The fills of the light theme are those of the confusion matrix in TensorBoard (`summary/draw-confusion.ts`). Blue and red are
 * equally dark, so that a print in gray shows the same. */
export const themes: Readonly<Record<'light' | 'dark', Theme>> = {
  light: {
    ...{ page: [255, 255, 255], ink: [21, 24, 30], otherInk: [255, 255, 255] },
    ...{ right: [31, 119, 180], wrong: [214, 39, 40] },
  },
  dark: {
    ...{ page: [20, 23, 28], ink: [236, 239, 244], otherInk: [0, 0, 0] },
    ...{ right: [120, 190, 240], wrong: [255, 140, 130] },
  },
};

/** Returns the classes of the text on a cell: `lt` if it has the other color in the light theme, `dk` if it has the other color in
 * the dark theme.
 * @param fill the opacity of the fill, 0 … 1 */
export function textOn(kind: 'right' | 'wrong', fill: number): string {
  const needsOther = ({ page, ink, otherInk, [kind]: color }: Theme) => {
    const ground = blend(page, color, fill);
    return contrast(otherInk, ground) > contrast(ink, ground);
  };
  return [...(needsOther(themes.light) ? ['lt'] : []), ...(needsOther(themes.dark) ? ['dk'] : [])].join(' ');
}

export function blend(from: Color, to: Color, share: number): Color {
  const mix = (index: 0 | 1 | 2) => from[index] + (to[index] - from[index]) * share;
  return [mix(0), mix(1), mix(2)];
}

/** Returns the contrast of two colors, 1 … 21 (WCAG 2.1). */
export function contrast(one: Color, other: Color): number {
  const [a, b] = [luminance(one), luminance(other)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

/** Returns the relative luminance of a color in sRGB, 0 … 1 (WCAG 2.1). */
function luminance([red, green, blue]: Color): number {
  const linear = (level: number) => {
    const share = level / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

export function cssColor(color: Color): string {
  return `rgb(${color.map(Math.round).join(' ')})`;
}
