import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GraphError } from '../../errors.ts';
import { scalar } from '../../tensor/tensor.ts';
import { call, layout, operand, program, slot } from '../../testing/laid-out-programs.ts';
import { checkProgram } from './check-program.ts';
import type { LaidOutCall, LaidOutProgram } from './laid-out.ts';

const [x, y, z, v] = ['x', 'y', 'z', 'v'].map((name) => slot(name)) as [Slot, Slot, Slot, Slot];
type Slot = ReturnType<typeof slot>;
const inputs = new Map([['x', x]]);
const variables = new Map([['v', v]]);
const result = (of: Slot, text = 'row-major') => ({ slot: of, layout: layout(text, of) });

/** Asserts that the program is refused with a matching message. */
function refuses(wrong: LaidOutProgram, message: RegExp): void {
  assert.throws(
    () => checkProgram(wrong),
    (error) => error instanceof GraphError && message.test(error.message),
  );
}

test('a valid program is returned unchanged', () => {
  const right = program({
    stage: 'reordered',
    inputs,
    calls: [call([operand(x)], operand(y, 'layout 1')), call([operand(y, 'layout 1')], operand(z))],
    results: { output: new Map([['z', result(z)]]) },
  });
  assert.equal(checkProgram(right), right);
});

describe('operands', () => {
  test('must be computed before they are read', () => {
    refuses(
      program({ inputs, calls: [call([operand(y)], operand(z)), call([operand(x)], operand(y))] }),
      /^program small: z: convolution_forward\(src: y float32 \[2, 16, 4, 4\] row-major\) → z .* reads y, which no earlier call computes$/,
    );
  });
  test('must be in the layout that their call uses, once reorders are inserted', () => {
    const calls = [call([operand(x)], operand(y, 'layout 1')), call([operand(y)], operand(z))];
    checkProgram(program({ inputs, calls }));
    refuses(
      program({ stage: 'reordered', inputs, calls }),
      /^program small: z: .* uses y in row-major, but it is in layout 1$/,
    );
  });
  test('in row-major memory can be read with different dims for the same number of elements', () => {
    const read = (dims: readonly number[]) => {
      const wanted = layout('row-major', { dims, type: 'float32' });
      return program({
        stage: 'reordered',
        inputs,
        calls: [call([{ ...operand(x), layout: wanted }], operand(y))],
      });
    };
    checkProgram(read([2, 256]));
    refuses(read([2, 255]), /uses x in row-major, but it is in row-major$/);
  });
  test('of unwatched calls must not be computed by watched calls', () => {
    const calls = [call([operand(x)], operand(y), { watched: true }), call([operand(y)], operand(z))];
    refuses(program({ inputs, calls }), /z: .* reads y, which only watched steps compute$/);
  });
});

describe('results of calls', () => {
  test('are written only once', () => {
    const calls = [call([operand(x)], operand(y)), call([operand(x)], operand(y))];
    refuses(program({ inputs, calls }), /y: .* writes y a second time$/);
    refuses(program({ inputs, calls: [call([operand(x)], operand(x))] }), /writes x after it was read$/);
  });
  test('may be written in parts, all of them before the first read', () => {
    const part = (offset: number, size: number) =>
      call([operand(x)], { ...operand(y), part: { offset, size } }, { kind: 'reorder' });
    const read = call([operand(y)], operand(z));
    checkProgram(program({ stage: 'reordered', inputs, calls: [part(0, 256), part(256, 256), read] }));
    refuses(program({ inputs, calls: [part(0, 256), read] }), /reads y, which no earlier call computes$/);
    refuses(
      program({ inputs, calls: [part(0, 256), part(256, 256), read, part(0, 256)] }),
      /y: .* 256 elements from 0 writes y after it was read$/,
    );
  });
});

