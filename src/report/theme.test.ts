import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Color } from '../summary/picture.ts';
import { style } from './style.ts';
import { blend, contrast, textOn, themes } from './theme.ts';

const hex = (name: string, index: 0 | 1): Color => {
  const found = [...style.matchAll(new RegExp(`--${name}: #(..)(..)(..);`, 'g'))][index];
  assert.ok(found, name);
  const [red = 0, green = 0, blue = 0] = found.slice(1).map((digits) => Number.parseInt(digits, 16));
  return [red, green, blue];
};

test('text has a contrast of at least 4.5 on the page and on panels, in both themes', () => {
  for (const [index, theme] of [themes.light, themes.dark].entries()) {
    const at = index === 0 ? 0 : 1;
    const texts = [theme.ink, ...['muted', 'wrong-text', 'accent-text'].map((name) => hex(name, at))];
    for (const text of texts)
      for (const ground of [theme.page, hex('panel', at)])
        assert.ok(contrast(text, ground) >= 4.5, `${text} on ${ground}`);
  }
});

test('numbers have a contrast of at least 4.2 on every shade of a cell, in both themes', () => {
  for (const kind of ['right', 'wrong'] as const)
    for (let fill = 0; fill <= 1; fill += 0.01) {
      const classes = textOn(kind, fill).split(' ');
      for (const [theme, other] of [
        [themes.light, 'lt'],
        [themes.dark, 'dk'],
      ] as const) {
        const text = classes.includes(other) ? theme.otherInk : theme.ink;
        assert.ok(contrast(text, blend(theme.page, theme[kind], fill)) >= 4.2, `${kind} ${fill} ${other}`);
      }
    }
});
