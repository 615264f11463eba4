import assert from 'node:assert/strict';
import { test } from 'node:test';
import { examplesIn, withLabels } from './dataset.ts';
import { datasets, labelChoices } from './datasets.ts';
import { recordBytes } from './record.ts';

test('CIFAR-10 has 50,000 training and 10,000 test examples in files of 30,730,000 bytes', () => {
  const { cifar10 } = datasets;
  assert.equal(examplesIn(cifar10, 'train'), 50_000);
  assert.equal(examplesIn(cifar10, 'test'), 10_000);
  assert.deepEqual(
    cifar10.files.map(({ name, records }) => `${name} ${records * recordBytes(cifar10.record)}`),
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

test('CIFAR-100 has one file of 50,000 training examples and one of 10,000 test examples, 3,074 bytes each', () => {
  const { cifar100 } = datasets;
  assert.equal(recordBytes(cifar100.record), 3074);
  assert.deepEqual(
    cifar100.files.map(({ name, split, records }) => [name, split, records]),
    [
      ['train.bin', 'train', 50_000],
      ['test.bin', 'test', 10_000],
    ],
  );
  assert.deepEqual(
    cifar100.record.labels.map(({ name, classes }) => [name, classes.length]),
    [
      ['coarse', 20],
      ['fine', 100],
    ],
  );
});

test('the labels of a data set can be selected from those of its records', () => {
  const coarse = withLabels(datasets.cifar100, 'coarse');
  assert.equal(coarse.classes[0], 'aquatic_mammals');
  assert.equal(coarse.labels, 'coarse');
  assert.equal(withLabels(coarse, 'fine').classes[0], 'apple');
  assert.equal(withLabels(datasets.cifar100, undefined), datasets.cifar100);
  assert.throws(() => withLabels(datasets.cifar10, 'fine'), {
    name: 'UsageError',
    message: '`labels`: CIFAR-10 has one label per image; leave it out, or give another `dataset`',
  });
  assert.throws(() => withLabels(datasets.cifar100, 'fin'), {
    name: 'UsageError',
    message: 'labels: found "fin", expected coarse or fine. Did you mean fine?',
  });
  for (const label of ['fine', 'coarse']) assert.ok(labelChoices.includes(label));
  assert.ok(!labelChoices.includes('class'));
});

test('every data set is registered under its name, and has distinct classes that fit into its labels, training and test files, statistics for every channel, and its own folder and title', () => {
  const all = Object.entries(datasets);
  for (const [name, dataset] of all) {
    assert.equal(dataset.name, name);
    const { record, statistics } = dataset;
    for (const { classes, bytes } of record.labels) {
      assert.equal(new Set(classes).size, classes.length);
      assert.ok(classes.length >= 2 && classes.length <= Math.min(1000, 256 ** bytes));
    }
    const chosen = record.labels.find((field) => field.name === dataset.labels);
    assert.deepEqual(dataset.classes, chosen?.classes);
    assert.ok([1, 3].includes(record.image[0]), 'channels');
    for (const values of [statistics.mean, statistics.deviation])
      assert.ok(values.length === record.image[0] && values.every((value) => value > 0 && value < 1), name);
    for (const split of ['train', 'test'] as const)
      assert.ok(examplesIn(dataset, split) > 0, `${name}: ${split}`);
    const fileNames = [...dataset.files, ...record.labels].map((one) =>
      'namesFile' in one ? one.namesFile : one.name,
    );
    assert.deepEqual(fileNames, [...new Set(fileNames)]);
    structuredClone(dataset);
  }
  assert.equal(new Set(all.map(([, { folder }]) => folder)).size, all.length);
  assert.equal(new Set(all.map(([, { title }]) => title)).size, all.length);
});
