/** The thread that bins, encodes and writes summaries, which leaves the other threads free for training. */
import { messageOf } from '../errors.ts';
import { serve } from '../threads/serve.ts';
import type { SummaryValue } from './event.ts';
import { EventWriter } from './event-writer.ts';
import { HistogramCounter } from './histogram.ts';
import { MetricsFile } from './metrics-file.ts';
import { encodeImage } from './png.ts';
import type { RecordedValue } from './recorded-value.ts';
import type { RecorderMethods, RecorderStart } from './recorder.ts';
import { scaleImage } from './scale-image.ts';
import { describedOnce } from './tags.ts';

serve<RecorderStart, RecorderMethods>((start, notify) => {
  let hasReported = false;
  /** Reports only the first error. Two files are written, and if both fail, the cause is usually the same. */
  const onError = (error: unknown) => {
    if (!hasReported) notify(messageOf(error));
    hasReported = true;
  };
  const describe = describedOnce();
  const writer = new EventWriter({ ...start, onError });
  const metrics = new MetricsFile(start.dir, start.startStep, onError);
  return {
    record: (step, recorded) => {
      const values = recorded.flatMap(written).map(describe);
      writer.add({ kind: 'summary', values }, step);
      metrics.add(step, values);
    },
    graph: (graphDef) => writer.add({ kind: 'graph', graphDef }, 0),
    flush: () => {
      writer.flush();
      metrics.flush();
    },
    close: () => {
      metrics.flush();
      writer.close();
    },
  };
});

/** Converts a recorded value to the values that the files contain. */
function written(value: RecordedValue): readonly SummaryValue[] {
  if (value.kind === 'picture') {
    const { image, ...rest } = value;
    return [{ ...rest, kind: 'image', image: encodeImage(scaleImage(image)) }];
  }
  if (value.kind !== 'tensor') return [value];
  const { data, sparsity, ...rest } = value;
  const counter = new HistogramCounter();
  counter.add(data);
  const histogram: SummaryValue = { ...rest, kind: 'histogram', histogram: counter.histogram };
  if (sparsity === undefined) return [histogram];
  return [histogram, { ...sparsity, kind: 'scalar', value: counter.zeros / Math.max(1, data.length) }];
}
