import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NumberBounds } from '../arguments.ts';
import { command } from '../command.ts';
import type { DatasetName } from '../data/dataset.ts';
import { datasetNames } from '../data/datasets.ts';
import type { DeviceChoice } from '../engine/device-names.ts';
import { engineNames } from '../engine/offers.ts';
import { recipeBounds } from '../recipe/recipe.ts';
import { runBounds } from '../run/run-options.ts';

import { alternatives } from '../wording.ts';
import { commandTable, isCommandName } from './command-table.ts';
import { isFlagOf, writtenName } from './flag.ts';
import { type BenchFlags, type EvalFlags, flagTable, type TrainFlags } from './flag-table.ts';
import { type CommandLine, parseCommandLine } from './parse.ts';
import { widthOf } from './width.ts';

/** Splits at spaces, as a shell does. */
function parse(line: string): CommandLine {
  return parseCommandLine(line.split(' ').filter((word) => word !== ''));
}

function trainFlags(line: string): TrainFlags {
  const request = parse(`train ${line}`);
  assert.ok(request.command === 'train');
  return request.flags;
}

/** Flags without a default are absent from the result. */
const trainDefaults: Omit<
  TrainFlags,
  | ('initFrom' | 'freeze' | 'evalEvery' | 'epochs' | 'labels' | 'recipe' | 'network' | 'width')
  | ('data' | 'imageSize' | 'testShare' | 'splitSeed' | 'cache')
> = {
  dataDir: '/tmp/cifar10_data',
  dataset: 'cifar10',
  batchSize: 128,
  maxSteps: 1_000_000,
  seed: 0,
  engine: 'auto',
  precision: 'float32',
  device: 'cpu',
  summarySteps: 100,
  trainDir: '/tmp/cifar10_train',
  checkpointSteps: 1000,
  keep: 5,
  logFrequency: 10,
  dashboard: false,
  towers: 'auto',
  collective: 'auto',
  readers: 1,
  augmentation: 'tutorial',
  normalization: 'per_image',
  statistics: 'own',
  scaleLearningRate: 'none',
  optimizer: 'sgd',
  momentum: 0.9,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  newtonSchulzSteps: 5,
  weightNorm: 0,
  schedule: 'staircase',
  learningRate: 0.1,
  learningRateDecayFactor: 0.1,
  numEpochsPerDecay: 350,
  startLearningRate: 0,
  riseShare: 0.23,
  endLearningRate: 0,
  decayPower: 1,
  decaySteps: 0,
  warmupSteps: 0,
  movingAverageDecay: 0.9999,
  lookAheadSteps: 0,
  lookAheadDecay: 0.95,
  weightDecay: 0.004,
  labelSmoothing: 0,
  earlySize: 0,
  earlyShare: 0.5,
  clipNorm: 0,
  holdout: 0,
  findLearningRate: false,
  restart: false,
  logDevicePlacement: false,
  quiet: false,
  json: false,
};

test('train without flags has the defaults of the tutorial', () => {
  assert.deepEqual(parse('train'), {
    command: 'train',
    flags: trainDefaults,
    given: new Set(),
    operands: [],
    debug: false,
  });
});

test('eval with no flags but --run-once evaluates as the tutorial did', () => {
  assert.deepEqual(parse('eval --run-once'), {
    command: 'eval',
    flags: {
      dataDir: '/tmp/cifar10_data',
      evalData: 'test',
      numExamples: 10_000,
      tta: 'none',
      batchSize: 128,
      engine: 'auto',
      precision: 'float32',
      device: 'cpu',
      checkpointDir: '/tmp/cifar10_train',
      weights: 'ema',
      runOnce: true,
      evalDir: '/tmp/cifar10_eval',
      evalIntervalSecs: 300,
      report: false,
      collective: 'auto',
      quiet: false,
      logDevicePlacement: false,
      json: false,
    },
    given: new Set(['run-once']),
    operands: [],
    debug: false,
  });
});

test('bench without flags times 20 steps', () => {
  const flags = {
    dataDir: '/tmp/cifar10_data',
    dataset: 'cifar10',
    trainDir: '/tmp/cifar10_train',
    maxSteps: 1_000_000,
    batchSize: 128,
    steps: 20,
    tta: 'none',
    profile: false,
    engine: 'auto',
    precision: 'float32',
    device: 'cpu',
    quiet: false,
    json: false,
  };
  assert.deepEqual(parse('bench'), { command: 'bench', flags, given: new Set(), operands: [], debug: false });
});

