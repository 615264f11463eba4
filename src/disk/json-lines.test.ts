import assert from 'node:assert/strict';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inTemporaryFolder } from '../testing/examples.ts';
import { appendLines, appendLinesSync, fieldsOfLine, readLines, readLinesSync } from './json-lines.ts';

const variants = [
  { how: 'asynchronously', appendLines, readLines },
  {
    how: 'synchronously',
    appendLines: async (path: string, lines: readonly string[]) => appendLinesSync(path, lines),
    readLines: async (path: string) => readLinesSync(path),
  },
];

for (const { how, appendLines, readLines } of variants) {
  test(`lines are appended ${how}, and never to the end of an incomplete last line`, () =>
    inTemporaryFolder(async (folder) => {
      const path = join(folder, 'file.jsonl');
      assert.deepEqual(await readLines(path), []);
      await appendLines(path, ['{"a":1}']);
      writeFileSync(path, `${readFileSync(path, 'utf8')}{"b":`);
      await appendLines(path, ['{"c":3}', '{"d":4}']);
      assert.equal(readFileSync(path, 'utf8'), '{"a":1}\n{"b":\n{"c":3}\n{"d":4}\n');
      assert.deepEqual(await readLines(path), ['{"a":1}', '{"b":', '{"c":3}', '{"d":4}']);
    }));

  test(`a link is neither read nor written through ${how}`, { skip: process.platform === 'win32' }, () =>
    inTemporaryFolder(async (folder) => {
      writeFileSync(join(folder, 'victim'), 'secret');
      symlinkSync('victim', join(folder, 'link'));
      await assert.rejects(appendLines(join(folder, 'link'), ['{}']), /symbolic link/);
      await assert.rejects(readLines(join(folder, 'link')), /symbolic link/);
      assert.equal(readFileSync(join(folder, 'victim'), 'utf8'), 'secret');
    }),
  );
}

test('only an object in a line has fields', () => {
  assert.deepEqual(fieldsOfLine('{"step":3,"loss":null}'), { step: 3, loss: null });
  for (const line of ['', '{"step":', '[1]', '"text"', 'null', '3'])
    assert.deepEqual(fieldsOfLine(line), {}, line);
});
