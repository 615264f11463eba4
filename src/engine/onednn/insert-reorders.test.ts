import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { zeros } from '../../tensor/tensor.ts';
import { call, layout, operand, program, rowMajorLayouts, slot } from '../../testing/laid-out-programs.ts';
import { checkProgram } from './check-program.ts';
import { insertReorders } from './insert-reorders.ts';
import type { LaidOutCall, LaidOutProgram, Operand } from './laid-out.ts';
import { printLaidOutCall, printProgram } from './print-program.ts';

type Slot = ReturnType<typeof slot>;
const [x, y, z, w] = ['x', 'y', 'z', 'w'].map((name) => slot(name)) as [Slot, Slot, Slot, Slot];
const inputs = new Map([['x', x]]);
const result = (of: Slot, text = 'row-major') => ({ slot: of, layout: layout(text, of) });
const output = (of: Slot) => ({ output: new Map([[of.name, result(of)]]) });

/** Inserts reorders. Checks the program before and after. */
function reordered(before: LaidOutProgram): LaidOutProgram {
  return checkProgram(insertReorders(rowMajorLayouts)(checkProgram(before)));
}

/** Prints the calls without dims and types. */
function calls(of: LaidOutProgram): readonly string[] {
  return of.calls.map((one) => printLaidOutCall(one).replaceAll(/ \w+ \[[\d, ]+\]/g, ''));
}

test('inserts no reorder if all layouts match', () => {
  const after = reordered(
    program({
      inputs,
      calls: [call([operand(x)], operand(y, 'layout 1')), call([operand(y, 'layout 1')], operand(z))],
      results: output(z),
    }),
  );
  assert.equal(
    printProgram(after),
    [
      'program small, reordered',
      'input x → float32 [2, 16, 4, 4] row-major',
      'y: convolution_forward(src: x float32 [2, 16, 4, 4] row-major) → y float32 [2, 16, 4, 4] layout 1',
      'z: convolution_forward(src: y float32 [2, 16, 4, 4] layout 1) → z float32 [2, 16, 4, 4] row-major',
      'output z = z float32 [2, 16, 4, 4] row-major',
      '',
    ].join('\n'),
  );
});

describe('a reorder', () => {
  test('is inserted once for all readers that use the same layout', () => {
    const read = (name: string) => call([operand(x, 'layout 1')], operand(slot(name)));
    assert.deepEqual(calls(reordered(program({ inputs, calls: [read('a'), read('b')] }))), [
      'x: reorder(src: x row-major) → x reordered layout 1',
      'a: convolution_forward(src: x reordered layout 1) → a row-major',
      'b: convolution_forward(src: x reordered layout 1) → b row-major',
    ]);
  });
  test('moves a result to its home layout', () => {
    const homes = new Map([[y, layout('layout 2', y)]]);
    assert.deepEqual(
      calls(reordered(program({ inputs, homes, calls: [call([operand(x)], operand(y, 'layout 1'))] }))),
      [
        'y: convolution_forward(src: x row-major) → y as written layout 1',
        'y: reorder(src: y as written layout 1) → y layout 2',
      ],
    );
  });
  test('makes an output row-major', () => {
    const after = reordered(
      program({ inputs, calls: [call([operand(x)], operand(y, 'layout 1'))], results: output(y) }),
    );
    assert.deepEqual(calls(after).slice(1), ['y: reorder(src: y layout 1) → y reordered row-major']);
    assert.equal(after.results.output.get('y')?.slot.name, 'y reordered');
  });
  test('makes memory row-major for a reader that uses different dims', () => {
    const flat: Slot = { name: 'y', dims: [2, 256], type: 'float32', base: y };
    const after = program({
      inputs,
      calls: [
        call([operand(x)], operand(y, 'layout 1')),
        call([operand(flat)], operand(z), { kind: 'matmul' }),
      ],
    });
    assert.deepEqual(calls(reordered(after)).slice(1), [
      'y: reorder(src: y layout 1) → y reordered row-major',
      'z: matmul(src: y reordered row-major) → z row-major',
    ]);
  });
  test('of a constant runs once, during setup', () => {
    const after = reordered(
      program({
        constants: new Map([[w, zeros({ dtype: 'float32', shape: w.dims })]]),
        calls: [call([operand(w, 'layout 1')], operand(y))],
      }),
    );
    assert.deepEqual(
      after.setup.map(({ name }) => name),
      ['w'],
    );
    assert.deepEqual(calls(after), ['y: convolution_forward(src: w reordered layout 1) → y row-major']);
  });
});