test('the flags of a recipe and a run have the same bounds as in recipe files, or narrower ones', () => {
  for (const [name, bounds] of Object.entries<NumberBounds>({ ...recipeBounds, ...runBounds })) {
    const flag = flagTable[name as keyof typeof flagTable] as Omit<NumberBounds, 'kind'> & {
      readonly kind: NumberBounds['kind'] | 'count';
    };
    assert.equal(flag.kind === 'count' ? 'integer' : flag.kind, bounds.kind, name);
    assert.ok(flag.minimum >= bounds.minimum, name);
    assert.equal(flag.maximum, bounds.maximum, name);
  }
});

test('the types of the flags derive from the table', () => {
  type Same<A, B> = [A, B] extends [B, A] ? true : false;
  const same: [
    Same<TrainFlags['dataset'], DatasetName>,
    Same<EvalFlags['dataset'], DatasetName | undefined>,
    Same<EvalFlags['evalData'], 'test' | 'train_eval' | 'validation'>,
    Same<EvalFlags['runOnce'], boolean>,
    Same<BenchFlags['out'], string | undefined>,
    Same<TrainFlags['device'], DeviceChoice>,
    Same<
      keyof BenchFlags,
      | 'batchSize'
      | 'steps'
      | 'engine'
      | 'precision'
      | 'device'
      | 'profile'
      | 'peers'
      | 'out'
      | 'quiet'
      | 'json'
      | 'recipe'
      | 'network'
      | 'width'
      | 'runs'
      | 'dataDir'
      | 'dataset'
      | 'maxSteps'
      | 'epochs'
      | 'trainDir'
      | 'tta'
    >,
  ] = [true, true, true, true, true, true, true];
  assert.ok(same);
});

for (const line of [
  '--max-steps 1000',
  '--max-steps=1000',
  '--max_steps=1000',
  '--max_steps 1000',
  '--max-steps +1000',
]) {
  test(`a value can be written ${line}`, () => {
    assert.deepEqual(trainFlags(line), { ...trainDefaults, maxSteps: 1000 });
  });
}

test('the last value of a repeated flag counts', () => {
  assert.equal(trainFlags('--seed 1 --batch-size 2 --seed=3').seed, 3);
});

test('values can contain spaces, equals signs and dashes', () => {
  const request = parseCommandLine([
    'train',
    '--train-dir',
    'my runs/a=b',
    '--data-dir=--odd',
    '--seed',
    '0',
  ]);
  assert.ok(request.command === 'train');
  assert.equal(request.flags.trainDir, 'my runs/a=b');
  assert.equal(request.flags.dataDir, '--odd');
  assert.deepEqual(request.given, new Set(['train-dir', 'data-dir', 'seed']));
});

for (const yes of [
  '--run-once',
  '--run_once',
  '--run-once=true',
  '--run_once=T',
  '--run_once=1',
  '--run_once True',
]) {
  test(`${yes} is true`, () => {
    const request = parse(`eval --no-run-once ${yes} --batch-size 1`);
    assert.ok(request.command === 'eval' && request.flags.runOnce);
  });
}

for (const no of [
  '--no-run-once',
  '--norun_once',
  '--no_run_once',
  '--run-once=false',
  '--run_once=f',
  '--run_once 0',
]) {
  test(`${no} is false`, () => {
    const request = parse(`eval --run-once ${no}`);
    assert.ok(request.command === 'eval' && !request.flags.runOnce);
  });
}

test('whole numbers are accepted in the usual spellings', () => {
  assert.equal(trainFlags('--max-steps 1e3').maxSteps, 1000);
  assert.equal(trainFlags('--max-steps 10_000').maxSteps, 10_000);
  assert.equal(trainFlags('--max-steps=2.5e3').maxSteps, 2500);
});

for (const [line, meant] of [
  ['--max-steps 1,000', 1000],
  ['--max-steps 1.000', 1000],
  ['--max-steps=1.000.000', 1_000_000],
  ["--max-steps 10'000", 10_000],
  ['--max-steps 10k', 10_000],
  ['--max-steps 1.5K', 1500],
  ['--checkpoint-steps 1M', 1_000_000],
  ['--checkpoint-steps 2,000', 2000],
  ['--learning-rate 0,1', 0.1],
  ['--holdout 10%', 0.1],
] as const)
  test(`${line} is refused, and the error says which number to write`, () => {
    assert.throws(() => trainFlags(line), new RegExp(`found ".*"\\. Write ${meant}$`));
  });

