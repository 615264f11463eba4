import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeCheckpoint } from '../checkpoint/checkpoint.ts';
import { ModelProto } from '../engine/onnx/inspect/schema.ts';
import { encodeEvent } from '../summary/event-encode.ts';
import { frameRecord } from '../summary/record-file.ts';
import { EventProto } from '../summary/schema.ts';
import { sampleCheckpoint } from '../testing/checkpoints.ts';
import { inTemporaryFolder } from '../testing/examples.ts';
import { cifar10 } from '../testing/in-process.ts';

const inspect = (...words: readonly string[]) => cifar10(['inspect', ...words]);

const version = frameRecord(
  encodeEvent({ wallTime: 1, step: 0, content: { kind: 'version', version: 'brain.Event:2' } }),
);
const scalar = (tag: string, step: number, value: number) =>
  frameRecord(
    encodeEvent({
      ...{ wallTime: 1, step },
      content: { kind: 'summary', values: [{ tag, kind: 'scalar', value }] },
    }),
  );
const foreign = (step: number, ...value: readonly object[]) =>
  frameRecord(EventProto.encode({ wall_time: 1, step, summary: { value } }).finish());
const pluginOf = (name: string) => ({ plugin_data: { plugin_name: name } });

test('scalars, histograms and images that are stored as tensors are shown, and other kinds are counted', () =>
  inTemporaryFolder(async (dir) => {
    const scalars = { metadata: pluginOf('scalars') };
    const content = new Uint8Array(Float64Array.of(0, 1, 2, 1, 3, 4).buffer);
    const bytes = (text: string) => new TextEncoder().encode(text);
    const file = [
      version,
      foreign(1, { tag: 'a', ...scalars, tensor: { dtype: 1, float_val: [0.5] } }),
      foreign(2, {
        tag: 'a',
        tensor: { dtype: 1, tensor_content: new Uint8Array(Float32Array.of(0.25).buffer) },
      }),
      foreign(1, { tag: 'half', ...scalars, tensor: { dtype: 19, half_val: [0x3e00] } }),
      foreign(1, { tag: 'int64', ...scalars, tensor: { dtype: 9, int64_val: [7] } }),
      foreign(1, { tag: 'zero', ...scalars, tensor: { dtype: 2 } }),
      foreign(1, {
        ...{ tag: 'h', metadata: pluginOf('histograms') },
        tensor: { dtype: 2, tensor_shape: { dim: [{ size: 2 }, { size: 3 }] }, tensor_content: content },
      }),
      foreign(1, {
        ...{ tag: 'i', metadata: pluginOf('images') },
        tensor: { dtype: 7, string_val: ['8', '6', 'png'].map(bytes) },
      }),
      foreign(1, { tag: 't', metadata: pluginOf('text'), tensor: { dtype: 7, string_val: [bytes('x')] } }),
      foreign(2, { tag: 't', tensor: { dtype: 7, string_val: [bytes('y')] } }),
      foreign(1, { tag: 's', audio: new Uint8Array(3) }),
    ];
    writeFileSync(join(dir, 'events.out.tfevents.1.v2'), Buffer.concat(file));
    const { code, output, errors } = await inspect(dir);
    assert.deepEqual([code, errors], [0, '']);
    assert.match(
      output,
      /: 6 tags, no graph\n {2}not read: text \(2 values of 1 tag\), audio \(1 value of 1 tag\)\n/,
    );
    for (const row of [
      /^a +scalar +2 +1 +2 +0\.25$/m,
      /^half +scalar +1 +1 +1 +1\.5$/m,
      /^int64 +scalar +1 +1 +1 +7$/m,
      /^zero +scalar +1 +1 +1 +0$/m,
      /^h +histogram +1 +1 +1 +0 … 3$/m,
      /^i +image +1 +1 +1 +8 × 6$/m,
    ])
      assert.match(output, row);
  }));