describe('a copy', () => {
  const copy = (reads: readonly Operand[], writes: readonly Operand[], options: Partial<LaidOutCall> = {}) =>
    call(reads, operand(y), { kind: 'copy', primitive: undefined, writes, ...options });
  test('that changes nothing is dropped', () => {
    const after = reordered(
      program({ inputs, calls: [copy([operand(x)], [operand(y)]), call([operand(y)], operand(z))] }),
    );
    assert.deepEqual(calls(after), ['z: convolution_forward(src: x row-major) → z row-major']);
  });
  test('to another element type is a reorder', () => {
    const rounded = slot('rounded', x.dims, 'bfloat16');
    const after = reordered(
      program({ inputs, calls: [copy([operand(x)], [operand(rounded)], { name: 'cast' })] }),
    );
    assert.deepEqual(calls(after), ['cast: reorder(src: x row-major) → rounded row-major']);
  });
  test('of several pieces becomes one reorder per piece', () => {
    const half = (offset: number) => ({ ...operand(y, 'row-major', 'dst'), part: { offset, size: 256 } });
    const after = reordered(
      program({ inputs, calls: [copy([operand(x), operand(x)], [half(0), half(256)])] }),
    );
    assert.deepEqual(calls(after), [
      'y 0: reorder(src: x row-major) → y row-major, 256 elements from 0',
      'y 1: reorder(src: x row-major) → y row-major, 256 elements from 256',
    ]);
  });
});

describe('persistent memory', () => {
  test('is copied into a result that must keep its value after the step', () => {
    const variables = new Map([['w', w]]);
    const results = { update: new Map([['w', result(y)]]), output: new Map([['old', result(w)]]) };
    const after = reordered(program({ variables, results, calls: [call([operand(w)], operand(y))] }));
    assert.deepEqual(calls(after).slice(1), ['w: reorder(src: w row-major) → w copied row-major']);
  });
  test('is copied when two variables swap their values', () => {
    const variables = new Map([
      ['w', w],
      ['z', z],
    ]);
    const update = new Map([
      ['w', result(z)],
      ['z', result(w)],
    ]);
    const after = reordered(program({ variables, results: { update } }));
    assert.deepEqual(
      [...after.results.update.values()].map(({ slot: { name } }) => name),
      ['z copied', 'w copied'],
    );
  });
});

describe('watched calls', () => {
  const variables = new Map([['w', w]]);
  test('run as soon as their operands exist, before variables change', () => {
    const after = reordered(
      program({
        variables,
        calls: [call([operand(w)], operand(y)), call([operand(y)], operand(z))],
        watchedCalls: [
          call([operand(y)], operand(slot('late')), { watched: true }),
          call([operand(w)], operand(slot('early')), { watched: true }),
        ],
        results: { update: new Map([['w', result(z)]]) },
      }),
    );
    assert.deepEqual(
      after.calls.map(({ name }) => name),
      ['early', 'y', 'late', 'z'],
    );
  });
  test('do not share their reorders with unwatched calls', () => {
    const wants = (name: string, watched: boolean) =>
      call([operand(w, 'layout 1')], operand(slot(name)), { watched });
    const after = reordered(
      program({
        variables,
        calls: [wants('step', false)],
        watchedCalls: [wants('first', true)],
      }),
    );
    assert.deepEqual(calls(after), [
      'watched w: reorder(src: w row-major) → w reordered layout 1',
      'watched first: convolution_forward(src: w reordered layout 1) → first row-major',
      'w: reorder(src: w row-major) → w reordered layout 1',
      'step: convolution_forward(src: w reordered layout 1) → step row-major',
    ]);
  });
  test('return row-major copies, which are made as soon as the values exist', () => {
    const after = reordered(
      program({
        inputs,
        variables,
        calls: [call([operand(x)], operand(y))],
        results: { watched: new Map([['v', result(w)]]) },
      }),
    );
    assert.deepEqual(calls(after)[0], 'watched v: reorder(src: w row-major) → v watched row-major');
    assert.equal(after.results.watched.get('v')?.slot.name, 'v watched');
  });
});
