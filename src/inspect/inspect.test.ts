import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeCheckpoint } from '../checkpoint/checkpoint.ts';
import { onnxModel } from '../engine/onnx/compile/compile.ts';
import { summarizeOnnx } from '../engine/onnx/inspect/summarize.ts';
import { buildEvaluationGraph } from '../evaluation/evaluation-graph.ts';
import { defineNetwork } from '../model/define-network.ts';
import { heNormal } from '../model/initializers.ts';
import { defaultsOf } from '../model/network-kind.ts';
import { tutorial, tutorialNetwork } from '../model/networks/tutorial.ts';
import { makeNetwork } from '../model/networks.ts';
import { sampleCheckpoint } from '../testing/checkpoints.ts';
import { inTemporaryFolder } from '../testing/examples.ts';
import { cifar10 } from '../testing/in-process.ts';
import { copySynthetic } from '../testing/synthetic.ts';
import { layersOf } from './network.ts';
import { statisticsOf } from './tensor-statistics.ts';

test('the layers have 1,068,298 parameters and 18,470,784 multiply-adds in total, and different widths change both', () => {
  const sums = (local3: number) => {
    const layers = layersOf(tutorialNetwork(10, { ...defaultsOf(tutorial), local3 }));
    return [
      layers.reduce((sum, { parameters }) => sum + parameters, 0),
      layers.reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0),
    ];
  };
  assert.deepEqual(sums(384), [1_068_298, 18_470_784]);
  assert.deepEqual(sums(400), [1_068_298 + 16 * (2304 + 1 + 192), 18_470_784 + 16 * (2304 + 192)]);
});

test('variables without a scope belong to the layer that reads them', () => {
  const linear = defineNetwork({
    name: 'linear',
    summary: 'a linear model without scopes',
    imageShape: [3, 8, 8],
    create: ({ layers, images, classes }) =>
      layers.dense(layers.flatten(images), { units: classes, initializer: heNormal, bias: 0 }),
  });
  const layers = layersOf(makeNetwork(linear, 10));
  assert.deepEqual(
    layers.map(({ layer, parameters, multiplyAdds }) => [layer, parameters, multiplyAdds]),
    [
      ['Reshape', 0, 0],
      ['MatMul', 1920, 1920],
      ['BiasAdd', 10, 0],
    ],
  );
});

test('every layer is listed with its output shape', () => {
  const shapes = layersOf(tutorialNetwork(10)).map(({ layer, output }) => `${layer} ${output.join('×')}`);
  assert.deepEqual(shapes, [
    'conv1 64×24×24',
    'pool1 64×12×12',
    'norm1 64×12×12',
    'conv2 64×12×12',
    'norm2 64×12×12',
    'pool2 64×6×6',
    'local3 384',
    'local4 192',
    'softmax_linear 10',
  ]);
});

test('the inputs, outputs and operators of an ONNX file are listed, and other files are refused', async () => {
  const model = onnxModel(buildEvaluationGraph(tutorialNetwork(10), 4));
  const summary = await summarizeOnnx('m.onnx', model, '.');
  assert.equal(summary.producer, 'cifar10');
  assert.equal(summary.opset, 21);
  assert.ok(summary.inputs.includes('images [4, 3, 24, 24]'));
  assert.deepEqual(summary.outputs, ['logits [4, 10]']);
  assert.ok(summary.operators.some(([name, count]) => name === 'Gemm' && count > 0));
  await assert.rejects(
    summarizeOnnx('x.onnx', Buffer.from('no model'), '.'),
    /x\.onnx: not an ONNX model, or damaged/,
  );
});

test('values that are not finite are counted, but excluded from the statistics', () => {
  const statistics = statisticsOf(Float32Array.of(1, 3, Number.NaN, Number.POSITIVE_INFINITY));
  assert.deepEqual(statistics, { mean: 2, deviation: 1, least: 1, greatest: 3, notFinite: 2 });
});

