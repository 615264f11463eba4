import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunList } from '../dashboard/wire.ts';
import { writeSmallPage, writeSmallRun } from '../testing/dashboard-runs.ts';
import { inTemporaryFolder } from '../testing/examples.ts';
import { cifar10 } from '../testing/in-process.ts';
import { program } from '../testing/program.ts';
import { copySynthetic, smallNetwork } from '../testing/synthetic.ts';

/** Runs a task with a folder of runs and a page. */
const withRuns = (task: (dir: string) => Promise<void>) =>
  inTemporaryFolder(async (dir) => {
    writeSmallPage(join(dir, 'page'));
    writeSmallRun(join(dir, 'runs', 'a'));
    process.env['CIFAR10_PAGE'] = join(dir, 'page');
    await task(dir);
  });

const linkIn = (text: string) => /http:\/\/[\d.]+:\d+\//.exec(text)?.[0];

/** Returns the list of runs when the run has written its recipe. */
async function listWithRecipe(link: string): Promise<RunList> {
  for (;;) {
    const list = (await (await fetch(`${link}data/runs.json`)).json()) as RunList;
    if (typeof list.runs[0]?.maxSteps === 'number') return list;
    await sleep(200);
  }
}

test('the page is served until Ctrl-C', () =>
  withRuns(async (dir) => {
    let list: Promise<RunList> | undefined;
    const { code, output, errors } = await cifar10(
      ['dashboard', '--logdir', join(dir, 'runs'), '--port', '0'],
      (line, kill) => {
        list = fetch(`${linkIn(line)}data/runs.json`)
          .then((response) => response.json() as Promise<RunList>)
          .finally(() => kill('SIGINT'));
      },
    );
    assert.deepEqual([code, errors], [0, '']);
    assert.match(output, /^http:\/\/127\.0\.0\.1:\d+\/ \(.*runs: 1 run; Ctrl-C ends\)\n$/);
    assert.deepEqual(
      (await list)?.runs.map(({ path }) => path),
      ['a'],
    );
  }));

test('a folder without runs is served, because they may begin later', () =>
  withRuns(async (dir) => {
    mkdirSync(join(dir, 'empty'));
    const { code, output } = await cifar10(
      ['dashboard', '--logdir', join(dir, 'empty'), '--port', '0'],
      (_, kill) => kill('SIGINT'),
    );
    assert.equal(code, 0);
    assert.match(output, /no runs yet; they appear when they begin/);
  }));

test('errors say what to do', () =>
  withRuns(async (dir) => {
    const failing = async (...words: readonly string[]) => {
      const { code, errors } = await cifar10(['dashboard', ...words]);
      return `${code} ${errors}`;
    };
    const runs = join(dir, 'runs');
    assert.match(
      await failing('--logdir', join(dir, 'no')),
      /^1 .*no: folder not found\..*--logdir.*train --train-dir \S*no\/first/s,
    );
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    assert.match(
      await failing('--logdir', runs, '--port', String(port)),
      /^1 .*another program uses this port.*--port \d+/s,
    );
    taken.close();
    assert.match(
      await failing('--logdir', runs, '--export', 'x', '--port', '1'),
      /^2 .*--port cannot be combined with --export/,
    );
    process.env['CIFAR10_PAGE'] = join(dir, 'nothing');
    assert.match(
      await failing('--logdir', runs),
      /^1 .*the page of the dashboard has not been built.*npm run build/s,
    );
  }));

test('the page is written as files', () =>
  withRuns(async (dir) => {
    const out = join(dir, 'site');
    const { code, output, errors } = await cifar10([
      'dashboard',
      '--logdir',
      join(dir, 'runs'),
      '--export',
      out,
    ]);
    assert.deepEqual([code, errors], [0, '']);
    assert.match(output, /site: 1 run, \d+ files, \d+ MB\. Serve the folder with any web server/);
    const list = JSON.parse(readFileSync(join(out, 'data', 'runs.json'), 'utf8')) as RunList;
    assert.equal(list.isLive, false);
  }));

test('train --dashboard serves the run while it trains', { timeout: 120_000 }, () =>
  withRuns(async (dir) => {
    let seen: Promise<RunList> | undefined;
    const words = [
      'train',
      '--dataset',
      'synthetic',
      '--clip-norm',
      '5',
      '--batch-size',
      '16',
      '--log-frequency',
      '1',
    ];
    await copySynthetic(join(dir, 'data'));
    const folders = ['--data-dir', join(dir, 'data'), '--train-dir', join(dir, 'new')];
    const { output } = await program(
      [...words, ...folders, '--max-steps', '100000', '--dashboard', ...smallNetwork],
      (line, kill) => {
        const link = line.startsWith('Dashboard: ') ? linkIn(line) : undefined;
        if (link === undefined) return;
        seen = listWithRecipe(link).finally(() => kill('SIGINT'));
      },
    );
    const [run] = (await seen)?.runs ?? [];
    assert.deepEqual([run?.state, run?.maxSteps, run?.settings['batch-size']], ['live', 100_000, '16']);
    assert.match(output, /The dashboard ends with the training\. To open it again: .*dashboard --logdir/);
    const link = linkIn(/Dashboard: .*/.exec(output)?.[0] ?? '') ?? '';
    await assert.rejects(fetch(link), 'the process of the page has ended');
  }),
);