test('the intact parts of damaged event files are shown, and a warning names the file and byte of each damage', () =>
  inTemporaryFolder(async (dir) => {
    const file = (name: string) => join(dir, `events.out.tfevents.${name}`);
    const points = [1, 2, 3].map((step) => scalar('a', step, step));
    writeFileSync(file('1'), Buffer.concat([version, ...points, new Uint8Array(4096)]));
    const flipped = Uint8Array.from(scalar('b', 1, 1));
    flipped[14] = (flipped[14] ?? 0) ^ 1;
    writeFileSync(file('2'), Buffer.concat([version, flipped, scalar('b', 2, 2)]));
    writeFileSync(file('3'), Buffer.concat([version, Buffer.from('garbage '.repeat(50)), scalar('c', 3, 3)]));
    writeFileSync(file('4'), Buffer.concat([version, scalar('d', 4, 4)]));
    truncateSync(file('4'), version.length + 20);
    writeFileSync(
      file('5'),
      Buffer.concat([version, frameRecord(Uint8Array.of(0x2a, 9)), scalar('e', 5, 5)]),
    );
    mkdirSync(file('6'));
    writeFileSync(file('7'), Buffer.concat([version, scalar('f', 6, 6)]));
    const { code, output, errors } = await inspect(dir);
    assert.equal(code, 0, errors);
    for (const tag of ['a', 'b', 'c', 'e', 'f']) assert.match(output, new RegExp(`^${tag} +scalar`, 'm'));
    const byte = version.length;
    const ended = byte + points.reduce((sum, { length }) => sum + length, 0);
    assert.match(errors, new RegExp(`tfevents\\.1: byte ${ended}: .* 4,096 bytes skipped\n`));
    assert.match(errors, new RegExp(`tfevents\\.2: byte ${byte + 12}: data of a record .* skipped\n`));
    assert.match(errors, new RegExp(`tfevents\\.3: byte ${byte}: length of a record .* 400 bytes skipped\n`));
    assert.match(errors, new RegExp(`tfevents\\.4: byte ${byte}: the file ends after 20 of the`));
    assert.match(
      errors,
      new RegExp(`tfevents\\.5: byte ${byte}: the record is intact, but not a TensorBoard`),
    );
    assert.match(errors, /cannot read .*tfevents\.6: is a folder/);
  }));

test('event files without any intact record are an error', () =>
  inTemporaryFolder(async (dir) => {
    writeFileSync(join(dir, 'events.out.tfevents.1'), new Uint8Array(100));
    const { code, output, errors } = await inspect(dir);
    assert.deepEqual([code, output], [1, '']);
    assert.match(errors, /tfevents\.1: byte 0: length of a record .*100 bytes skipped/);
  }));

/** Makes a safetensors file with the given header and payload. */
function safetensors(header: string, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const text = new TextEncoder().encode(header);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setUint32(0, text.length, true);
  return Buffer.concat([length, text, payload]);
}

