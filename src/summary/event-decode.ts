/** The bytes of messages (schema.ts) → events. */
import { messageOf, RunError } from '../errors.ts';
import {
  type EncodedImage,
  type EventContent,
  type SummaryContent,
  type SummaryEvent,
  type SummaryValue,
  sessionStatuses,
} from './event.ts';
import type { Histogram } from './histogram.ts';
import { EventProto } from './schema.ts';

/** The messages as protobufjs gives them: fields that were not written are missing, 64-bit integers are numbers. */
interface EventFields {
  readonly wall_time?: number;
  readonly step?: number;
  readonly file_version?: string;
  readonly graph_def?: Uint8Array;
  readonly summary?: { readonly value?: readonly ValueFields[] };
  readonly session_log?: { readonly status?: number };
}
interface ValueFields {
  readonly tag?: string;
  readonly metadata?: {
    readonly plugin_data?: { readonly plugin_name?: string; readonly content?: Uint8Array };
    readonly summary_description?: string;
  };
  readonly simple_value?: number;
  readonly histo?: HistogramFields;
  readonly image?: ImageFields;
}
interface HistogramFields {
  readonly min?: number;
  readonly max?: number;
  readonly num?: number;
  readonly sum?: number;
  readonly sum_squares?: number;
  readonly bucket_limit?: readonly number[];
  readonly bucket?: readonly number[];
}
interface ImageFields {
  readonly width?: number;
  readonly height?: number;
  readonly colorspace?: number;
  readonly encoded_image_string?: Uint8Array;
}

/** The event in the data of a record.
 * @throws RunError naming `where` when the bytes are no Event. */
export function decodeEvent(data: Uint8Array, where: string): SummaryEvent {
  const fields = decodeFields(data, where);
  return { wallTime: fields.wall_time ?? 0, step: fields.step ?? 0, content: contentOf(fields) };
}

function decodeFields(data: Uint8Array, where: string): EventFields {
  try {
    return EventProto.toObject(EventProto.decode(data), { longs: Number });
  } catch (error) {
    throw new RunError(
      `${where}: the record is whole, but no TensorBoard event (${messageOf(error)}). Is this another kind of file?`,
    );
  }
}

function contentOf({ file_version, graph_def, summary, session_log }: EventFields): EventContent {
  if (file_version !== undefined) return { kind: 'version', version: file_version };
  if (graph_def !== undefined) return { kind: 'graph', graphDef: graph_def };
  if (summary !== undefined) return { kind: 'summary', values: (summary.value ?? []).flatMap(knownValue) };
  if (session_log !== undefined) {
    return { kind: 'session', status: sessionStatuses[session_log.status ?? 0] ?? 'STATUS_UNSPECIFIED' };
  }
  return { kind: 'other' };
}

/** A value of a kind that we know, or none. */
function knownValue(fields: ValueFields): readonly SummaryValue[] {
  const content = summaryOf(fields);
  if (content === undefined) return [];
  const description = fields.metadata?.summary_description;
  return [{ tag: fields.tag ?? '', ...(description !== undefined && { description }), ...content }];
}

function summaryOf({ simple_value, histo, image, metadata }: ValueFields): SummaryContent | undefined {
  if (simple_value !== undefined) return { kind: 'scalar', value: simple_value };
  if (histo !== undefined) return { kind: 'histogram', histogram: histogramOf(histo) };
  if (image !== undefined) return { kind: 'image', image: imageOf(image) };
  const plugin = metadata?.plugin_data;
  if (plugin?.plugin_name === undefined) return undefined;
  return { kind: 'plugin', plugin: plugin.plugin_name, content: plugin.content ?? new Uint8Array(0) };
}

function histogramOf(fields: HistogramFields): Histogram {
  const { min = 0, max = 0, num = 0, sum = 0, sum_squares: sumSquares = 0 } = fields;
  const { bucket_limit = [], bucket = [] } = fields;
  const [limits, counts] = [Float64Array.from(bucket_limit), Float64Array.from(bucket)];
  return { min, max, num, sum, sumSquares, limits, counts };
}

function imageOf({ width = 0, height = 0, colorspace = 0, encoded_image_string }: ImageFields): EncodedImage {
  return { width, height, channels: colorspace, png: encoded_image_string ?? new Uint8Array(0) };
}