describe('after reorders are inserted', () => {
  test('a program with a copy is refused', () => {
    refuses(
      program({ stage: 'reordered', inputs, calls: [call([operand(x)], operand(y), { kind: 'copy' })] }),
      /y: copy\(.* is a copy, which should have become reorders$/,
    );
  });
  test('a watched call that reads a variable after its update is refused', () => {
    const update = call([operand(v)], operand(y));
    const watched = call([operand(v)], operand(z), { watched: true });
    const results = { update: new Map([['v', result(y)]]) };
    checkProgram(program({ stage: 'reordered', variables, results, calls: [watched, update] }));
    refuses(
      program({ stage: 'reordered', variables, results, calls: [update, watched] }),
      /^program small: watched z: .* reads v after its update is computed, which may overwrite it$/,
    );
  });
  test('a setup call that reads anything but constants is refused', () => {
    const constants = new Map([[slot('constant 0', [1]), scalar(1)]]);
    const [constant] = constants.keys();
    assert.ok(constant);
    const once = (of: Slot) => call([operand(of)], operand(slot('copy', of.dims)), { kind: 'reorder' });
    checkProgram(program({ stage: 'reordered', constants, setup: [once(constant)] }));
    refuses(
      program({ stage: 'reordered', inputs, setup: [once(x)] }),
      /copy: reorder\(.* runs once, but x is not a constant$/,
    );
  });
});

describe('an exchange', () => {
  const exchange = (from: Slot, to: Slot, text = 'row-major', options = {}) =>
    call([operand(from, text)], operand(to, text), { kind: 'exchange', ...options });
  test('averages row-major tensors', () => {
    checkProgram(program({ inputs, calls: [exchange(x, y)] }));
    refuses(
      program({ inputs, calls: [exchange(x, y, 'layout 1')] }),
      /^program small: y: exchange\(.* does not average x as a row-major float32 tensor$/,
    );
    refuses(
      program({ inputs, calls: [exchange(x, slot('small', [2]))] }),
      /does not average x as a row-major float32 tensor$/,
    );
    const counts = slot('counts', [2], 'int32');
    refuses(
      program({ inputs: new Map([['counts', counts]]), calls: [exchange(counts, slot('y', [2], 'int32'))] }),
      /does not average counts as a row-major float32 tensor$/,
    );
  });
  test('has a result for each operand', () => {
    refuses(
      program({ inputs, calls: [exchange(x, y, 'row-major', { reads: [operand(x), operand(x)] })] }),
      /y: exchange\(.* has 2 operands and 1 results$/,
    );
  });
  test('runs once in every step', () => {
    refuses(program({ inputs, calls: [exchange(x, y), exchange(y, z)] }), /z: .* is a second exchange$/);
    refuses(
      program({ inputs, calls: [exchange(x, y, 'row-major', { watched: true })] }),
      /watched y: .* is an exchange that only watched steps run$/,
    );
  });
});

describe('results of the program', () => {
  test('must be computed, and only watched results may come from watched calls', () => {
    const results = { output: new Map([['z', result(z)]]) };
    refuses(program({ inputs, results }), /^program small: nothing computes z, the output z$/);
    const calls = [call([operand(x)], operand(z), { watched: true })];
    refuses(program({ inputs, results, calls }), /only watched steps compute z, a result of every step$/);
    checkProgram(program({ inputs, calls, results: { watched: results.output } }));
  });
  test('must be stored in the layout in which they are returned', () => {
    const calls = [call([operand(x)], operand(z, 'layout 1'))];
    refuses(
      program({ stage: 'reordered', inputs, calls, results: { output: new Map([['z', result(z)]]) } }),
      /the output z should be in row-major, but z is in layout 1$/,
    );
  });
  test('must have the types of the variables they update', () => {
    const small = slot('small', [2]);
    const calls = [call([operand(x)], operand(small))];
    const update = (name: string) => ({ update: new Map([[name, result(small)]]) });
    refuses(
      program({ inputs, variables, calls, results: update('v') }),
      /update of v \(float32 \[2, 16, 4, 4\]\) has type float32 \[2\]$/,
    );
    refuses(
      program({ inputs, variables, calls, results: update('w') }),
      /update of w, which is not a variable$/,
    );
  });
});

describe('a check of finite scalars', () => {
  const total = slot('total', [1]);
  const check = (of: Slot, options: Partial<LaidOutCall> = {}) => ({
    ...call([operand(of, 'row-major', 'finite total')], operand(of), {
      ...{ kind: 'finite_check', action: 'finite_check', name: 'check' },
      ...options,
    }),
    writes: [],
  });
  const sum = call([operand(x)], operand(total));
  const results = { output: new Map([['z', result(z)]]), finite: new Map([['total', result(total)]]) };
  test('comes after the calls that compute what the step returns', () => {
    const last = call([operand(x)], operand(z));
    checkProgram(program({ inputs, calls: [sum, last, check(total)], results }));
    refuses(
      program({ inputs, calls: [sum, check(total), last], results }),
      /check: finite_check\(finite total: total float32 \[1\] row-major\) may end the step before the output z is computed$/,
    );
  });
  test('reads scalars, in every step', () => {
    refuses(program({ inputs, calls: [check(x)] }), /reads x, which is not a float32 scalar$/);
    refuses(
      program({ inputs, calls: [sum, check(total, { watched: true })] }),
      /is a check that only watched steps run$/,
    );
  });
});
