import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { datasets } from './data/dataset.ts';
import { writeDataset } from './data/write.ts';
import { noiseRecords } from './testing/examples.ts';
import { program } from './testing/program.ts';

/** What the README tells people to type, typed: every `cifar10` command in its blocks of shell, in order, in one folder,
 * with few steps. CIFAR-10 is stood in for by files of noise of its sizes. */
const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const commands = [...readme.matchAll(/```sh\n(.*?)```/gs)]
  .flatMap(([, block = '']) => block.split('\n'))
  .filter((line) => line.startsWith('cifar10 '))
  .map((line) =>
    line.replace(/--max-steps (\d+)/, (_, steps) => `--max-steps ${Math.max(2, Number(steps) / 5000)}`),
  );

/** What each command prints when it has done its work. */
const wanted: Readonly<Record<string, RegExp>> = {
  train: /Done at step \d+/,
  eval: /precision @ 1 = \d\.\d{3}/,
  inspect: /conv2/,
  doctor: /ok +training: /,
};

const folder = mkdtempSync(join(tmpdir(), 'cifar10-readme-'));
before(async () => {
  const block = noiseRecords(500);
  await writeDataset(join(folder, 'data'), datasets.cifar10, ({ records }) => {
    const copies = new Uint8Array((block.length * records) / 500);
    for (let start = 0; start < copies.length; start += block.length) copies.set(block, start);
    return copies;
  });
});
after(() => rmSync(folder, { recursive: true, force: true }));

test('every command of the README does what it says', async () => {
  assert.ok(commands.length >= 7, `${commands.length} commands found`);
  for (const command of commands) {
    const outcome = await program(command.split(' ').slice(1), undefined, folder);
    assert.equal(outcome.code, 0, `${command}\n${outcome.errors}`);
    assert.equal(outcome.errors, '', command);
    const [, name = ''] = command.split(' ');
    assert.match(outcome.output, wanted[name] ?? /nothing is known of this command/, command);
  }
});

test('every npm command of the README is a script of the package', () => {
  const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    scripts: Record<string, string>;
  };
  for (const [, run, name = ''] of readme.matchAll(/^npm (run )?(\w+)/gm))
    assert.ok(scripts[name], `npm ${run ?? ''}${name}`);
});
