import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noiseExamples } from '../testing/examples.ts';
import { hostileNames } from '../testing/report-data.ts';
import { elements, parsePage } from '../testing/report-pages.ts';
import { ContactSheet } from './contact-sheet.ts';

test('the page shows images with their classes, shows mistakes in order of confidence, and loads no other files', () => {
  const examples = noiseExamples(60);
  const classes = examples.dataset.classes.length;
  const sheet = new ContactSheet(examples);
  for (let example = 0; example < 60; example++) {
    const logits = new Float32Array(classes);
    const isRight = example % 3 !== 0;
    logits[isRight ? 1 : 2] = example / 10;
    sheet.add({ example, label: 1, logits, correct: isRight });
  }
  const page = sheet.html({ globalStep: 1000, correct: 40, total: 60, precision: 40 / 60 });
  parsePage(page);
  assert.match(page, /66\.7% correct/);
  assert.equal([...page.matchAll(/<img alt="[^"]+" src="data:image\/png;base64,/g)].length, 40 + 20);
  assert.doesNotMatch(page, /(src|href)="(?!data:)/);
  const [, mistakes = ''] = page.split('most confident mistakes');
  const shares = [...mistakes.matchAll(/(\d+)%<\/span>/g)].map(([, share]) => Number(share));
  assert.deepEqual(
    shares,
    shares.toSorted((a, b) => b - a),
  );
});

test('no name of a class or a data set changes the page', () => {
  const examples = noiseExamples(6);
  const { dataset } = examples;
  const names = hostileNames.slice(0, 6);
  const hostile = { ...dataset, title: names[0] ?? '', classes: names };
  const sheet = new ContactSheet({ ...examples, dataset: hostile });
  for (let example = 0; example < 6; example++)
    sheet.add({ example, label: example, logits: new Float32Array(6), correct: false });
  const page = parsePage(sheet.html({ globalStep: 1, correct: 0, total: 6, precision: 0 }));
  const alternatives = elements(page, 'img').map(({ attributes }) => attributes['alt']);
  assert.deepEqual(alternatives.slice(0, 5), names.slice(0, 5));
  assert.deepEqual(elements(page, 'script'), []);
});
