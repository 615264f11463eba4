import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { writeCheckpoint } from '../checkpoint/checkpoint.ts';
import { ExampleReader } from '../data/examples.ts';
import type { Prediction } from '../predict/prediction.ts';
import { noiseExamples } from '../testing/examples.ts';
import { cifar10 } from '../testing/in-process.ts';
import { noisePng, pngOf, withoutDecoder, writeFiles } from '../testing/picture-files.ts';
import { main, program, programWithoutReader } from '../testing/program.ts';
import { smallNetwork } from '../testing/synthetic.ts';
import { randomCheckpoint } from '../testing/trained.ts';
import { createConsole } from './console.ts';
import type { PredictFlags } from './flag-table.ts';
import { parseCommandLine } from './parse.ts';
import { csvFormat, lineFormat, tableFormat } from './prediction-formats.ts';
import { widthOf } from './width.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'cifar10-predict-cli-')));
process.chdir(folder);
after(() => rmSync(folder, { recursive: true, force: true }));
const network = { network: 'cifar10', configuration: { conv1: 4, conv2: 4, local3: 8, local4: 8 } };
await writeCheckpoint('run', randomCheckpoint(network));
const model = ['--checkpoint-dir', 'run'];

/** Names that other programs stumble over. */
const oddNames = [
  'a,b "c".png',
  'Käse 猫 🐈.png',
  'new\nline.png',
  'red\u001b[31m.png',
  '-dash.png',
  '#1%20.png',
];

interface JsonLine {
  readonly kind: string;
  readonly path: string;
  readonly reason: string;
  readonly predictions: readonly Prediction[];
  readonly correct?: number;
  readonly total?: number;
}
const jsonLines = (output: string) =>
  output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as JsonLine);

