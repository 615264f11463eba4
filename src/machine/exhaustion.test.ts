import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RunError } from '../errors.ts';
import { describeExhaustion, exhaustedResource } from './exhaustion.ts';

const coded = (code: string, message: string) => Object.assign(new Error(message), { code });

test('exhausted resources are recognized in errors of Node.js, C libraries and V8', () => {
  const cases: readonly (readonly [unknown, string | undefined])[] = [
    [coded('EMFILE', "EMFILE: too many open files, open 'x'"), 'files'],
    [coded('ERR_WORKER_INIT_FAILED', 'Worker initialization failure: EMFILE'), 'files'],
    [new Error('libdnnl.so.2: cannot open shared object file: Too many open files'), 'files'],
    [coded('ENFILE', 'ENFILE: file table overflow, open'), 'files of the machine'],
    [coded('ERR_WORKER_INIT_FAILED', 'EAGAIN'), 'threads'],
    [coded('EAGAIN', 'spawn node EAGAIN'), 'threads'],
    [new Error('pthread_setaffinity_np failed / pthread_create failed'), 'threads'],
    [new Error('thread constructor failed: Resource temporarily unavailable'), 'threads'],
    [coded('ENOMEM', 'ENOMEM: not enough memory, read'), 'memory'],
    [coded('ERR_WORKER_OUT_OF_MEMORY', 'Worker terminated due to reaching memory limit'), 'memory'],
    [new RangeError('Array buffer allocation failed'), 'memory'],
    [new Error('bfc_arena.cc:360 Failed to allocate memory for requested buffer of size 28'), 'memory'],
    [new Error('std::bad_alloc'), 'memory'],
    [new Error('x.node: failed to map segment from shared object'), 'memory'],
    [coded('EAGAIN', 'EAGAIN: resource temporarily unavailable, read'), undefined],
    [coded('ENOENT', 'ENOENT: no such file or directory'), undefined],
    [new Error('dnnl_primitive_desc_create: not implemented'), undefined],
    ['a text', undefined],
    [undefined, undefined],
  ];
  for (const [error, resource] of cases) assert.equal(exhaustedResource(error), resource, String(error));
});

test('the message names what ran out, the limit and what to do', () => {
  const read = (path: string) =>
    path === '/proc/self/limits'
      ? 'Max open files   32   4096   files\nMax processes   50   50   processes\n'
      : undefined;
  const messageFor = (code: string, hasBatches = true) =>
    describeExhaustion(coded(code, code), { read, hasBatches });
  assert.equal(
    messageFor('EMFILE'),
    'out of file descriptors: this process may have 32 open files (ulimit -n). Raise the limit: ulimit -n 1024',
  );
  assert.equal(
    messageFor('EAGAIN'),
    'no more threads can be started: this user may run 50 processes and threads (ulimit -u). Raise the limit, or end other programs',
  );
  assert.match(
    messageFor('ENOMEM') ?? '',
    /^out of memory: .*\. Use a smaller `batchSize`, or raise the limit$/,
  );
  assert.match(messageFor('ENOMEM', false) ?? '', /^out of memory: [^`]*\. Raise the limit$/);
  assert.equal(messageFor('ENOENT'), undefined);
});

test('a message that already describes the exhausted resource is returned unchanged', () => {
  const message = 'oneDNN, graph train: out of memory: graph train needs 3.0 GB, but found 1.0 GB free';
  assert.equal(describeExhaustion(new RunError(message)), message);
});
