import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { datasets } from './data/dataset.ts';
import { writeDataset } from './data/write.ts';
import { skipBfloat16 } from './testing/engines.ts';
import { noiseRecords } from './testing/examples.ts';
import { program } from './testing/program.ts';

/** What the pages tell people to type, typed: every `cifar10` command in their blocks of shell, in order, in one folder,
 * with few steps. CIFAR-10 is stood in for by files of noise of its sizes. */
const pages = ['README.md', 'docs/getting-started.md', 'docs/reproducibility.md', 'docs/ideas.md'];

/** What each command prints when it has done its work. */
const wanted: Readonly<Record<string, RegExp>> = {
  download: /is (ready|there already)/,
  train: /Done at step \d+/,
  eval: /precision @ 1 = \d\.\d{3}/,
  inspect: /conv2|circle/,
  doctor: /ok +engine onnx: /,
};

const read = (page: string) => readFileSync(new URL(`../${page}`, import.meta.url), 'utf8');

/** Two steps, or three where a run of 1,000 or 10,000 goes on to twice as many. */
function quick(line: string): string {
  const few = (steps: string) => (steps.startsWith('2') ? 3 : 2);
  return line
    .replace(/--max-steps (\d+)/, (_, steps: string) => `--max-steps ${few(steps)}`)
    .replace(/--eval-every \d+/, '--eval-every 1');
}

function commandsOf(page: string): readonly string[] {
  return (
    [...read(page).matchAll(/```sh\n(.*?)```/gs)]
      .flatMap(([, block = '']) => block.split('\n'))
      .filter((line) => line.startsWith('cifar10 '))
      // What this machine has no library or no instructions for cannot be run here.
      .filter((line) => !(line.includes('--engine onednn') && skipBfloat16 !== false))
      .map(quick)
  );
}

const folder = mkdtempSync(join(tmpdir(), 'cifar10-pages-'));
before(async () => {
  const block = noiseRecords(500);
  await writeDataset(join(folder, 'data'), datasets.cifar10, ({ records }) => {
    const copies = new Uint8Array((block.length * records) / 500);
    for (let start = 0; start < copies.length; start += block.length) copies.set(block, start);
    return copies;
  });
});
after(() => rmSync(folder, { recursive: true, force: true }));

for (const page of pages) {
  test(`every command of ${page} does what it says`, async () => {
    const commands = commandsOf(page);
    assert.ok(commands.length > 0);
    for (const command of commands) {
      const outcome = await program(command.split(' ').slice(1), undefined, folder);
      assert.equal(outcome.code, 0, `${command}\n${outcome.errors}`);
      assert.equal(outcome.errors, '', command);
      const [, name = ''] = command.split(' ');
      assert.match(outcome.output, wanted[name] ?? /nothing is known of this command/, command);
    }
  });
}

test('every npm command of the README is a script of the package', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  for (const [, run, name = ''] of read('README.md').matchAll(/^npm (run )?(\w+)/gm)) {
    assert.ok(scripts[name], `npm ${run ?? ''}${name}`);
  }
});