test('the error has no such hint for text that is not a number, or for a number that would be refused as well', () => {
  for (const line of ['--max-steps 1,00', '--max-steps 1.2345k', '--holdout 200%', '--max-steps k'])
    assert.throws(() => trainFlags(line), /found "[^"]*"$/, line);
});

test('--debug can be anywhere', () => {
  for (const line of ['--debug train', 'train --debug', 'train --debug --seed 1', 'train --seed 1 --debug']) {
    const request = parse(line);
    assert.ok(request.command === 'train' && request.debug, line);
  }
});

test('--version has precedence over everything else', () => {
  for (const line of ['--version', 'train --version', '--version --nonsense', '-v', 'version']) {
    assert.deepEqual(parse(line), { command: 'version' });
  }
});

const refusals: readonly (readonly [line: string, message: string])[] = [
  ['train --batch-size 0', '--batch-size: expected a whole number of at least 1, found "0"'],
  ['train --batch-size=1.5', '--batch-size: expected a whole number of at least 1, found "1.5"'],
  ['train --batch-size 1e-3', '--batch-size: expected a whole number of at least 1, found "1e-3"'],
  [
    'train --engine ONNX',
    `--engine: expected ${alternatives(['auto', ...engineNames])}, found "ONNX". Did you mean onnx?`,
  ],
  ['train --lr 0.1', 'train: unknown flag --lr. Did you mean --learning-rate?'],
  ['train -b 32', 'train: unknown flag -b. Did you mean --batch-size?'],
  ['train --resume', 'train: unknown flag --resume. A run resumes automatically; --restart starts over.'],
  [
    'train --gpu',
    'train: unknown flag --gpu. --device webgpu computes on a GPU of any maker, and --device cuda on one of NVIDIA.',
  ],
  ...[
    ['tpu', ''],
    ['disk', ''],
    ['gpu', '. Did you mean webgpu or cuda?'],
    ['GPU:0', '. Did you mean webgpu or cuda?'],
    ['mps', '. Did you mean webgpu?'],
    ['CUDA', '. Did you mean cuda?'],
    ['webgpu:1', '. Did you mean webgpu?'],
    ['cuda:x', '. Did you mean cuda?'],
    ['cuda:-1', '. Did you mean cuda?'],
    ['cuda:01', '. Did you mean cuda?'],
    ['cuda:1000', '. Did you mean cuda?'],
    ['cuda:', '. Did you mean cuda?'],
    ['wepgpu', '. Did you mean webgpu?'],
  ].map(([device, hint]): [string, string] => [
    `train --device ${device}`,
    `--device: expected cpu, webgpu, cuda, cuda:N (N from 0 to 999) or auto, found "${device}"${hint}`,
  ]),
  ['eval --device=', '--device: expected cpu, webgpu, cuda, cuda:N (N from 0 to 999) or auto, found ""'],
  ['bench --device', '--device: expected cpu, webgpu, cuda, cuda:N (N from 0 to 999) or auto, found nothing'],
  [
    'inspect --device cpu',
    '--device: not a flag of inspect; it belongs to train, eval, predict, sweep and bench',
  ],
  ['train --no-device', 'train: unknown flag --no-device. Did you mean --device?'],
  ['train --epoch 3', 'train: unknown flag --epoch. Did you mean --epochs?'],
  ['train --no-resume', 'train: unknown flag --no-resume. Did you mean --restart?'],
  ['train –max-steps 5', '"–max-steps" starts with the character U+2013, not with --; type --max-steps'],
  ['train —seed 5', '"—seed" starts with the character U+2014, not with --; type --seed'],
  ['train --max_steps', '--max-steps: expected a whole number of at least 1, found nothing'],
  ['train --max-steps --seed 1', '--max-steps: expected a whole number of at least 1, found nothing'],
  ['train --max-steps=', '--max-steps: expected a whole number of at least 1, found ""'],
  ['train --keep -1', '--keep: expected a whole number of at least 0, found "-1"'],
  [
    'train --seed 9007199254740992',
    '--seed: expected a whole number from 0 to 9007199254740991, found "9007199254740992"',
  ],
  ['train --data-dir=', '--data-dir: expected a folder, found ""'],
  ['bench --out', '--out: expected a file, found nothing'],
  ['train --freeze=', '--freeze: expected layers, found ""'],
  ['train --data=', '--data: expected a folder or file, found ""'],
  ['train --dataset mnist', `--dataset: expected ${alternatives(datasetNames)}, found "mnist"`],
  ['train --labels medium', '--labels: expected fine or coarse, found "medium"'],
  ['train --dataset', `--dataset: expected ${alternatives(datasetNames)}, found nothing`],
  ['eval --run-once=maybe', '--run-once: expected true or false, found "maybe"'],
  ['eval --norun_once=true', '--no-run-once: takes no value, found "true"'],
  ['eval --eval-data both', '--eval-data: expected test, train_eval or validation, found "both"'],
  ['bench --precision=fp8', '--precision: expected float32, float16 or bfloat16, found "fp8"'],
  ['train --towers 0', '--towers: expected a whole number of at least 1 or auto, found "0"'],
  ['train --num_gpus=two', '--towers: expected a whole number of at least 1 or auto, found "two"'],
  ['train --towers', '--towers: expected a whole number of at least 1 or auto, found nothing'],
  [
    'train --use_fp16 --precision float32',
    '--use-fp16 means --precision float16, but found --precision float32; leave out one of the two flags',
  ],
  [
    'sweep --precision float32,float16 --use-fp16',
    '--use-fp16 means --precision float16, but found --precision float32,float16; leave out one of the two flags',
  ],
  [
    'eval --precision=float16 --nouse_fp16',
    '--no-use-fp16 excludes --precision float16; leave out one of the two flags',
  ],
  ['predict --use-fp16=half', '--use-fp16: expected true or false, found "half"'],
  [
    'export --use-fp16',
    '--use-fp16: not a flag of export; it belongs to train, eval, predict, sweep and bench',
  ],
  ['train --max-step 5', 'train: unknown flag --max-step. Did you mean --max-steps?'],
  ['train --batch', 'train: unknown flag --batch. Did you mean --batch-size?'],
  ['train -seed=5', 'train: unknown flag -seed=5. Did you mean --seed?'],
  ['train --no-seed', 'train: unknown flag --no-seed. Did you mean --seed?'],
  ['eval --chekpoint_dir a', 'eval: unknown flag --chekpoint_dir. Did you mean --checkpoint-dir?'],
  ['train --debug=true', 'train: unknown flag --debug=true. Did you mean --debug?'],
  ['train --xyz', `train: unknown flag --xyz. See ${command('train --help')}`],
  ['train --', `train: unknown flag --. See ${command('train --help')}`],
  ['train --__proto__ 1', `train: unknown flag --__proto__. See ${command('train --help')}`],
  ['eval --max-steps 5', '--max-steps: not a flag of eval; it belongs to train, sweep and bench'],
  [
    'bench --labels fine',
    '--labels: not a flag of bench; it belongs to download, train, eval, sweep and inspect',
  ],
  ['train 1000', `train: found "1000" where a flag was expected. See ${command('train --help')}`],
  [
    '--max-steps 5 train',
    `--max-steps: the command must come before its flags, as in: ${command('train --max-steps')}`,
  ],
  ['trian', 'unknown command "trian". Did you mean train?'],
  ['constructor', `unknown command "constructor". Commands: ${Object.keys(commandTable).join(', ')}`],
  ['dashboard runs', `dashboard: found "runs" where a flag was expected. See ${command('dashboard --help')}`],
  ['dashboard --port 65536', '--port: expected a whole number from 0 to 65535, found "65536"'],
  [
    'sweep --dashboard',
    '--dashboard: not a flag of sweep: a sweep has many runs; start the command dashboard with its folder',
  ],
];

