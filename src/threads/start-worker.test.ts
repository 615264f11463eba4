import assert from 'node:assert/strict';
import { test } from 'node:test';
import { threadFailure } from './start-worker.ts';

test('the error for a worker file that a bundler left out says what to do', () => {
  const missing = new Error("Cannot find module '/app/dist/cifar10-onnx-worker.js'");
  assert.match(
    threadFailure(missing),
    /dist\/cifar10-onnx-worker\.js\. If the program was bundled.*--external:cifar10-ts/,
  );
  assert.equal(threadFailure(new Error("Cannot find module 'koffi'")), "Cannot find module 'koffi'");
});
