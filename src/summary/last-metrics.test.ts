import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { lastMetrics } from './last-metrics.ts';

describe('the last metrics', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cifar10-metrics-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'metrics.jsonl');
  const lastOf = async (lines: readonly (object | string)[], tags: readonly string[]) => {
    writeFileSync(
      path,
      lines.map((line) => (typeof line === 'string' ? line : `${JSON.stringify(line)}\n`)).join(''),
    );
    return Object.fromEntries(await lastMetrics(path, tags));
  };

  test('contain the last value of each tag, even if the tags are in different lines', async () => {
    const lines = [{ loss: 1, speed: 10 }, { loss: 2 }, { validation: 0.5 }, { validation: null }];
    assert.deepEqual(await lastOf(lines, ['loss', 'speed', 'validation', 'none']), {
      loss: 2,
      speed: 10,
      validation: 0.5,
    });
  });

  test('are found before many other lines, in lines longer than one read, and next to damaged lines', async () => {
    const filler = Array.from({ length: 3000 }, (_, step) => ({ step, note: 'ä'.repeat(20) }));
    const long = { loss: 3, note: 'x'.repeat(50_000) };
    const lines = ['\n{"loss": 7', '\n', { speed: 1 }, long, ...filler, '[1]\nnull\n{"loss":'];
    assert.deepEqual(await lastOf(lines, ['loss', 'speed']), { loss: 3, speed: 1 });
  });

  test('are empty for an empty file; a missing file and a folder cause an error', async () => {
    assert.deepEqual(await lastOf([], ['loss']), {});
    await assert.rejects(lastMetrics(join(folder, 'none'), ['loss']), /ENOENT/);
    await assert.rejects(lastMetrics(folder, ['loss']), /folder/);
  });
});
