import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeCheckpoint, encodeCheckpoint } from '../checkpoint/checkpoint.ts';
import { readCheckpointIndex, writeCheckpointIndex } from '../checkpoint/checkpoint-index.ts';
import { onnxModel } from '../engine/onnx/compile/compile.ts';
import { summarizeOnnx } from '../engine/onnx/inspect/summarize.ts';
import { RunError } from '../errors.ts';
import { buildEvaluationGraph } from '../evaluation/evaluation-graph.ts';
import { EvaluationLog } from '../evaluation/evaluation-log.ts';
import { tutorialNetwork } from '../model/networks/tutorial.ts';
import { encodeEvent } from '../summary/event-encode.ts';
import { readRun } from '../summary/event-reader.ts';
import { readCurves } from '../summary/metrics-curves.ts';
import { MetricsFile } from '../summary/metrics-file.ts';
import { frameRecord } from '../summary/record-file.ts';
import { EventProto } from '../summary/schema.ts';
import { sampleCheckpoint } from '../testing/checkpoints.ts';
import { inTemporaryFolder } from '../testing/examples.ts';
import { summarizeEvents } from './events.ts';

/** A reader of one kind of file, and a valid file of that kind. */
interface Format {
  readonly name: string;
  readonly valid: Uint8Array;
  /** Writes the bytes to the place where the reader expects them, and reads them. */
  readonly read: (bytes: Uint8Array, dir: string) => unknown;
}

const bytesOf = (text: string) => new TextEncoder().encode(text);
const event = frameRecord(
  encodeEvent({
    ...{ wallTime: 1, step: 1 },
    content: { kind: 'summary', values: [{ tag: 'a', kind: 'scalar', value: 1 }] },
  }),
);
const score = {
  ...{ checkpoint: 'run/model.ckpt-1.safetensors', globalStep: 1, modified: 1, evalData: 'test' },
  ...{ otherData: null, weights: 'raw', numExamples: 10, report: false },
};

const formats: readonly Format[] = [
  {
    name: 'a checkpoint',
    valid: encodeCheckpoint(sampleCheckpoint(1)),
    read: (bytes) => decodeCheckpoint(bytes, 'file'),
  },
  {
    name: 'a checkpoint index',
    valid: bytesOf('model_checkpoint_path: "a\\303\\251"\nall_model_checkpoint_paths: "b"\n'),
    read: (bytes, dir) => {
      writeFileSync(join(dir, 'checkpoint'), bytes);
      return readCheckpointIndex(dir);
    },
  },
  {
    name: 'an event file',
    valid: Buffer.concat([event, event, event]),
    read: async (bytes, dir) => {
      writeFileSync(join(dir, 'file.tfevents'), bytes);
      summarizeEvents(await readRun(dir, () => undefined), () => undefined);
    },
  },
  {
    name: 'an event',
    valid: event.subarray(12, -4),
    read: async (bytes, dir) => {
      writeFileSync(join(dir, 'file.tfevents'), frameRecord(bytes));
      summarizeEvents(await readRun(dir, () => undefined), () => undefined);
    },
  },
  {
    name: 'an ONNX file',
    valid: onnxModel(
      buildEvaluationGraph(tutorialNetwork(2, { conv1: 1, conv2: 1, local3: 2, local4: 2 }), 1),
    ),
    read: (bytes, dir) => summarizeOnnx('file', bytes, dir),
  },
  {
    name: 'metrics.jsonl',
    valid: bytesOf('{"step":1,"a":2}\n{"step":2,"a":3}\n'),
    read: (bytes, dir) => {
      writeFileSync(join(dir, 'metrics.jsonl'), bytes);
      new MetricsFile(dir, 2, assert.fail).add(2, [{ tag: 'a', kind: 'scalar', value: 1 }]);
    },
  },
  {
    name: 'metrics.jsonl, for curves',
    valid: bytesOf('{"step":1,"a":2}\n{"step":2,"a":3}\n'),
    read: async (bytes, dir) => {
      writeFileSync(join(dir, 'metrics.jsonl'), bytes);
      await readCurves(join(dir, 'metrics.jsonl'), ['a'], 2);
    },
  },
  {
    name: 'evaluations.jsonl',
    valid: bytesOf(`${JSON.stringify(score)}\n`),
    read: async (bytes, dir) => {
      writeFileSync(join(dir, 'evaluations.jsonl'), bytes);
      (await EvaluationLog.open(dir)).has(score);
    },
  },
];