for (const [line, message] of refusals) {
  test(`cifar10 ${line} is refused`, () => {
    assert.throws(() => parse(line), { name: 'UsageError', message });
  });
}

test('--use-fp16 is another way to write --precision float16', () => {
  for (const name of ['train', 'eval', 'predict', 'bench', 'sweep']) {
    const precisionOf = (words: string) => {
      const request = parse(`${name} ${words}`);
      assert.ok('flags' in request && 'precision' in request.flags);
      assert.ok(request.given.has('precision') && !request.given.has('use-fp16'));
      assert.ok(!('useFp16' in request.flags));
      return request.flags.precision;
    };
    const as = (precision: string) => (name === 'sweep' ? [precision] : precision);
    for (const words of ['--use-fp16', '--use_fp16=true', '--use_fp16 T', '--use-fp16 --precision float16'])
      assert.deepEqual(precisionOf(words), as('float16'), `${name} ${words}`);
    for (const words of ['--no-use-fp16', '--nouse_fp16', '--use_fp16=false'])
      assert.deepEqual(precisionOf(words), as('float32'), `${name} ${words}`);
    assert.deepEqual(precisionOf('--use_fp16=false --precision bfloat16'), as('bfloat16'));
  }
});

/** The flags of the three programs of TensorFlow r0.11, each with a value. */
const tutorialFlags = [
  '--batch_size=1 --data_dir=a --use_fp16=false',
  '--train_dir=a --max_steps=1 --log_device_placement=true --num_gpus=1',
  '--eval_dir=a --eval_data=test --checkpoint_dir=a --eval_interval_secs=1 --num_examples=1 --run_once=true',
];

