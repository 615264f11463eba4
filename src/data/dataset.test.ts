import assert from 'node:assert/strict';
import { test } from 'node:test';
import { datasets, examplesIn } from './dataset.ts';
import { recordBytes } from './record.ts';

test('CIFAR-10 has 50,000 training and 10,000 test examples in files of 30,730,000 bytes', () => {
  const { cifar10 } = datasets;
  assert.equal(examplesIn(cifar10, 'train'), 50_000);
  assert.equal(examplesIn(cifar10, 'test'), 10_000);
  assert.deepEqual(
    cifar10.files.map(({ name, records }) => `${name} ${records * recordBytes}`),
    [
      'data_batch_1.bin 30730000',
      'data_batch_2.bin 30730000',
      'data_batch_3.bin 30730000',
      'data_batch_4.bin 30730000',
      'data_batch_5.bin 30730000',
      'test_batch.bin 30730000',
    ],
  );
});

test('the generated set has 10,000 training and 2,000 test examples', () => {
  assert.equal(examplesIn(datasets.synthetic, 'train'), 10_000);
  assert.equal(examplesIn(datasets.synthetic, 'test'), 2_000);
});

test('every data set is registered under its name, has ten different classes and its own folder and title', () => {
  const all = Object.entries(datasets);
  for (const [name, dataset] of all) {
    assert.equal(dataset.name, name);
    assert.equal(new Set(dataset.classes).size, 10);
  }
  assert.equal(new Set(all.map(([, { folder }]) => folder)).size, all.length);
  assert.equal(new Set(all.map(([, { title }]) => title)).size, all.length);
});
