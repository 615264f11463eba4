import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readRun } from '../summary/event-reader.ts';
import { decodeGraphDef, type GraphNode } from '../summary/graph-def.ts';
import { engineCase, engineVariants } from '../testing/engines.ts';
import { cifar10 } from '../testing/in-process.ts';
import { program } from '../testing/program.ts';
import { copySynthetic, smallNetwork } from '../testing/synthetic.ts';
import type { PlacedNode, Placement } from '../training/placement.ts';

const folder = mkdtempSync(join(tmpdir(), 'cifar10-placement-'));
const [data, device] = [join(folder, 'data'), '/device:CPU:0'];
before(() => copySynthetic(data));
after(() => rmSync(folder, { recursive: true, force: true }));

const trained = [
  '--dataset',
  'synthetic',
  '--batch-size',
  '6',
  '--max-steps',
  '2',
  '--readers',
  '1',
  ...smallNetwork,
];
const flag = '--log-device-placement';

async function succeed(...words: readonly string[]): Promise<string> {
  const { code, output, errors } = await cifar10([...words, '--data-dir', data]);
  assert.equal(code, 0, errors);
  return output;
}

const placementIn = (dir: string): Placement =>
  JSON.parse(readFileSync(join(dir, 'placement.json'), 'utf8')) as Placement;
const nodesIn = (dir: string): readonly PlacedNode[] => placementIn(dir).parts.flatMap(({ nodes }) => nodes);

async function graphIn(dir: string): Promise<readonly GraphNode[]> {
  const { graph } = await readRun(dir);
  return graph === undefined ? assert.fail(`${dir} has no graph`) : decodeGraphDef(graph);
}

for (const { title, engine, precision, flags, skip } of engineVariants) {
  describe(`--log-device-placement with ${title}`, { skip }, () => {
    const [run, plain] = [join(folder, title), join(folder, `${title} plain`)];
    let output = '';
    before(async () => {
      output = await succeed('train', ...trained, ...flags, '--train-dir', run, flag);
    });

    test('does not change the training, by a single bit', async () => {
      await succeed('train', ...trained, ...flags, '--train-dir', plain);
      const weights = (dir: string) => readFileSync(join(dir, 'model.ckpt-2.safetensors'));
      assert.ok(weights(run).equals(weights(plain)));
    });

    test('writes every node of the graph, as TensorBoard shows it, to placement.json', async () => {
      const placement = placementIn(run);
      assert.deepEqual([placement.engine, placement.precision], [engine, precision]);
      assert.match(placement.library, /\d+\.\d+/);
      const [part, ...others] = placement.parts;
      assert.ok(part !== undefined && others.length === 0);
      assert.deepEqual([part.towers, part.images], [['tower_0'], 6]);
      const graph = await graphIn(run);
      const operators = graph.filter(({ op }) => !['Placeholder', 'VariableV2'].includes(op));
      assert.ok(operators.length > 90);
      for (const { name } of operators)
        assert.ok(
          part.nodes.some((node) => node.name === name || node.name.startsWith(`${name}/`)),
          name,
        );
      for (const node of graph) assert.equal(node.device, device, node.name);
      // The update of a weight has a row, although its path is the beginning of that of a moving average.
      const update = 'train/conv1/weights';
      assert.ok(part.nodes.some(({ name }) => name === update || name === `${update}/Mul`));
      if (precision === 'float32' && engine === 'onednn')
        assert.ok(part.nodes.some(({ name, fusedInto }) => name === update && fusedInto !== null));
      // Only constants, views and nodes that were merged before kernels were chosen have no kernel.
      const without = part.nodes.filter(({ kernel }) => kernel === null);
      assert.ok(without.length < operators.length / 3, `${without.length}`);
      for (const node of without) assert.deepEqual([node.device, node.fusedInto], [null, null]);
      for (const { name, kernel, device: found } of part.nodes.filter((node) => node.kernel !== null)) {
        assert.equal(found, device, name);
        assert.match(
          kernel ?? '',
          engine === 'onnx' ? /^CPUExecutionProvider$|^check$/ : /^[a-z]\w*(:\w+)?|^average$/,
          name,
        );
      }
      const names = new Set(part.nodes.map(({ name }) => name));
      for (const { fusedInto } of part.nodes)
        assert.ok(fusedInto === null || names.has(fusedInto), `${fusedInto}`);
    });

    test('prints them layer by layer: the forward pass, the loss, the backward pass, the updates', () => {
      const rows = output.split('\n');
      const at = (row: string) => rows.indexOf(row);
      const order = ['conv1', 'local3', 'loss', 'conv1 backward', 'update'].map(at);
      assert.ok(
        order.every((row) => row >= 0),
        output,
      );
      assert.deepEqual(
        order,
        order.toSorted((a, b) => a - b),
      );
      for (const { name, kernel } of nodesIn(run))
        assert.ok(
          rows.some((row) => row.includes(`  ${name} `) && row.includes(kernel ?? '')),
          name,
        );
      assert.ok(output.includes(`Placement written to ${join(run, 'placement.json')}`));
    });
  });
}

