import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readCheckpoint, writeCheckpoint } from '../checkpoint/checkpoint.ts';
import { onnxModel } from '../engine/onnx/compile/compile.ts';
import { buildEvaluationGraph } from '../evaluation/evaluation-graph.ts';
import { tutorialNetwork } from '../model/networks/tutorial.ts';
import { writeSmallPage } from '../testing/dashboard-runs.ts';
import { cifar10 } from '../testing/in-process.ts';
import { withoutDecoder } from '../testing/picture-files.ts';
import { writeClass } from '../testing/pictures.ts';
import { program, stalling } from '../testing/program.ts';
import { smallNetwork } from '../testing/synthetic.ts';
import { eventKinds } from './console.ts';

/** Compares what `--json` prints with docs/json.md. The compiler checks the kinds (`eventKinds`); for the
 * fields, the commands are run. */
const page = readFileSync(new URL('../../docs/json.md', import.meta.url), 'utf8');
const rows: ReadonlyMap<string, string> = new Map(
  [...page.matchAll(/^\| `((?!kind)\w+)` \|[^|]*\|(.*)\|$/gm)].map(([, kind = '', fields = '']) => [
    kind,
    fields,
  ]),
);

const folder = mkdtempSync(join(tmpdir(), 'cifar10-json-'));
process.chdir(folder);
// The drivers of this machine do not affect what is printed.
process.env['VK_DRIVER_FILES'] = join(folder, 'none');
after(() => rmSync(folder, { recursive: true, force: true }));

test('every kind of event has a row in the documentation, and every row has a kind', () => {
  assert.deepEqual([...rows.keys()].sort(), [...eventKinds].sort());
});

test('every command prints objects whose kinds and fields are documented, and nothing else', async () => {
  writeFileSync(join(folder, 'network.onnx'), onnxModel(buildEvaluationGraph(tutorialNetwork(10), 1)));
  await writeClass('photos/train', 'cat', 2, 0);
  await writeClass('photos/train', 'dog', 1, 0);
  await writeClass('photos/test', 'dog', 1, 0);
  writeFileSync('photos/notes.txt', 'hello');
  writeSmallPage('page');
  process.env['CIFAR10_PAGE'] = join(folder, 'page');
  const where = [
    '--checkpoint-dir',
    'run',
    '--data-dir',
    'data',
    '--eval-dir',
    'eval',
    '--num-examples',
    '64',
  ];
  const held = [
    '--holdout',
    '0.1',
    '--eval-every',
    '2',
    '--max-steps',
    '2',
    '--batch-size',
    '16',
    ...smallNetwork,
  ];
  const short = ['--max-steps', '1', '--batch-size', '16', '--holdout', '0.01', ...smallNetwork];
  const commands: readonly (readonly string[])[] = [
    ['download', '--dataset', 'synthetic', '--data-dir', 'data'],
    ['download', '--dataset', 'synthetic', '--data-dir', 'data'],
    [
      'train',
      '--dataset',
      'synthetic',
      '--data-dir',
      'data',
      '--train-dir',
      'run',
      '--log-device-placement',
      ...held,
    ],
    ['eval', '--run-once', '--report', '--device', 'auto', ...where],
    ['train', '--data-dir', 'data', '--train-dir', 'epoch', '--max-steps', '564'],
    ['train', '--dataset', 'synthetic', '--data-dir', 'data', '--batch-size', '16', '--find-learning-rate'],
    [
      'sweep',
      '--dataset',
      'synthetic',
      '--data-dir',
      'data',
      '--sweep-dir',
      'sweep',
      '--seed',
      '0,1',
      ...short,
    ],
    ['export', 'run', '--data-dir', 'data'],
    ...(withoutDecoder === false ? [['predict', 'run', '--checkpoint-dir', 'run']] : []),
    ['inspect', '.'],
    ['inspect', 'graph'],
    ['inspect', 'graph', '--full'],
    ['inspect', 'run'],
    ['inspect', 'eval/evaluations.jsonl'],
    ['inspect', 'data'],
    ['inspect', 'data', '--pictures', 'classes.html'],
    ['inspect', 'network.onnx'],
    ['doctor', '--data-dir', 'data', '--train-dir', 'run'],
    ['import', '--from', 'photos', '--data-dir', 'imported'],
    ['dashboard', '--logdir', 'run', '--export', 'site'],
  ];
  const seen = new Set<string>();
  for (const words of commands) {
    if (words.includes('epoch')) await skipToEpochEnd('run', 'epoch');
    const { code, output, errors } = await cifar10([...words, '--json']);
    assert.equal(code, 0, `${words.join(' ')}\n${errors}`);
    assert.notEqual(output, '', words.join(' '));
    for (const kind of requireDocumented(output)) seen.add(kind);
  }
  const watching = await cifar10(['eval', '--json', ...where, '--eval-interval-secs', '1'], (line, kill) => {
    if (line.includes('"alreadyScored"') || line.includes('"evaluation"')) kill('SIGINT');
  });
  for (const kind of requireDocumented(watching.output)) seen.add(kind);
  const serving = await cifar10(['dashboard', '--json', '--logdir', 'run', '--port', '0'], (_, kill) =>
    kill('SIGINT'),
  );
  for (const kind of requireDocumented(serving.output)) seen.add(kind);
  const fetching = await program(
    ['download', '--data-dir', 'cifar', '--json'],
    (_, kill) => kill('SIGINT'),
    folder,
    stalling,
  );
  for (const kind of requireDocumented(fetching.output)) seen.add(kind);
  const partial = await cifar10(['predict', 'missing.png', '--checkpoint-dir', 'run', '--json']);
  for (const kind of requireDocumented(partial.output)) seen.add(kind);
  const failing = await cifar10(['eval', '--json', '--checkpoint-dir', 'nowhere', '--run-once']);
  assert.equal(failing.code, 1);
  for (const kind of requireDocumented(failing.output)) seen.add(kind);
  // Events that need a second process, a download or several minutes (bench) do not occur here.
  const predicting = ['predicting', 'prediction', 'unreadable', 'ignored', 'predicted'];
  const notMet = [
    ...['waiting', 'downloaded', 'extracting', 'noCheckpoint', 'alreadyScored'],
    ...(withoutDecoder === false ? [] : predicting),
  ];
  const expected = eventKinds.filter((kind) => !kind.startsWith('bench') && !notMet.includes(kind));
  assert.deepEqual([...seen].sort(), [...expected].sort());
});

/** Copies the checkpoint of a run as if it had trained for nearly an epoch: an epoch is 562.5 steps of 16
 * images, for 9,000 images. */
async function skipToEpochEnd(from: string, to: string): Promise<void> {
  const { tensors, metadata } = await readCheckpoint(join(from, 'model.ckpt-2.safetensors'));
  await writeCheckpoint(to, { tensors, metadata: { ...metadata, globalStep: 562 } });
}

function requireDocumented(output: string): readonly string[] {
  return output
    .trim()
    .split('\n')
    .map((line) => {
      const { kind, ...fields } = JSON.parse(line) as { kind: string };
      for (const field of Object.keys(fields))
        assert.ok(
          rows.get(kind)?.includes(`\`${field}\``),
          `${kind} has a field ${field} that is not documented`,
        );
      return kind;
    });
}