/** Replaces, removes, repeats or inserts parts of a file. */
function mutationsOf(valid: Uint8Array): fc.Arbitrary<Uint8Array> {
  const inserted = fc.oneof(
    fc.uint8Array({ maxLength: 20 }),
    fc
      .constantFrom('[[[[', '{"a":', '"', '\\', '\u0000', '9'.repeat(400), '-1', 'null', '1e999')
      .map(bytesOf),
  );
  const edit = fc.record({
    at: fc.nat(valid.length),
    removed: fc.nat(30),
    inserted,
    times: fc.constantFrom(1, 1, 1, 2, 1000),
  });
  return fc.array(edit, { minLength: 1, maxLength: 4 }).map((edits) =>
    edits.reduce<Uint8Array>((bytes, { at, removed, inserted: more, times }) => {
      const insertion = Array.from({ length: times }, () => more);
      return Buffer.concat([bytes.subarray(0, at), ...insertion, bytes.subarray(at + removed)]);
    }, valid),
  );
}

/** Accepts a result, or a RunError of reasonable length. The program would report anything else as a bug. */
async function requireAnswer(read: Format['read'], bytes: Uint8Array, dir: string): Promise<void> {
  try {
    await read(bytes, dir);
  } catch (error) {
    assert.ok(error instanceof RunError, `${error}`);
    assert.doesNotMatch(error.message, /Maximum call stack/);
    assert.ok(error.message.length < 1000, error.message.slice(0, 2000));
    assert.match(error.message, /file|checkpoint|evaluations/);
  }
}

for (const { name, valid, read } of formats) {
  test(`${name} with random changes is either read, or refused with its name`, () =>
    inTemporaryFolder(async (dir) => {
      await read(valid, dir);
      const answers = fc.asyncProperty(mutationsOf(valid), (bytes) => requireAnswer(read, bytes, dir));
      await fc.assert(answers, { numRuns: 200 });
    }));

  test(
    `${name} with deep nesting and long lines is either read, or refused with its name`,
    { timeout: 60_000 },
    () =>
      inTemporaryFolder(async (dir) => {
        const long = 1_000_000;
        for (const start of [valid.subarray(0, 0), valid, valid.subarray(0, -2)]) {
          // The last piece is the start of a protobuf group. Groups may contain other groups.
          for (const piece of ['[', '{"a":', '"', '\\"', 'a: ', ' ', 'x', '\n', '\u007b']) {
            const more = bytesOf(piece.repeat(long / piece.length));
            await requireAnswer(read, Buffer.concat([start, more]), dir);
          }
        }
      }),
  );
}

test('an index with long lines that would be slow to match is refused at once', () =>
  inTemporaryFolder(async (dir) => {
    await writeCheckpointIndex(dir, { latest: join(dir, 'a'), all: [] });
    const lines = [
      `a: b${' '.repeat(3_000_000)}c`,
      `a: "${'\\n'.repeat(3_000_000)}`,
      `a: "${'x'.repeat(5_000_000)}"`,
    ];
    for (const line of lines) {
      writeFileSync(join(dir, 'checkpoint'), `${line}\n`);
      await assert.rejects(
        readCheckpointIndex(dir),
        (error) => error instanceof RunError && error.message.length < 300,
      );
    }
  }));

test('an event and a graph of nested groups cause warnings', () =>
  inTemporaryFolder(async (dir) => {
    const groups = new Uint8Array(1_000_000).fill(0x7b); // the start of group 15
    const file = [frameRecord(groups), event, frameRecord(EventProto.encode({ graph_def: groups }).finish())];
    writeFileSync(join(dir, 'a.tfevents'), Buffer.concat(file));
    const warnings: string[] = [];
    const warn = (text: string) => void warnings.push(text);
    const { tags } = summarizeEvents(await readRun(dir, warn), warn);
    assert.equal(tags.length, 1);
    assert.equal(warnings.length, 2);
    assert.match(warnings[0] ?? '', /a\.tfevents: byte 0: the record is intact, but not a TensorBoard event/);
    assert.match(warnings[1] ?? '', /a graph in an event file/);
  }));
