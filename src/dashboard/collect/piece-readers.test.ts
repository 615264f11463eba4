import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventFileName, scalarRecord, versionRecord } from '../../testing/dashboard-runs.ts';
import { inTemporaryFolder } from '../../testing/examples.ts';
import { PieceReaders } from './piece-readers.ts';
import { readPieceHere } from './read-piece.ts';

test('threads read the same as the thread of the caller', () =>
  inTemporaryFolder(async (dir) => {
    const path = join(dir, eventFileName);
    const records = Array.from({ length: 20_000 }, (_, step) =>
      scalarRecord(`tag ${step % 7}`, step, step / 3),
    );
    writeFileSync(path, Buffer.concat([versionRecord(), ...records]));
    const left = statSync(path).size;
    const request = { kind: 'events', path, from: 0, state: undefined, left } as const;
    const expected = await readPieceHere(request);
    assert.equal(
      expected.scalars.reduce((sum, { steps }) => sum + steps.length, 0),
      20_000,
    );
    const readers = new PieceReaders();
    const { read } = readers;
    for (const piece of await Promise.all([read(request), read(request), read(request)]))
      assert.deepEqual(piece, expected);
    await assert.rejects(read({ ...request, path: join(dir, 'missing') }), { code: 'ENOENT' });
    // Threads that ended are replaced.
    await readers.close();
    assert.deepEqual(await read(request), expected);
    await readers.close();
  }));