test('safetensors files of every element type are shown', () =>
  inTemporaryFolder(async (dir) => {
    const path = join(dir, 'model.safetensors');
    const elements: readonly (readonly [string, readonly number[], string])[] = [
      ['F64', [0, 0, 0, 0, 0, 0, 0xf8, 0x3f], '1.50'],
      ['F16', [0, 0x3e], '1.50'],
      ['BF16', [0xc0, 0x3f], '1.50'],
      ['F8_E4M3', [0x3c], '1.50'],
      ['F8_E5M2', [0x3e], '1.50'],
      ['I8', [0xff], '-1.00'],
      ['U16', [0, 1], '256'],
      ['BOOL', [1], '1.00'],
    ];
    let at = 0;
    const entries = elements.map(([dtype, bytes]) => {
      const data_offsets = [at, at + bytes.length];
      at += bytes.length;
      return [`t ${dtype}`, { dtype, shape: [1], data_offsets }];
    });
    const empty = ['empty', { dtype: 'F32', shape: [0, 5], data_offsets: [at, at] }];
    const header = Object.fromEntries([['__metadata__', { format: 'pt\u001b[31m' }], ...entries, empty]);
    writeFileSync(
      path,
      safetensors(JSON.stringify(header), Uint8Array.from(elements.flatMap(([, bytes]) => bytes))),
    );
    const { code, output, errors } = await inspect(path);
    assert.deepEqual([code, errors], [0, '']);
    assert.match(output, /^ {2}format +pt\\u001b\[31m$/m);
    for (const [dtype, , mean] of elements)
      assert.match(output, new RegExp(`^t ${dtype} +${dtype} +1 +${mean} `, 'm'));
    assert.match(output, /^empty +F32 +0×5$/m);
  }));

test('deeply nested, long and damaged headers cause one short error, and their files are skipped in a run folder', () =>
  inTemporaryFolder(async (dir) => {
    const deep = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    const name = 'n'.repeat(1_000_000);
    const headers = [
      `{"a":${deep(5000)}}`,
      `{"a":${deep(20)}}`,
      `{"a":${'{"a":'.repeat(3_000_000)}`,
      `{"${name}":5}`,
      `{"${'\\n'.repeat(4_000_000)}":[]}`,
      `{"a":{"dtype":"F32","shape":[${'1,'.repeat(1_000_000)}1],"data_offsets":[0,8]}}`,
      `{"__metadata__":{"cifar10Checkpoint":"1","seed":"${deep(100_000)}"}}`,
      `{"__metadata__":{"cifar10Checkpoint":"${name}"}}`,
    ];
    await writeCheckpoint(dir, sampleCheckpoint(7));
    for (const [index, header] of headers.entries()) {
      writeFileSync(join(dir, 'model.ckpt-9.safetensors'), safetensors(header));
      const alone = await inspect(join(dir, 'model.ckpt-9.safetensors'));
      assert.equal(alone.code, 1, `${index}`);
      assert.doesNotMatch(alone.errors, /bug in cifar10|call stack/);
      assert.match(alone.errors, /^cifar10: .*model\.ckpt-9\.safetensors: .{1,300}\n$/u, `${index}`);
      const folder = await inspect(dir);
      assert.equal(folder.code, 0, folder.errors);
      assert.match(folder.errors, /^warning: skipped a checkpoint: .*model\.ckpt-9/);
      assert.match(folder.output, /globalStep +7/);
    }
  }));

test('a bad file in a folder is reported and does not hide the others', () =>
  inTemporaryFolder(async (dir) => {
    writeFileSync(join(dir, 'events.out.tfevents.1'), Buffer.concat([version, scalar('loss', 1, 1)]));
    writeFileSync(join(dir, 'model.ckpt-9.safetensors'), 'damaged');
    writeFileSync(join(dir, 'x.onnx'), '');
    const broken = await inspect(dir);
    assert.equal(broken.code, 0, broken.errors);
    assert.match(broken.output, /^loss +scalar/m);
    assert.match(
      broken.errors,
      /no undamaged checkpoint in .*\n.*model\.ckpt-9\.safetensors: too short for a safetensors file: found 7 bytes/,
    );
    assert.match(broken.errors, /x\.onnx: not an ONNX model, or damaged: it has no graph/);
    await writeCheckpoint(dir, sampleCheckpoint(12));
    const older = await inspect(dir);
    assert.equal(older.code, 0);
    assert.match(
      older.errors,
      /damaged checkpoint: .*model\.ckpt-9\.safetensors: too short for a safetensors file: found 7 bytes/,
    );
    assert.match(older.output, /globalStep +12/);
  }));

test('the constants of an ONNX model in external files are counted, and files that are missing or too short are reported', () =>
  inTemporaryFolder(async (dir) => {
    const path = join(dir, 'm.onnx');
    const external = (location: string, more: Readonly<Record<string, string>>, dims: readonly number[]) => ({
      ...{ dims, data_type: 10, data_location: 1 },
      external_data: Object.entries({ location, ...more }).map(([key, value]) => ({ key, value })),
    });
    const write = (initializer: readonly object[]) =>
      writeFileSync(
        path,
        ModelProto.encode({
          opset_import: [{ version: 20 }, { domain: 'com.microsoft', version: 1 }],
          graph: {
            node: [{ op_type: 'Relu' }, { op_type: 'FusedConv', domain: 'com.microsoft' }],
            input: [{ name: 'x', type: { tensor_type: { shape: { dim: [{ dim_param: 'batch' }] } } } }],
            initializer,
          },
        }).finish(),
      );
    write([
      { dims: [4], data_type: 3, raw_data: new Uint8Array(4) },
      { dims: [2], data_type: 1, float_data: [1, 2] },
      external('m.data', {}, [10]),
      external('m.data', { offset: '20', length: '30' }, [15]),
    ]);
    writeFileSync(join(dir, 'm.data'), new Uint8Array(50));
    const whole = await inspect(path);
    assert.deepEqual([whole.code, whole.errors], [0, '']);
    assert.match(
      whole.output,
      /produced by an unknown program, opset 20, com\.microsoft 1, 2 nodes, 62 bytes of constants, of which 50 bytes in m\.data\n/,
    );
    assert.match(whole.output, /^ {2}x \[batch\]$/m);
    assert.match(whole.output, /^com\.microsoft\.FusedConv +1$/m);
    truncateSync(join(dir, 'm.data'), 49);
    assert.match(
      (await inspect(path)).errors,
      /m\.data is too short: found 49 bytes, expected at least 50 bytes/,
    );
    write(
      ['gone.data', '../m.data', '/etc/passwd', 'C:\\x', 'a/../../b', ''].map((name) =>
        external(name, {}, [1]),
      ),
    );
    const { code, errors } = await inspect(path);
    assert.equal(code, 0);
    assert.match(errors, /gone\.data is missing\. Copy it into the folder/);
    assert.equal(errors.match(/is not a relative path inside the folder of the model/g)?.length, 5, errors);
  }));

test('control characters in foreign names never reach the terminal', () =>
  inTemporaryFolder(async (dir) => {
    const evil = 'a\u001b]0;x\u0007\u009b31m\u202eb\nwarning: fake\r';
    writeFileSync(join(dir, `events.out.tfevents.1.${evil.replaceAll('/', '')}`), version);
    appendFileSync(join(dir, 'events.out.tfevents.2'), Buffer.concat([version, scalar(evil, 1, 1)]));
    writeFileSync(join(dir, `${evil}.safetensors`), 'short');
    writeFileSync(join(dir, `${evil}.onnx`), 'short');
    for (const words of [[dir], [dir, '--json'], [join(dir, evil)], [join(dir, `${evil}.safetensors`)]]) {
      const { output, errors } = await inspect(...words);
      assert.doesNotMatch((output + errors).replaceAll('\n', ''), /[\p{Cc}\u202a-\u202e]/u);
      assert.doesNotMatch(output + errors, /^warning: fake/m);
    }
  }));
