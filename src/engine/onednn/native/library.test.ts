import assert from 'node:assert/strict';
import { test } from 'node:test';
import { libraryNames } from './library.ts';

test('oneDNN is searched under the names of each system, then in the folders that conda and oneAPI name', () => {
  const folders = { CONDA_PREFIX: '/conda', DNNLROOT: '/opt/intel/dnnl' };
  assert.deepEqual(libraryNames('linux', folders).slice(-2), [
    '/conda/lib/libdnnl.so.3',
    '/opt/intel/dnnl/lib/libdnnl.so.3',
  ]);
  assert.deepEqual(libraryNames('win32', { CONDA_PREFIX: 'C:/conda' }), [
    'dnnl.dll',
    'C:/conda/Library/bin/dnnl.dll',
  ]);
  assert.equal(libraryNames('darwin', folders).at(-2), '/conda/lib/libdnnl.3.dylib');
  assert.deepEqual(libraryNames('linux', { CONDA_PREFIX: '' }), libraryNames('linux', {}));
  assert.deepEqual(libraryNames('aix', folders), []);
});
