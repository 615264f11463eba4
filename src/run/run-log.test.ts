import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { inTemporaryFolder } from '../testing/examples.ts';
import { logFileName, oldLogFileName, RunLog } from './run-log.ts';

const refuse = { onError: (error: Error) => assert.fail(error.message) };

test('lines are written soon after the log is open, and those before it first', () =>
  inTemporaryFolder(async (dir) => {
    const path = join(dir, logFileName);
    const log = new RunLog(refuse);
    log.add('before\u001b[2K');
    await sleep(400);
    assert.deepEqual(readdirSync(dir), []);
    await log.open(dir);
    log.add('first\nsecond');
    await sleep(600);
    assert.equal(readFileSync(path, 'utf8'), 'before\\u001b[2K\nfirst\nsecond\n');
    log.add('last');
    await log.close();
    log.add('too late');
    assert.match(readFileSync(path, 'utf8'), /second\nlast\n$/);
  }));

test('a log that was not opened writes nothing, and a removed file is not made again', () =>
  inTemporaryFolder(async (dir) => {
    const unopened = new RunLog(refuse);
    unopened.add('a');
    await unopened.close();
    const log = new RunLog(refuse);
    await log.open(dir);
    rmSync(join(dir, logFileName));
    log.add('a');
    await log.close();
    assert.deepEqual(readdirSync(dir), []);
  }));

test('the next run appends, after the incomplete line of a process that was killed', () =>
  inTemporaryFolder(async (dir) => {
    writeFileSync(join(dir, logFileName), 'old\nincompl');
    const log = new RunLog(refuse);
    log.add('new');
    await log.open(dir);
    await log.close();
    assert.equal(readFileSync(join(dir, logFileName), 'utf8'), 'old\nincompl\nnew\n');
  }));

test('a large file becomes the older part, of which one is kept', () =>
  inTemporaryFolder(async (dir) => {
    const log = new RunLog({ ...refuse, mostBytes: 100 });
    await log.open(dir);
    for (let line = 0; line < 6; line++) {
      log.add(`${line} ${'x'.repeat(57)}`);
      await sleep(300);
    }
    await log.close();
    assert.match(readFileSync(join(dir, oldLogFileName), 'utf8'), /^4 x+\n$/);
    assert.match(readFileSync(join(dir, logFileName), 'utf8'), /^5 x+\n$/);
  }));

test('an error is reported once, and the run continues', () =>
  inTemporaryFolder(async (dir) => {
    mkdirSync(join(dir, logFileName));
    const errors: string[] = [];
    const log = new RunLog({ onError: ({ message }) => errors.push(message) });
    log.add('a');
    await log.open(dir);
    log.add('b');
    await log.close();
    assert.equal(errors.length, 1);
    assert.match(
      errors[0] ?? '',
      /train\.log: the log cannot be written \(.*\)\. The run continues without it\./,
    );
  }));