describe('predict', { skip: withoutDecoder }, () => {
  test('prints one line for each picture, most probable class first', async () => {
    await writeFiles({ 'lines/a.png': noisePng(1), 'lines/b.png': noisePng(2) });
    const { code, output, errors } = await cifar10(['predict', 'lines', '--top-k', '2', ...model]);
    assert.equal(code, 0, errors);
    assert.match(
      output,
      /^Classifying 2 pictures with run\/model\.ckpt-1200\.safetensors \(step 1,200, moving averages\), on .* threads?.*\)\n/,
    );
    assert.match(output, /\nlines\/a\.png: \w+ \d+\.\d%, \w+ \d+\.\d%\nlines\/b\.png: /);
    assert.match(output, /\nDone: 2 pictures in \d+ s\n$/);
    const quiet = await cifar10(['predict', 'lines/b.png', 'lines/a.png', '--quiet', ...model]);
    assert.match(quiet.output, /^lines\/b\.png: .*\nlines\/a\.png: .*\n$/);
  });

  test('gives the same classes as an evaluation, in every format', async () => {
    const examples = noiseExamples(140, 'test');
    const reader = new ExampleReader(examples);
    mkdirSync('many');
    for (let index = 0; index < examples.count; index++)
      writeFileSync(`many/${String(index).padStart(3, '0')}.png`, pngOf(reader.pixelsOf(index)));
    const json = await cifar10(['predict', 'many', '--json', ...model]);
    assert.equal(json.code, 0, json.errors);
    const predicted = jsonLines(json.output).filter(({ kind }) => kind === 'prediction');
    assert.equal(predicted.length, 140);
    assert.ok(predicted.every(({ predictions }) => predictions.length === 5));
    const csv = await cifar10(['predict', 'many', '--csv', '--top-k', '3', ...model]);
    const rows = csv.output.trim().split('\n');
    assert.equal(rows[0], 'path,label,probability,label_2,probability_2,label_3,probability_3');
    assert.deepEqual(
      rows.slice(1),
      predicted.map(({ path, predictions }) =>
        [
          path,
          ...predictions.slice(0, 3).flatMap(({ label, probability }) => [label, probability.toFixed(6)]),
        ].join(),
      ),
    );
  });

  test('gives exactly the number of an evaluation for a folder of own pictures', async () => {
    const { writeClass } = await import('../testing/pictures.ts');
    const classes = ['Käse, 猫', 'dog 🐕', '"c"'];
    for (const [index, name] of classes.entries()) {
      await writeClass('own/train', name, 12, 100 * index);
      await writeClass('own/test', name, 7, 100 * index + 50);
    }
    const own = ['--train-dir', 'own-run', '--max-steps', '3', '--batch-size', '8', '--summary-steps', '0'];
    const trained = await cifar10(['train', '--data', 'own', ...own, ...smallNetwork]);
    assert.equal(trained.code, 0, trained.errors);
    const evaluation = await cifar10([
      'eval',
      '--run-once',
      '--json',
      '--checkpoint-dir',
      'own-run',
      '--eval-dir',
      'e',
    ]);
    assert.equal(evaluation.code, 0, evaluation.errors);
    const { correct, total } = jsonLines(evaluation.output).find(({ kind }) => kind === 'evaluation') ?? {};
    const predicted = await cifar10(['predict', 'own/test', '--json', '--checkpoint-dir', 'own-run']);
    assert.equal(predicted.code, 0, predicted.errors);
    const rows = jsonLines(predicted.output).filter(({ kind }) => kind === 'prediction');
    const right = rows.filter(({ path, predictions }) => path.split('/').at(-2) === predictions[0]?.label);
    assert.deepEqual([right.length, rows.length], [correct, total]);
    assert.equal(total, 21);
  });

  test('reports every picture that cannot be read, and classifies the others', async () => {
    const png = noisePng(5, [3, 40, 60]);
    await writeFiles({
      'mixed/cut.png': png.subarray(0, png.length / 2),
      'mixed/drawing.svg': '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
      'mixed/empty.jpg': '',
      'mixed/good.png': png,
      'mixed/notes.txt': 'notes',
      'mixed/text.jpg': 'not a picture',
    });
    const { code, output, errors } = await cifar10([
      'predict',
      'mixed',
      'missing.png',
      'none/*.png',
      ...model,
    ]);
    assert.equal(code, 1);
    assert.match(output, /\nmixed\/good\.png: /);
    assert.match(
      output,
      /Done: 1 picture in .*\. Ignored 1 file that is not a picture: mixed\/notes\.txt \(a text file/,
    );
    for (const expected of [
      /warning: mixed\/cut\.png: PNG, but damaged or cut short/,
      /warning: mixed\/drawing\.svg: an SVG drawing, which has no pixels, expected JPEG, PNG/,
      /warning: mixed\/empty\.jpg: an empty file, expected JPEG/,
      /warning: mixed\/text\.jpg: a text file, expected JPEG/,
      /warning: missing\.png: does not exist/,
      /warning: none\/\*\.png: no file matches this pattern/,
      /warning: 6 pictures could not be classified/,
    ])
      assert.match(errors, expected);
    const json = await cifar10(['predict', 'mixed', '--json', ...model]);
    assert.equal(json.code, 1);
    assert.deepEqual(
      jsonLines(json.output).map(({ kind, path = '' }) => `${kind} ${path}`.trim()),
      [
        'predicting',
        'unreadable mixed/cut.png',
        'unreadable mixed/drawing.svg',
        'unreadable mixed/empty.jpg',
        'prediction mixed/good.png',
        'ignored mixed/notes.txt',
        'unreadable mixed/text.jpg',
        'predicted',
      ],
    );
    assert.equal(json.errors, '');
  });

  test('fails without a picture', async () => {
    mkdirSync('empty');
    const { code, errors } = await cifar10(['predict', 'empty', ...model]);
    assert.equal(code, 1);
    assert.match(errors, /warning: empty: the folder contains no pictures/);
  });

  test('keeps odd names intact in CSV and JSON, and escapes them in text', async () => {
    await writeFiles(Object.fromEntries(oddNames.map((name, index) => [`odd/${name}`, noisePng(index)])));
    const sorted = [...oddNames].sort();
    const json = await cifar10(['predict', 'odd', '--json', ...model]);
    const paths = jsonLines(json.output).filter(({ kind }) => kind === 'prediction');
    assert.deepEqual(
      paths.map(({ path }) => path),
      sorted.map((name) => `odd/${name}`),
    );
    const { output } = await cifar10(['predict', 'odd', '--csv', '--top-k', '1', ...model]);
    assert.deepEqual(
      csvRows(output).map(([path]) => path),
      ['path', ...sorted.map((name) => `odd/${name}`)],
    );
    const text = await cifar10(['predict', 'odd', '--quiet', ...model]);
    assert.equal(text.output.split('\n').length, sorted.length + 1);
    assert.match(text.output, /odd\/new\\u000aline\.png: /);
    assert.match(text.output, /odd\/red\\u001b\[31m\.png: /);
    const dash = await cifar10(['predict', '--quiet', ...model, '--', 'odd/-dash.png']);
    assert.match(dash.output, /^odd\/-dash\.png: /);
  });

  test('reads one picture from standard input', () => {
    const run = (input: Uint8Array | string) =>
      spawnSync(process.execPath, [main, 'predict', '-', '--quiet', ...model], { input, encoding: 'utf8' });
    const good = run(noisePng(1));
    assert.equal(good.status, 0, good.stderr);
    assert.match(good.stdout, /^-: \w+ \d/);
    const empty = run('');
    assert.equal(empty.status, 1);
    assert.match(empty.stderr, /warning: -: an empty file, expected JPEG/);
  });

  test('streams thousands of pictures with bounded memory', async () => {
    mkdirSync('thousands');
    const pictures = Array.from({ length: 16 }, (_, index) => noisePng(index, [3, 96, 96]));
    for (let index = 0; index < 2000; index++)
      writeFileSync(`thousands/${index}.png`, pictures[index % 16] ?? new Uint8Array());
    // The pixels of all pictures together would be 55 MB as decoded, and more as images of the network.
    const limited = { NODE_OPTIONS: '--max-old-space-size=64' };
    const { code, output, errors } = await program(
      ['predict', 'thousands', '--csv', '--top-k', '1', ...model],
      undefined,
      folder,
      limited,
    );
    assert.equal(code, 0, errors);
    assert.equal(output.trim().split('\n').length, 2001);
  });

  test('ends promptly after a stop, and when its output is closed', async () => {
    const words = ['predict', ...Array.from({ length: 20 }, () => 'thousands'), ...model];
    let stoppedAt = 0;
    const stopped = await program(words, (line, kill) => {
      if (stoppedAt > 0 || !line.startsWith('thousands/')) return;
      stoppedAt = performance.now();
      kill('SIGINT');
    });
    assert.ok(performance.now() - stoppedAt < 5000);
    assert.equal(stopped.shellCode, 130);
    assert.match(stopped.output, /\nStopped: [\d,]+ of 40,000 pictures in /);
    assert.equal(await programWithoutReader(words, 'thousands/'), 141);
  });

  test('reads no checkpoint, so it says how to train one', async () => {
    const { code, errors } = await cifar10(['predict', 'lines', '--checkpoint-dir', 'nowhere']);
    assert.equal(code, 1);
    assert.match(errors, /No checkpoint file found in nowhere\. Train first: .*train --train-dir nowhere/);
  });

  test('averages over flips on request', async () => {
    const plain = await cifar10(['predict', 'lines', '--quiet', ...model]);
    const averaged = await cifar10(['predict', 'lines', '--quiet', '--tta', ...model]);
    assert.equal(averaged.code, 0);
    assert.notEqual(averaged.output, plain.output);
    const images = { augmentation: 'none', normalization: 'none' } as const;
    await writeCheckpoint('plain', randomCheckpoint({ ...network, images }));
    const refused = await cifar10(['predict', 'lines', '--tta', '--checkpoint-dir', 'plain']);
    assert.equal(refused.code, 1);
    assert.match(
      refused.errors,
      /--tta averages over .* augmentation none, which does not flip .* leave out --tta/,
    );
  });
});

test('a model that is missing or something else is refused with what was found', async () => {
  const refusal = async (path: string) => {
    const { code, errors } = await cifar10(['predict', 'a.png', '--checkpoint-dir', path]);
    assert.equal(code, 1, errors);
    return errors;
  };
  assert.equal(await refusal('no.safetensors'), 'cifar10: The file no.safetensors does not exist\n');
  if (process.platform !== 'win32')
    assert.match(
      await refusal('/dev/null'),
      /^cifar10: \/dev\/null is neither a folder nor a file; --checkpoint-dir must be /,
    );
  for (const [dir, file] of [
    ['of-tensorflow', 'model.ckpt-3.index'],
    ['of-exports', 'a.safetensors'],
  ] as const) {
    mkdirSync(dir);
    writeFileSync(join(dir, file), '');
  }
  assert.match(
    await refusal('of-tensorflow'),
    /contains a checkpoint of TensorFlow, .* reads it with --init-from$/m,
  );
  assert.match(await refusal('of-exports'), /use --checkpoint-dir of-exports\/a\.safetensors$/m);
});

describe('a command line is refused', () => {
  for (const [words, message] of [
    [[], /needs at least one picture: a file, a folder/],
    [['-', '-'], /standard input \(-\) can be read only once/],
    [['a.png', '--csv', '--json'], /--csv and --json cannot be combined/],
    [['a.png', '--top-k', '0'], /--top-k: expected a whole number of at least 1/],
    [['a.png', '--engine', 'onnx', '--precision', 'bfloat16'], /only computes in float32/],
    [['a.png', '--model', 'x'], /unknown flag --model\. Did you mean --checkpoint-dir\?/],
  ] as const)
    test(['predict', ...words].join(' '), async () => {
      const { code, errors } = await cifar10(['predict', ...words]);
      assert.equal(code, 2, errors);
      assert.match(errors, message);
    });

  test('- is an argument, not a flag', () => {
    const request = parseCommandLine(['predict', '-', '--top-k', '3']);
    assert.ok(request.command === 'predict');
    const flags: PredictFlags = request.flags;
    assert.deepEqual([request.operands, flags.topK], [['-'], 3]);
  });
});

describe('the table of a terminal', () => {
  const classes = ['cat', '猫 on a mat', 'dog'];
  const predictions = [
    { label: '猫 on a mat', index: 1, probability: 0.9123 },
    { label: 'cat', index: 0, probability: 1 / 3 },
    { label: 'dog', index: 2, probability: 0.0004 },
  ];
  const names = ['a.png', 'a/rather/long/name\u0007.png'];
  const rowsFor = (columns: number, topK: number) => {
    const { row } = tableFormat({ classes, names, topK, columns });
    return names.map((path) => row({ path, predictions: predictions.slice(0, topK) }));
  };

  test('has one row for each picture, if it is wide enough', () => {
    assert.deepEqual(rowsFor(90, 2), [
      'a.png                         猫 on a mat  91.2%  cat          33.3%',
      'a/rather/long/name\\u0007.png  猫 on a mat  91.2%  cat          33.3%',
    ]);
    for (const columns of [60, 70, 90])
      for (const row of rowsFor(columns, 2)) assert.ok(widthOf(row) <= columns, `${columns}: ${row}`);
  });

  test('has one row for each class on a narrow terminal', () => {
    assert.deepEqual(rowsFor(40, 3), [
      'a.png\n  猫 on a mat  91.2%\n  cat          33.3%\n  dog           0.0%',
      'a/rather/long/name\\u0007.png\n  猫 on a mat  91.2%\n  cat          33.3%\n  dog           0.0%',
    ]);
  });

  test('is used if the output is a terminal, with control characters as escapes also in CSV', () => {
    const written: string[] = [];
    const out = { isTTY: true, columns: 80, write: (text: string) => written.push(text) };
    const console = createConsole({ quiet: false, json: false }, { out, err: out });
    assert.ok(console.isTerminal);
    console.data('a\u001b[31m,b');
    assert.deepEqual(written, ['a\\u001b[31m,b\n']);
  });

  test('is replaced by lines and CSV for other programs', () => {
    const picture = { path: 'a, "b"\n.png', predictions };
    assert.equal(lineFormat.row(picture), 'a, "b"\\u000a.png: 猫 on a mat 91.2%, cat 33.3%, dog 0.0%');
    assert.equal(
      csvFormat({ classes, names, topK: 3, columns: 80 }).row(picture),
      '"a, ""b""\n.png",猫 on a mat,0.912300,cat,0.333333,dog,0.000400',
    );
  });
});

/** Parses CSV as in RFC 4180. */
function csvRows(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain = '', end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n)/g)) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === '\n') rows.push([]);
  }
  return rows.filter((row) => row.length > 0);
}
