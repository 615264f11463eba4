import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shownPictures } from './shown-pictures.ts';

const mistake = { label: 'cat', predicted: 'dog', probability: 0.9, source: 'a', hasPicture: true };

test('mistakes with a picture come first, then the newest image of each input', () => {
  const report = {
    ...{ step: 7, data: 'test', weights: 'ema', classes: [], confusion: [] },
    mistakes: [mistake, { ...mistake, hasPicture: false }, { ...mistake, source: 'b' }],
  };
  const size = { width: 1, height: 1 };
  const images = [
    { tag: 'images/image/0', step: 1, ...size },
    { tag: 'conv1/weights/filters', step: 1, ...size },
    { tag: 'images/image/0', step: 2, ...size },
    { tag: 'images/image/1', step: 2, ...size },
  ];
  const pictures = shownPictures({ evaluations: [], report }, { images });
  assert.deepEqual(
    pictures.map(({ path }) => path),
    ['mistakes/0.png', 'mistakes/2.png', 'images/2.png', 'images/3.png'],
  );
  assert.equal(pictures[1]?.title, 'cat, taken for dog (b)');
  assert.deepEqual(shownPictures(undefined, undefined), []);
  assert.deepEqual(shownPictures({ evaluations: [], report: null }, undefined), []);
});
