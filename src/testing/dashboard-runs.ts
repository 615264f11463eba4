/** Folders with runs and a page, for tests of the dashboard. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SummaryValue } from '../summary/event.ts';
import { encodeEvent } from '../summary/event-encode.ts';
import { histogramOf } from '../summary/histogram.ts';
import { encodeImage } from '../summary/png.ts';
import { frameRecord } from '../summary/record-file.ts';

/** The name of the event files that these functions write. */
export const eventFileName = 'events.out.tfevents.1700000000.host.1.0';

/** Returns the record with which every event file starts. */
export function versionRecord(): Uint8Array {
  return frameRecord(
    encodeEvent({ wallTime: 1, step: 0, content: { kind: 'version', version: 'brain.Event:2' } }),
  );
}

export function summaryRecord(step: number, ...values: readonly SummaryValue[]): Uint8Array {
  return frameRecord(encodeEvent({ wallTime: 1000 + step, step, content: { kind: 'summary', values } }));
}

export function scalarRecord(tag: string, step: number, value: number): Uint8Array {
  return summaryRecord(step, { tag, kind: 'scalar', value });
}

/** Returns the record of a session that replaces the values at a step and later ones. */
export function sessionRecord(step: number): Uint8Array {
  return frameRecord(encodeEvent({ wallTime: 2000, step, content: { kind: 'session', status: 'START' } }));
}

/** A PNG of one red pixel. */
export const redPixel: Uint8Array = encodeImage({
  width: 1,
  height: 1,
  channels: 3,
  data: Uint8Array.of(255, 0, 0),
}).png;

/** Writes a run with curves, a histogram and an image. */
export function writeSmallRun(folder: string, steps = 3): void {
  mkdirSync(folder, { recursive: true });
  const image = { width: 1, height: 1, channels: 3, png: redPixel };
  const records = Array.from({ length: steps }, (_, step) =>
    summaryRecord(
      step,
      { tag: 'total_loss', kind: 'scalar', value: 4 / (step + 1) },
      { tag: 'a/b ä', kind: 'scalar', value: step },
      { tag: 'weights', kind: 'histogram', histogram: histogramOf(Float32Array.of(-1, 0, 0.5, 2)) },
      { tag: 'image', kind: 'image', image },
    ),
  );
  writeFileSync(join(folder, eventFileName), Buffer.concat([versionRecord(), ...records]));
}

/** Writes the files of a built page. */
export function writeSmallPage(folder: string): void {
  mkdirSync(join(folder, 'assets'), { recursive: true });
  writeFileSync(join(folder, 'index.html'), '<!doctype html><html><head></head><body>page</body></html>');
  writeFileSync(join(folder, 'assets', 'index-abcdEFG1.js'), `export const text = '${'x'.repeat(5000)}';`);
}
