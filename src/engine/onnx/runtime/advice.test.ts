import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adviceFor, installAdvice, requireGnuLibrary } from './advice.ts';

const coded = (code: string, message: string) => Object.assign(new Error(message), { code });

test('reinstalling is suggested only if the package did not load', () => {
  const missing = coded('ERR_MODULE_NOT_FOUND', "Cannot find package 'onnxruntime-node' imported from x.js");
  const broken = coded(
    'ERR_DLOPEN_FAILED',
    'libonnxruntime.so.1: cannot open shared object file: No such file or directory',
  );
  for (const error of [missing, broken]) assert.equal(adviceFor(error), installAdvice);
  for (const error of [
    coded('ERR_WORKER_INIT_FAILED', 'Worker initialization failure: EMFILE'),
    coded('EMFILE', "EMFILE: too many open files, open 'node_modules/onnxruntime-node/dist/index.js'"),
    coded('ERR_DLOPEN_FAILED', 'onnxruntime_binding.node: failed to map segment from shared object'),
    coded('ERR_MODULE_NOT_FOUND', "Cannot find module '/app/session-worker.js'"),
    new Error('Invalid rank for input'),
  ])
    assert.equal(adviceFor(error), '', String(error));
});

test('a system with musl is refused, and the error names an image with glibc', () => {
  const maps = (library: string) => () => `7f00-7f01 r-xp 00000000 08:01 1   ${library}\n`;
  requireGnuLibrary(maps('/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2'));
  requireGnuLibrary(() => undefined);
  assert.throws(() => requireGnuLibrary(maps('/lib/ld-musl-x86_64.so.1')), {
    name: 'RunError',
    message:
      /musl \(Alpine Linux\), and ONNX Runtime needs glibc 2\.28 or newer: use an image based on Debian/,
  });
});
