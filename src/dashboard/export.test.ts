import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { writeSmallPage, writeSmallRun } from '../testing/dashboard-runs.ts';
import { inTemporaryFolder } from '../testing/examples.ts';
import { openSource } from './dashboard.ts';
import { exportPage, type PageExportEvent } from './export.ts';
import { serveRuns } from './server/serve.ts';
import { idOf, type RunList } from './wire.ts';

/** Returns the list of the server as an export has it: nothing in it is live. */
function asFiles(list: RunList): RunList {
  assert.ok(list.runs.every(({ state }) => state === 'live'));
  return { ...list, isLive: false, runs: list.runs.map((run) => ({ ...run, state: 'stopped' })) };
}

async function exported(logdir: string, dir: string, page: string): Promise<readonly PageExportEvent[]> {
  const events: PageExportEvent[] = [];
  for await (const event of exportPage({ logdir, dir, page })) events.push(event);
  return events;
}

test('an export has the resources of the server, and the page with its policy', () =>
  inTemporaryFolder(async (dir) => {
    const [runs, page, out] = ['runs', 'page', 'out'].map((name) => join(dir, name)) as [
      string,
      string,
      string,
    ];
    writeSmallPage(page);
    writeSmallRun(join(runs, 'a'), 40);
    writeSmallRun(join(runs, 'b'));
    const events = await exported(runs, out, page);
    assert.equal(events.at(-1)?.kind, 'end');
    const server = await serveRuns(await openSource(runs), { host: '127.0.0.1', port: 0, page });
    try {
      const files = readdirSync(join(out, 'data'), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name));
      assert.ok(files.length > 40, String(files.length));
      for (const file of files) {
        const response = await fetch(`${server.link}${file.slice(join(out, '/').length)}`);
        assert.equal(response.status, 200, file);
        const bytes = Buffer.from(await response.arrayBuffer());
        const written = readFileSync(file);
        if (file.endsWith('runs.json'))
          assert.deepEqual(
            asFiles(JSON.parse(bytes.toString('utf8')) as RunList),
            JSON.parse(written.toString('utf8')),
          );
        else assert.deepEqual(written, bytes, file);
      }
    } finally {
      await server.close();
    }
    assert.match(
      readFileSync(join(out, 'index.html'), 'utf8'),
      /<meta http-equiv="Content-Security-Policy" content="default-src 'none'; /,
    );
    assert.deepEqual(readdirSync(dir).sort(), ['out', 'page', 'runs']);
  }));

test('an export replaces an earlier one, but nothing else', () =>
  inTemporaryFolder(async (dir) => {
    const [runs, page, out] = ['runs', 'page', 'out'].map((name) => join(dir, name)) as [
      string,
      string,
      string,
    ];
    writeSmallPage(page);
    writeSmallRun(join(runs, 'a'));
    mkdirSync(out);
    await exported(runs, out, page);
    rmSync(join(runs, 'a'), { recursive: true });
    writeSmallRun(join(runs, 'b'));
    await exported(runs, out, page);
    assert.deepEqual(readdirSync(join(out, 'data')).sort(), [idOf('b'), 'runs.json']);
    for (const name of ['CNAME', '.git/HEAD', 'data/old.json', 'empty/']) {
      if (name.endsWith('/')) mkdirSync(join(out, name));
      else {
        mkdirSync(dirname(join(out, name)), { recursive: true });
        writeFileSync(join(out, name), 'mine');
      }
      await assert.rejects(
        exported(runs, out, page),
        (error: Error) => error.message.includes(`other files (${name.replace(/\/$/, '')} …)`),
        name,
      );
      assert.ok(existsSync(join(out, name)), name);
      assert.ok(existsSync(join(out, 'index.html')));
      rmSync(join(out, name), { recursive: true });
      if (name.startsWith('.git')) rmSync(join(out, '.git'), { recursive: true });
    }
    await assert.rejects(async () => {
      for await (const { kind } of exportPage({ logdir: runs, dir: out, page }))
        if (kind === 'progress') writeFileSync(join(out, 'CNAME'), 'added while the export is written');
    }, /other files \(CNAME/);
    assert.ok(existsSync(join(out, 'CNAME')));
    assert.deepEqual(readdirSync(dir).sort(), ['out', 'page', 'runs']);
    const other = join(dir, 'other');
    mkdirSync(other);
    writeFileSync(join(other, 'mine.txt'), '');
    await assert.rejects(exported(runs, other, page), /other: the folder contains other files \(mine\.txt/);
    assert.deepEqual(readdirSync(other), ['mine.txt']);
  }));

test('folders without runs, and missing ones, are errors that say what to do', () =>
  inTemporaryFolder(async (dir) => {
    const page = join(dir, 'page');
    writeSmallPage(page);
    mkdirSync(join(dir, 'empty'));
    await assert.rejects(
      exported(join(dir, 'empty'), join(dir, 'out'), page),
      /empty: no runs found .*`logdir`.*train/,
    );
    await assert.rejects(
      exported(join(dir, 'missing'), join(dir, 'out'), page),
      /missing: folder not found\..*`logdir`/,
    );
    await assert.rejects(
      exported(join(page, 'index.html'), join(dir, 'out'), page),
      /index\.html is not a folder/,
    );
    assert.deepEqual(readdirSync(dir).sort(), ['empty', 'page']);
  }));
