import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupTags, matchesFilter, titleOf } from './tags.ts';

test('the main curves come first in their order, then groups by prefix, then single tags', () => {
  const tags = [
    ...['queue/batches', 'conv2/sparsity', 'examples_per_sec', 'learning_rate', 'recall/cat', 'recall/bird'],
    ...['Precision @ 1', 'total_loss', 'validation/Precision @ 1', 'loss_scale'],
  ];
  assert.deepEqual(groupTags(tags), [
    {
      title: 'Main curves',
      tags: ['total_loss', 'Precision @ 1', 'validation/Precision @ 1', 'learning_rate', 'examples_per_sec'],
    },
    { title: 'recall', tags: ['recall/bird', 'recall/cat'] },
    { title: 'Others', tags: ['conv2/sparsity', 'loss_scale', 'queue/batches'] },
  ]);
  assert.deepEqual(groupTags([]), []);
});

test('tags of other programs are main curves too, and no tag is lost', () => {
  for (const tag of ['train/loss', 'Loss', 'epoch_loss', 'train_loss_step', 'val/acc', 'lr-Adam'])
    assert.equal(groupTags([tag])[0]?.title, 'Main curves', tag);
  const tags = ['a', 'a/b', 'a/c', 'é', '/x'];
  assert.deepEqual(
    groupTags(tags)
      .flatMap((group) => group.tags)
      .toSorted(),
    tags.toSorted(),
  );
});

test('two main curves of a run have different titles', () => {
  assert.equal(titleOf('Precision @ 1'), 'Precision');
  assert.equal(titleOf('validation/Precision @ 1'), 'Precision (validation)');
  assert.equal(titleOf('recall/cat'), 'recall/cat');
});

test('a filter finds words in any order, ignoring case', () => {
  assert.ok(matchesFilter('conv1/weights/Gradients', 'grad conv1'));
  assert.ok(matchesFilter('anything', ''));
  assert.ok(!matchesFilter('conv1/weights', 'conv2'));
});
