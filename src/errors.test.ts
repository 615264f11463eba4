import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { readCheckpoint } from './checkpoint/checkpoint.ts';
import { errorCode, failureData, messageOf, RunError, StoppedError, stackOf, UsageError } from './errors.ts';

test('errors have codes, and the error of the system as their cause', async () => {
  assert.deepEqual([new UsageError('a'), new RunError('a'), new StoppedError('a')].map(errorCode), [
    'CIFAR10_USAGE',
    'CIFAR10_RUN',
    'ABORT_ERR',
  ]);
  await assert.rejects(readCheckpoint('/nowhere/model.ckpt-1.safetensors'), (error: unknown) => {
    assert.equal(errorCode(error), 'CIFAR10_RUN');
    assert.ok(error instanceof RunError);
    assert.equal(errorCode(error.cause), 'ENOENT');
    assert.match(stackOf(error), /RunError[\s\S]*Caused by: /);
    return true;
  });
});

test('an error to which a caller may react has a code with data', () => {
  const data = { folder: 'runs/a', pid: 7, host: null };
  const error = new RunError('runs/a is in use', { code: 'CIFAR10_FOLDER_IN_USE', data, cause: 1 });
  assert.equal(error.code, 'CIFAR10_FOLDER_IN_USE');
  assert.deepEqual(failureData(error, 'CIFAR10_FOLDER_IN_USE'), data);
  assert.equal(failureData(error, 'CIFAR10_DIVERGED'), undefined);
  assert.equal(failureData(new RunError('no'), 'CIFAR10_DIVERGED'), undefined);
  assert.equal(error.cause, 1);
  assert.equal(new RunError('no').data, undefined);
});

test('errors of another realm have messages, codes and stacks', () => {
  const error: unknown = runInNewContext("Object.assign(new Error('no'), { code: 'ENOENT' })");
  assert.ok(!(error instanceof Error));
  assert.equal(messageOf(error), 'no');
  assert.equal(errorCode(error), 'ENOENT');
  assert.match(stackOf(error), /^Error: no/);
  for (const thrown of [undefined, null, 'text', 1]) assert.equal(stackOf(thrown), '');
});
