import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode } from 'fast-png';
import { datasets } from '../data/datasets.ts';
import { ExampleReader } from '../data/examples.ts';
import { imageBytes } from '../data/record.ts';
import { noiseExamples } from '../testing/examples.ts';
import { dataSheetHtml, dataSheetPng } from './data-sheet.ts';

const options = { augmentation: 'pad_crop_flip', imageShape: [3, 32, 32], seed: 0 } as const;

test('a sheet contains the name of each class, and its examples as stored and as augmented', () => {
  const html = dataSheetHtml(noiseExamples(30), options);
  for (const name of datasets.synthetic.classes)
    assert.ok(html.includes(`<h2>${name}</h2>`) && html.includes(`alt="${name}, as augmented"`), name);
  const [, first = ''] = /alt="circle, as stored"[^>]*base64,([^"]*)"/.exec(html) ?? [];
  const { width, height, data } = decode(Buffer.from(first, 'base64'));
  assert.deepEqual([width, height], [3 * 33 + 1, 34], 'three images of 32 × 32 with gaps');
  const red = new ExampleReader(noiseExamples(30)).pixelsOf(0)[0];
  assert.equal(data[(1 * width + 1) * 3], red);
  assert.ok(!/<(script|link)|src="(?!data:)/.test(html), 'self-contained');
});

test('a sheet has room for the names of its classes', () => {
  const wide = (perClass: number) => decode(dataSheetPng(noiseExamples(10), { ...options, perClass })).width;
  // CHECKERBOARD is the longest name, a letter takes 8 pixels, and four classes are side by side.
  assert.ok(wide(1) > 4 * 12 * 8 - 8, `${wide(1)}`);
});

test('names in a page are escaped', () => {
  const examples = noiseExamples(10);
  const classes = ['<b>"bold" & co</b>', ...examples.dataset.classes.slice(1)];
  const html = dataSheetHtml({ ...examples, dataset: { ...examples.dataset, classes } }, options);
  assert.ok(html.includes('<h2>&lt;b&gt;&quot;bold&quot; &amp; co&lt;/b&gt;</h2>'));
});

for (const count of [2, 10, 1000])
  test(`a sheet of ${count} classes is an image of limited width, which is the same every time`, () => {
    const classes = Array.from(
      { length: count },
      (_, index) => `Ärgerlich langer Name einer Klasse ${index}`,
    );
    const field = { name: 'class', bytes: 2, classes, namesFile: 'names.txt' } as const;
    const record = { labels: [field], image: [1, 8, 8] } as const;
    const dataset = { ...datasets.synthetic, record, classes };
    const examples = noiseExamples(count, 'train', dataset);
    assert.equal(examples.records.length, count * (2 + imageBytes(record.image)));
    const small = { ...options, augmentation: 'tutorial', imageShape: [1, 6, 6], mostClasses: 50 } as const;
    const png = dataSheetPng(examples, small);
    const { width, height } = decode(png);
    assert.ok(width <= 1700 && height <= 2000, `${width} × ${height}`);
    assert.deepEqual(dataSheetPng(examples, small), png);
  });

test('a data set without examples gives an empty sheet', () => {
  const none = { ...noiseExamples(1), count: 0 };
  assert.ok(decode(dataSheetPng(none, options)).width > 0);
});