test('every flag of the tutorial is supported', () => {
  for (const flag of tutorialFlags.join(' ').split(' ')) {
    const answers = ['train', 'eval'].map((command) => {
      try {
        return parse(`${command} ${flag}`).command;
      } catch (error) {
        return String(error);
      }
    });
    assert.ok(
      answers.some((answer) => /^(train|eval)$/.test(answer)),
      `${flag}: ${answers.join('; ')}`,
    );
  }
});

function helpOf(line: string): string {
  const request = parse(line);
  assert.ok(request.command === 'help');
  return request.text;
}

test('the help of a command lists its flags with their defaults, and no others', () => {
  for (const mine of Object.keys(commandTable).filter(isCommandName)) {
    const text = helpOf(`${mine} --help`);
    for (const [name, flag] of Object.entries(flagTable)) {
      const isMine = isFlagOf(flag, mine);
      const isListed = new RegExp(`\\n {2}--${writtenName(name)}(?![a-z-])`).test(text);
      assert.equal(isListed, isMine, `${mine} --${writtenName(name)}`);
    }
    for (const name of ['--help', '--version', '--debug', 'Examples:']) assert.ok(text.includes(name), name);
    for (const [line] of commandTable[mine].examples)
      assert.ok(text.replaceAll(/ \\\n +/g, ' ').includes(`\n  ${command(line)}\n`), line);
  }
  const onOneLine = (text: string) => text.replace(/\s+/g, ' ');
  assert.ok(onOneLine(helpOf('train -h')).includes('the same seed gives the same run (default: 0)'));
  assert.ok(onOneLine(helpOf('eval -h')).includes('(default: that of the checkpoint)'));
});

test('every example in the help is valid', () => {
  for (const [command, { examples }] of Object.entries(commandTable)) {
    for (const [line] of examples) assert.equal(parse(line).command, command);
  }
});

test('the examples with generated data clip the gradients, because training would diverge otherwise', () => {
  const examples = ['', 'train -h'].flatMap((line) => helpOf(line).split('\n'));
  const drawn = examples.filter((line) => /^ {2}(?:npx )?cifar10 train .*synthetic/.test(line));
  assert.equal(drawn.length, 2);
  for (const line of drawn) assert.match(line, / --clip-norm 5 /);
});

test('help is available in every usual spelling', () => {
  assert.equal(helpOf('help train'), helpOf('train --help'));
  assert.equal(helpOf('--help train'), helpOf('train --help'));
  assert.equal(helpOf('train --nonsense --help'), helpOf('train --help'));
  for (const name of Object.keys(commandTable)) assert.equal(helpOf(`${name} help`), helpOf(`help ${name}`));
  for (const line of ['--help', '-h', 'help', 'help help', '--debug']) assert.equal(helpOf(line), helpOf(''));
});

test('the help of the program lists all commands', () => {
  for (const name of Object.keys(commandTable)) assert.match(helpOf(''), new RegExp(`\n  ${name} `));
});

test('no line of a help text is wider than 80 columns, however the program is called', async () => {
  // `npx cifar10-ts`, the longest form of the command, is two columns longer than the form in these tests.
  for (const name of ['', ...Object.keys(commandTable)])
    for (const line of helpOf(`${name} --help`.trim()).split('\n'))
      assert.ok(widthOf(line) <= (line.trimStart().startsWith('npx') ? 78 : 80), line);
});

test('words after -- are arguments, even if they look like flags', () => {
  const parsed = (line: string) => {
    const request = parse(line);
    return 'operands' in request ? [request.operands, request.debug] : request.command;
  };
  assert.deepEqual(parsed('inspect --full -- -r'), [['-r'], false]);
  assert.deepEqual(parsed('inspect -- --debug'), [['--debug'], false]);
  assert.throws(() => parse('train -- x'), { name: 'UsageError' });
});

test('--num-gpus is another name of --towers', () => {
  assert.equal(trainFlags('--num_gpus=2').towers, 2);
  assert.equal(trainFlags('--towers auto').towers, 'auto');
});
