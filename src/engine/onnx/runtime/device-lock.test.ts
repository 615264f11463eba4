import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { DeviceLock, deviceLockMemory } from './device-lock.ts';

/** Starts a thread that runs the code with a `lock` on the memory and the elements `shared`. */
function thread(memory: SharedArrayBuffer, shared: SharedArrayBuffer, code: string): Worker {
  const lock = new URL('./device-lock.js', import.meta.url).href;
  return new Worker(
    `const { workerData, parentPort } = require('node:worker_threads');
     const { setImmediate } = require('node:timers/promises');
     import(${JSON.stringify(lock)}).then(async ({ DeviceLock }) => {
       const lock = new DeviceLock(workerData.memory);
       const shared = new Int32Array(workerData.shared);
       ${code}
     });`,
    { eval: true, workerData: { memory, shared } },
  );
}

test('threads that hold the lock run one at a time', async () => {
  const [memory, shared] = [new SharedArrayBuffer(4), new SharedArrayBuffer(4)];
  const [threads, rounds] = [3, 200];
  const code = `for (let i = 0; i < ${rounds}; i++)
    await lock.hold(async () => {
      const before = shared[0];
      await setImmediate();
      shared[0] = before + 1;
    });`;
  const workers = Array.from({ length: threads }, () => thread(memory, shared, code));
  await Promise.all(workers.map((worker) => once(worker, 'exit')));
  assert.equal(new Int32Array(shared)[0], threads * rounds);
});

test('a task that fails, and a thread that ends while it holds the lock, release it', async () => {
  const [memory, shared] = [new SharedArrayBuffer(4), new SharedArrayBuffer(4)];
  const lock = new DeviceLock(memory);
  await assert.rejects(
    lock.hold(() => Promise.reject(new Error('failed'))),
    /failed/,
  );
  const holder = lock.releaseAtEndOf(
    thread(
      memory,
      shared,
      `lock.hold(() => { parentPort.postMessage('held'); return new Promise(() => setInterval(() => 0, 1000)); });`,
    ),
  );
  await once(holder, 'message');
  const waiting = thread(memory, shared, `await lock.hold(async () => { shared[0] = 1; });`);
  await holder.terminate();
  await once(waiting, 'exit');
  assert.equal(new Int32Array(shared)[0], 1);
});

test('the lock of the process is the same for all its threads', async () => {
  const memory = deviceLockMemory();
  assert.equal(deviceLockMemory(), memory);
  const lock = new URL('./device-lock.js', import.meta.url).href;
  const worker = new Worker(
    `import(${JSON.stringify(lock)}).then(({ deviceLockMemory }) => { new Int32Array(deviceLockMemory())[0] = 7; });`,
    { eval: true },
  );
  await once(worker, 'exit');
  assert.equal(new Int32Array(memory)[0], 7);
  new Int32Array(memory)[0] = 0;
});
