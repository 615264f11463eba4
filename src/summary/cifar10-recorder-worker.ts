/** The thread that bins, describes, encodes and writes, so that training does none of it. */
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../errors.ts';
import type { SummaryValue } from './event.ts';
import { EventWriter } from './event-writer.ts';
import { HistogramCounter } from './histogram.ts';
import { MetricsFile } from './metrics-file.ts';
import { encodeImage } from './png.ts';
import type { RecordedValue } from './recorded-value.ts';
import type { RecorderReply, RecorderRequest, RecorderStart } from './recorder-messages.ts';
import { scaleImage } from './scale-image.ts';
import { describedOnce } from './tags.ts';

if (parentPort === null) throw new Error('cifar10-recorder-worker runs as a worker thread');
const port = parentPort;
const start = workerData as RecorderStart;

const say = (reply: RecorderReply) => port.postMessage(reply);
let isTold = false;
/** Of two files that cannot be written for the same reason one is enough to hear of. */
const onError = (error: unknown) => {
  if (!isTold) say({ kind: 'trouble', message: messageOf(error) });
  isTold = true;
};
const describe = describedOnce();
const writer = new EventWriter({ ...start, onError });
const metrics = new MetricsFile(start.dir, start.startStep, onError);
say({ kind: 'done', path: writer.path });

port.on('message', (request: RecorderRequest) => {
  if (request.kind === 'record') {
    const values = request.values.flatMap(written).map(describe);
    writer.add({ kind: 'summary', values }, request.step);
    metrics.add(request.step, values);
  }
  if (request.kind === 'graph') writer.add({ kind: 'graph', graphDef: request.graphDef }, 0);
  if (request.kind === 'flush') writer.flush();
  if (request.kind === 'flush' || request.kind === 'close') metrics.flush();
  if (request.kind === 'close') {
    writer.close();
    port.close();
  }
  say({ kind: 'done', path: writer.path });
});

/** What stands in the file for a value. */
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