test('inspect recognizes what a path contains', () =>
  inTemporaryFolder(async (folder) => {
    const look = async (thing: string) => {
      const outcome = await cifar10(['inspect', thing]);
      assert.equal(outcome.code, 0, outcome.errors);
      return outcome.output;
    };
    assert.match(await look('graph'), /^total, for one image +1,068,298 +18,470,784$/m);
    await writeCheckpoint(folder, sampleCheckpoint(7));
    for (const thing of [folder, join(folder, 'model.ckpt-7.safetensors')]) {
      assert.match(await look(thing), /globalStep +7\n[\s\S]*softmax_linear\/weights +F32 +2×3 /);
    }
    const data = join(folder, 'data');
    await copySynthetic(data);
    for (const thing of [data, join(data, 'synthetic-batches-bin')]) {
      assert.match(
        await look(thing),
        /drawn, not CIFAR-10[\s\S]*circle +1,000 +200[\s\S]*Every file has the right size/,
      );
    }
    writeFileSync(join(folder, 'm.onnx'), onnxModel(buildEvaluationGraph(tutorialNetwork(10), 4)));
    assert.match(await look(join(folder, 'm.onnx')), /produced by cifar10, opset 21/);
  }));

test('a file for pictures that cannot be written is refused before the data is read', () =>
  inTemporaryFolder(async (folder) => {
    const { code, output, errors } = await cifar10([
      'inspect',
      folder,
      '--pictures',
      join(folder, 'no/a.png'),
    ]);
    assert.deepEqual([code, output], [1, '']);
    assert.match(errors, /cannot write .*a\.png: the folder .*no does not exist/);
  }));

test('the error for an unsupported path lists what inspect supports', () =>
  inTemporaryFolder(async (folder) => {
    mkdirSync(join(folder, 'empty'));
    writeFileSync(join(folder, 'text.txt'), 'text');
    const refused = async (words: readonly string[], code: number, message: RegExp) => {
      const outcome = await cifar10(['inspect', ...words]);
      assert.equal(outcome.code, code, outcome.errors);
      assert.match(outcome.errors, message);
    };
    await refused([], 2, /inspect takes one argument: graph, a checkpoint/);
    await refused(['a', 'b'], 2, /inspect takes one argument/);
    await refused([join(folder, 'nowhere')], 1, /nowhere: cannot be read/);
    await refused([join(folder, 'empty')], 1, /contains no checkpoints, event files, ONNX files or data set/);
    await refused([join(folder, 'text.txt')], 1, /text\.txt: unknown kind of file; inspect supports graph/);
  }));

test('the results in evaluations.jsonl are shown for the file and for its folder, without lines that are not results', () =>
  inTemporaryFolder(async (folder) => {
    const file = join(folder, 'evaluations.jsonl');
    const result = {
      ...{
        time: '2026-11-24T12:00:00.000Z',
        checkpoint: '/x/first/model.ckpt-2000.safetensors',
        globalStep: 2000,
      },
      ...{ evalData: 'validation', weights: 'raw', correct: 1, total: 2, precision: 0.5 },
    };
    const other = { precision: 0.25, time: 3, checkpoint: ['x'], globalStep: null };
    writeFileSync(
      file,
      `${JSON.stringify(result)}\nnot JSON\n[1]\n{"precision":"x"}\n${JSON.stringify(other)}\n{"pre`,
    );
    for (const thing of [file, folder]) {
      const { code, output } = await cifar10(['inspect', thing]);
      assert.equal(code, 0);
      assert.match(output, /evaluations\.jsonl: 2 evaluations\n/);
      assert.match(output, /^first +2,000 +validation +raw +2 +0\.500 +2026-11-24 12:00$/m);
      assert.match(output, /^- +- +- +- +- +0\.250 +-$/m);
    }
    writeFileSync(file, '');
    const empty = await cifar10(['inspect', file]);
    assert.equal(empty.code, 1);
    assert.match(empty.errors, /evaluations\.jsonl: contains no evaluations\n$/);
  }));

test('the error for a misspelled word or path suggests the nearest existing one', () =>
  inTemporaryFolder(async (folder) => {
    mkdirSync(join(folder, 'start'));
    assert.match((await cifar10(['inspect', 'grahp'])).errors, /; did you mean graph\?\n$/);
    assert.match((await cifar10(['inspect', join(folder, 'strat')])).errors, /; did you mean .*start\?\n$/);
    assert.match(
      (await cifar10(['inspect', join(folder, 'qqqqqqq')])).errors,
      /; inspect supports graph, .*\n$/,
    );
  }));
