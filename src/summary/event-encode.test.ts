import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SummaryEvent } from './event.ts';
import { EventDecoder } from './event-decode.ts';
import { encodeEvent } from './event-encode.ts';

const events: Readonly<Record<string, SummaryEvent>> = {
  'the version': { wallTime: 1479000000.25, step: 0, content: { kind: 'version', version: 'brain.Event:2' } },
  'a graph': { wallTime: 1, step: 0, content: { kind: 'graph', graphDef: Uint8Array.of(1, 2, 3) } },
  'a start': { wallTime: 1.5, step: 2000, content: { kind: 'session', status: 'START' } },
  'a stop': { wallTime: 1.5, step: 2 ** 40, content: { kind: 'session', status: 'STOP' } },
  'a summary': {
    wallTime: 1479000000.5,
    step: 100,
    content: {
      kind: 'summary',
      values: [
        { tag: 'total_loss', kind: 'scalar', value: 4.6875 },
        { tag: 'learning_rate', kind: 'scalar', value: 0 },
        {
          tag: 'h',
          description: 'what',
          kind: 'histogram',
          histogram: {
            ...{ min: -1, max: 2, num: 3, sum: 1, sumSquares: 5 },
            limits: Float64Array.of(-0.5, 0, 2.5),
            counts: Float64Array.of(1, 0, 2),
          },
        },
        {
          tag: 'images/image/0',
          kind: 'image',
          image: { width: 2, height: 1, channels: 3, png: Uint8Array.of(0x89, 0x50, 0x4e, 0x47) },
        },
      ],
    },
  },
  'a value for a plugin': {
    ...{ wallTime: 1, step: 0 },
    content: {
      kind: 'summary',
      values: [{ tag: '_hparams_/x', kind: 'plugin', plugin: 'hparams', content: Uint8Array.of(8, 0) }],
    },
  },
};

for (const [what, event] of Object.entries(events)) {
  test(`${what} is read back unchanged`, () => {
    assert.deepEqual(decoded(encodeEvent(event)), event);
  });
}

/** Decodes an event. The bytes are not passed as a Buffer, so that the bytes in the decoded event are not Buffers either. */
const decoded = (bytes: Uint8Array) => new EventDecoder().decode(Uint8Array.from(bytes), 'x');

/** What `SerializeToString().hex()` of the Python package tensorboard 2.21 returns for the same events. */
const published = {
  'the version': '09000010f0ef09d6411a0d627261696e2e4576656e743a32',
  'a start': '09000000000000f83f10d00f3a020801',
  'a summary':
    '09000020f0ef09d64110642ac7010a110a0a746f74616c5f6c6f737315000096400a140a0d6c6561726e696e675f7261746515000000000a7c0a' +
    '01682a6109000000000000f0bf11000000000000004019000000000000084021000000000000f03f2900000000000014403218000000000000e0' +
    'bf000000000000000000000000000004403a18000000000000f03f000000000000000000000000000000404a140a0c0a0a686973746f6772616d' +
    '731a04776861740a1e0a0e696d616765732f696d6167652f30220c080110021803220489504e47',
};

for (const [what, hexadecimal] of Object.entries(published)) {
  test(`${what} is encoded as in the Python package of TensorBoard`, () => {
    const event = events[what];
    assert.ok(event);
    assert.equal(Buffer.from(encodeEvent(event)).toString('hex'), hexadecimal);
    assert.deepEqual(decoded(Buffer.from(hexadecimal, 'hex')), events[what]);
  });
}

test('a loss that is not finite is stored unchanged', () => {
  const values = [Number.NaN, Number.POSITIVE_INFINITY].map((value) => ({
    ...{ tag: 'loss', kind: 'scalar' as const },
    value,
  }));
  const event: SummaryEvent = { wallTime: 1, step: 1, content: { kind: 'summary', values } };
  assert.deepEqual(decoded(encodeEvent(event)), event);
});

test('events and values of other kinds are returned with the names of their kinds', () => {
  // log_message { message: "hello" }, field 6, and a summary with a value of field 6 (audio).
  const log = Uint8Array.of(0x32, 7, 0x12, 5, ...new TextEncoder().encode('hello'));
  assert.deepEqual(new EventDecoder().decode(log, 'x'), {
    ...{ wallTime: 0, step: 0 },
    content: { kind: 'other', what: 'log_message' },
  });
  const audio = Uint8Array.of(0x2a, 7, 0x0a, 5, 0x0a, 1, 0x61, 0x32, 0);
  assert.deepEqual(new EventDecoder().decode(audio, 'x').content, {
    ...{ kind: 'summary', values: [] },
    unread: [{ tag: 'a', what: 'audio' }],
  });
});

test('the error for bytes that are not an event says where they are', () => {
  assert.throws(() => new EventDecoder().decode(Uint8Array.of(0x2a, 100, 1), 'f: byte 7'), {
    name: 'RunError',
    message: /^f: byte 7: the record is intact, but not a TensorBoard event \(.+\)$/,
  });
});