test('the placement changes with the instructions that oneDNN may use', {
  skip: engineCase('onednn').skip,
}, async () => {
  const kernelsWith = async (isa: string) => {
    const dir = join(folder, isa);
    const words = ['train', ...trained, '--engine', 'onednn', '--train-dir', dir, '--data-dir', data, flag];
    const { code, errors } = await program(words, undefined, folder, { ONEDNN_MAX_CPU_ISA: isa });
    assert.equal(code, 0, errors);
    return nodesIn(dir).map(({ kernel }) => kernel ?? '');
  };
  const old = await kernelsWith('AVX2');
  assert.ok(old.some((kernel) => /avx2|sse41|uni/.test(kernel)));
  assert.deepEqual(
    old.filter((kernel) => /avx512|amx/.test(kernel)),
    [],
  );
});

test('towers with as many images have the same placement, which is listed once', async () => {
  for (const { name, skip } of ['onnx' as const, 'onednn' as const].map(engineCase)) {
    if (skip !== false) continue;
    const run = join(folder, `towers ${name}`);
    const words = [...trained, '--engine', name, '--towers', '4', '--train-dir', run];
    const output = await succeed('train', ...words, flag);
    const { parts } = placementIn(run);
    assert.deepEqual(parts.map(({ towers, images }) => [towers.length, images]).sort(), [
      [2, 1],
      [2, 2],
    ]);
    assert.deepEqual(parts.flatMap(({ towers }) => towers).sort(), [
      'tower_0',
      'tower_1',
      'tower_2',
      'tower_3',
    ]);
    for (const { towers, nodes } of parts) {
      assert.ok(output.includes(`${towers.join(', ')}: `));
      assert.ok(nodes.some(({ op, layer }) => op === 'Exchange' && layer === 'exchange'));
    }
  }
});

test('eval writes the placement of the network, without training, beside its results', async () => {
  const [run, dir] = [join(folder, 'evaluated'), join(folder, 'eval')];
  await succeed('train', ...trained, '--train-dir', run);
  const words = [
    '--run-once',
    '--num-examples',
    '12',
    '--batch-size',
    '12',
    '--checkpoint-dir',
    run,
    '--eval-dir',
    dir,
  ];
  const output = await succeed('eval', ...words, flag, '--json');
  const events = output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { kind: string; file?: string });
  const placed = events.filter(({ kind }) => kind === 'placement');
  assert.equal(placed.length, 1);
  const { kind: _, file, ...rest } = placed[0] ?? { kind: '' };
  assert.equal(file, join(dir, 'placement.json'));
  assert.deepEqual(rest, placementIn(dir));
  assert.deepEqual(
    placementIn(dir).parts.map(({ images }) => images),
    [12],
  );
  assert.ok(nodesIn(dir).some(({ layer }) => layer === 'conv1'));
  assert.ok(nodesIn(dir).every(({ layer }) => !/backward|update/.test(layer)));
  for (const node of await graphIn(dir)) assert.equal(node.device, device, node.name);
});

test('without the flag, no placement is written and nodes have no device', async () => {
  const run = join(folder, 'without');
  const output = await succeed('train', ...trained, '--train-dir', run, `${flag}=false`);
  assert.doesNotMatch(output, /Placement|CPU:0/);
  assert.throws(() => placementIn(run), { code: 'ENOENT' });
  for (const node of await graphIn(run)) assert.ok(!node.device, node.name);
});

test('the flag is refused where no step is placed', async () => {
  const found = await cifar10(['train', '--find-learning-rate', flag]);
  assert.equal(found.code, 2);
  assert.match(found.errors, /--log-device-placement cannot be combined with --find-learning-rate/);
  const swept = await cifar10(['sweep', flag]);
  assert.equal(swept.code, 2);
  assert.match(swept.errors, /--log-device-placement: not a flag of sweep/);
});
