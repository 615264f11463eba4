import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { expectedCalibrationError } from '../evaluation/calibration.ts';
import { wilsonInterval } from '../evaluation/interval.ts';
import { emptyReport, hostileNames, sampleReport } from '../testing/report-data.ts';
import { elements, type Node, parsePage, textIn, withoutDate } from '../testing/report-pages.ts';
import { fraction } from './numbers.ts';
import { reportPage } from './page.ts';
import { sections } from './sections.ts';

const numbered = (count: number) => Array.from({ length: count }, (_, index) => `class ${index}`);
const byId = (page: Node, id: string): Node => {
  const found = [...elements(page, 'section'), ...elements(page, 'figure')].find(
    ({ attributes }) => attributes['id'] === id,
  );
  assert.ok(found, id);
  return found;
};
const all = (node: Node): readonly Node[] =>
  node.children.flatMap((child) => (typeof child === 'string' ? [] : [child, ...all(child)]));
const rowsOf = (table: Node | undefined) =>
  (table === undefined ? [] : elements(table, 'tr')).map((row) =>
    [...elements(row, 'th'), ...elements(row, 'td')].map(textIn),
  );

/** Checks what every page must fulfil. */
function check(text: string): Node {
  const page = parsePage(text);
  const nodes = all(page);
  const ids = nodes.flatMap(({ attributes }) => attributes['id'] ?? []);
  assert.equal(new Set(ids).size, ids.length, 'ids are unique');
  for (const { name, attributes } of nodes) {
    assert.ok(!['script', 'link', 'iframe', 'object', 'base', 'form'].includes(name), name);
    for (const [key, value] of Object.entries(attributes)) {
      assert.doesNotMatch(key, /^on|^style$/);
      if (/^(src|href|xlink:href)$/.test(key)) assert.match(value, /^(data:image\/png;base64,|#)/);
      if (key === 'href' && value.startsWith('#')) assert.ok(ids.includes(value.slice(1)), value);
      if (key === 'aria-labelledby') for (const id of value.split(' ')) assert.ok(ids.includes(id), id);
      if (/^(x|y|x1|x2|y1|y2|cx|cy|r|width|height|d|viewBox|points)$/.test(key))
        assert.doesNotMatch(value, /NaN|Infinity|undefined/);
    }
    if (name === 'img') assert.ok(attributes['alt']);
  }
  for (const svg of nodes.filter(({ attributes }) => attributes['role'] === 'img'))
    assert.deepEqual(
      ['title', 'desc'].map((name) => textIn(elements(svg, name)[0] ?? svg) === ''),
      [false, false],
    );
  assert.doesNotMatch(text.replaceAll(/base64,[^"]*/g, ''), /undefined|NaN|\[object/);
  return page;
}

test('a page contains the numbers of the evaluation', () => {
  const data = sampleReport(numbered(10), 50);
  const text = reportPage(data);
  const page = check(text);
  const tiles = textIn(byId(page, 'overview'));
  const { low, high } = wilsonInterval(data.correct, data.total);
  assert.ok(
    tiles.includes(
      `precision @ 1${fraction(data.precision)}95% interval ${fraction(low)} to ${fraction(high)}`,
    ),
  );
  assert.ok(tiles.includes(`precision @ 5${fraction((data.top?.correct ?? 0) / data.total)}`));
  assert.ok(tiles.includes(fraction(expectedCalibrationError(data.calibration))));
  assert.ok(tiles.includes('2026-01-02 03:04 UTC'));
  const [, ...matrix] = rowsOf(elements(byId(page, 'matrix'), 'table')[0]);
  assert.deepEqual(
    matrix,
    data.confusion.map((row, label) => [`class ${label}`, ...row.map(String)]),
  );
  const [, ...results] = rowsOf(elements(byId(page, 'classes'), 'table')[0]);
  assert.deepEqual(
    results.map(([name, , , , recall]) => [name, recall?.slice(0, 5)]),
    data.classes.map(({ name, recall }) => [name, fraction(recall)]),
  );
  assert.equal(elements(byId(page, 'mistakes'), 'img').length, 36);
  assert.equal(elements(byId(page, 'curves'), 'figure').length, 3);
  assert.deepEqual(
    elements(page, 'section').map(({ attributes }) => attributes['id']),
    sections.map(({ id }) => id),
  );
});

test('a page shows the precision with test-time augmentation beside the plain one, if there is one', () => {
  const data = sampleReport(numbered(3), 50);
  const tilesOf = (text: string) => textIn(byId(check(text), 'overview'));
  assert.doesNotMatch(tilesOf(reportPage(data)), /augmentation/);
  const tiles = tilesOf(reportPage({ ...data, ttaCorrect: 129, ttaPrecision: 0.86 }));
  assert.ok(tiles.includes(`precision @ 1${fraction(data.precision)}`));
  assert.ok(tiles.includes(`with test-time augmentation${fraction(0.86)}`), tiles);
});

test('no name of a class, a file or a data set changes the page', () => {
  const page = check(reportPage(sampleReport(hostileNames, 20)));
  const shown = rowsOf(elements(byId(page, 'classes'), 'table')[0]).map(([name]) => name);
  assert.deepEqual(shown.slice(1, 6), hostileNames.slice(0, 5));
  assert.equal(shown[6], 'line\\u000abreak \\u202e\\u0000 �');
  const sources = elements(byId(page, 'mistakes'), 'bdi').map(textIn);
  assert.ok(sources.includes('<i>& "photos"/1.jpg'));
});

test('two to a thousand classes give a page of limited size', () => {
  for (const [classes, mostBytes] of [
    [2, 1e5],
    [40, 8e5],
    [41, 5e5],
    [128, 7e5],
    [129, 7e5],
    [256, 1e6],
    [1000, 2e6],
  ] as const) {
    const text = reportPage(sampleReport(numbered(classes), 4));
    const page = check(text);
    assert.ok(text.length < mostBytes, `${classes} classes: ${text.length} bytes`);
    const images = elements(byId(page, 'matrix'), 'image');
    assert.equal(images.length, classes > 40 ? 1 : 0);
  }
});

test('an evaluation without mistakes, predictions or curves has a page', () => {
  const right = check(reportPage(emptyReport(true)));
  assert.match(textIn(byId(right, 'mistakes')), /All images are classified correctly/);
  assert.match(textIn(byId(right, 'curves')), /No curves/);
  const none = check(reportPage(emptyReport(false)));
  assert.match(textIn(byId(none, 'reliability')), /No image has a prediction/);
});

test('the same evaluation gives the same bytes, except for the date', () => {
  const data = sampleReport(numbered(3), 10);
  assert.equal(reportPage(data), reportPage(data));
  const later = reportPage({ ...data, date: new Date() });
  assert.notEqual(later, reportPage(data));
  assert.equal(withoutDate(later), withoutDate(reportPage(data)));
});

test('the Content-Security-Policy permits only the style of the page, and pictures in it', () => {
  const page = parsePage(reportPage(sampleReport(numbered(3), 10)));
  const styles = elements(page, 'style').map(textIn);
  const hashes = styles.map((style) => `'sha256-${createHash('sha256').update(style).digest('base64')}'`);
  const policy = elements(page, 'meta').find(({ attributes }) => attributes['http-equiv'] !== undefined);
  assert.equal(
    policy?.attributes['content'],
    `default-src 'none'; img-src data:; style-src ${hashes.join(' ')}; base-uri 'none'; form-action 'none'`,
  );
});
