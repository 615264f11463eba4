import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MetricsLines } from './read-metrics.ts';

type Points = Map<string, (readonly [step: number, time: number, value: number])[]>;

/** Reads lines with `JSON.parse`. */
function expectedPoints(lines: readonly string[]): Points {
  const points: Points = new Map();
  for (const line of lines) {
    const parsed = parse(line);
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) continue;
    const { step, time, ...values } = { ...parsed } as Record<string, unknown>;
    if (typeof step !== 'number') continue;
    const seconds = typeof time === 'string' ? Date.parse(time) / 1000 : 0;
    for (const [tag, value] of Object.entries(values)) {
      if (typeof value !== 'number' && value !== null) continue;
      const known = points.get(tag) ?? [];
      points.set(tag, known);
      known.push([step, Number.isFinite(seconds) ? seconds : 0, value ?? Number.NaN]);
    }
  }
  return points;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function requireSame(lines: readonly string[]): void {
  const reader = new MetricsLines();
  reader.take(Buffer.from(lines.map((line) => `${line}\n`).join('')));
  const points: Points = new Map();
  for (const { tag, steps, times, values } of reader.scalars)
    points.set(
      tag,
      [...steps].map((step, at) => [step, times[at] ?? 0, values[at] ?? 0]),
    );
  assert.deepEqual(points, expectedPoints(lines));
}

test('numbers, times and names are read as JSON.parse reads them', () => {
  const time = '"time":"2026-11-05T23:59:59.999Z"';
  requireSame([
    `{${time},"step":0,"loss":4.5}`,
    `{"time":"2026-11-06T00:00:00.000Z","step":1,"loss":-0,"a":0.1,"b":123456789012345}`,
    `{${time},"step":2,"loss":4.412345678901234,"a":1e-7,"b":1.5E+300,"c":12345678901234567890}`,
    `{${time},"step":3,"loss":null,"näme/ä b":0.000123456789012345,"":1}`,
    `{${time},"step":4,"loss":0.1234567890123456,"text":"x","b":-12.5}`,
    `{"time":"2026-11-05T24:00:00.000Z","step":5,"loss":1}`,
    `{"time":"2026-11-06T25:00:00.000Z","step":6,"loss":1}`,
    `{"time":"2026-11-06 01:00","step":7,"loss":1}`,
    `{"time":"2026-11-06T01:00:00.12xZ","step":8,"loss":1}`,
    `{"time":"2026-02-31T01:00:00.123Z","step":9,"loss":1}`,
    `{"time":7,"step":10,"loss":1}`,
    `{"loss":1,"step":11}`,
    `{"step":12,"loss":1e999}`,
  ]);
});

test('lines that are unusual or no JSON are parsed or skipped, and end where they end', () => {
  requireSame([
    '',
    '{',
    '{}',
    '[]',
    '{"step":1,"loss":1',
    '{"step":1,"loss":1}}',
    '{"step":1,"loss":1},',
    '{"step":2, "loss": 1}',
    '{"step":3,"loss":01}',
    '{"step":3,"loss":1.}',
    '{"step":3,"loss":.5}',
    '{"step":3,"loss":-}',
    '{"step":3,"loss":1e}',
    '{"step":3,"loss":nul}',
    '{"step":4,"lo\\u0073s":1,"a":2}',
    '{"step":5,"loss":1,"loss":2}',
    '{"step":5,"step":6,"loss":1}',
    '{"step":7,"loss":{"a":1},"b":[1],"c":true,"d":4}',
    '{"step":"8","loss":1}',
    '{"step":null,"loss":1}',
    '{"step":9,"loss":1}\r',
    '{"step":10,"__proto__":1,"constructor":2}',
  ]);
});

test('whatever objects are written, the values are those of JSON.parse', () => {
  const value = fc.oneof(fc.double(), fc.integer(), fc.float(), fc.constant(null), fc.string(), fc.boolean());
  const keys = fc.oneof(fc.constantFrom('step', 'time', 'loss', 'a/b'), fc.string());
  const written = fc.dictionary(keys, value, { maxKeys: 6 }).map((object) => JSON.stringify(object));
  const broken = fc.tuple(written, fc.nat(60)).map(([line, at]) => line.slice(0, at));
  fc.assert(fc.property(fc.array(fc.oneof(written, broken), { maxLength: 12 }), requireSame), {
    numRuns: 1000,
  });
});
