/** The bytes of messages (schema.ts) → events. */
import { messageOf, RunError } from '../errors.ts';
import { oneLine, shortened } from '../wording.ts';
import {
  type EncodedImage,
  type EventContent,
  type SummaryContent,
  type SummaryEvent,
  type SummaryValue,
  sessionStatuses,
  type UnreadValue,
} from './event.ts';
import type { Histogram } from './histogram.ts';
import { EventProto } from './schema.ts';
import { histogramIn, imageIn, isScalar, scalarOf, type TensorFields } from './tensor-value.ts';

/** The fields of an Event that we do not read. */
const otherContents = ['meta_graph_def', 'tagged_run_metadata', 'log_message'] as const;

/** Messages as protobufjs returns them: missing fields are undefined, and 64-bit integers are numbers. */
interface EventFields extends Readonly<Partial<Record<(typeof otherContents)[number], Uint8Array>>> {
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
  readonly audio?: Uint8Array;
  readonly obsolete_old_style_histogram?: Uint8Array;
  readonly tensor?: TensorFields;
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

/** Decodes the events of one run. Writers name the plugin of a tag only in its first value, so the decoder remembers it. */
export class EventDecoder {
  readonly #plugins: Map<string, string>;

  /** @param plugins the plugins of tags whose first value this decoder does not get */
  constructor(plugins: Iterable<readonly [tag: string, plugin: string]> = []) {
    this.#plugins = new Map(plugins);
  }

  /** The plugin of each tag that named one. */
  get plugins(): ReadonlyMap<string, string> {
    return this.#plugins;
  }

  /** Decodes the event in a record.
   * @throws RunError that starts with `where`, when the bytes are not an Event */
  decode(data: Uint8Array, where: string): SummaryEvent {
    const fields = decodeFields(data, where);
    return { wallTime: fields.wall_time ?? 0, step: fields.step ?? 0, content: this.#contentOf(fields) };
  }

  #contentOf({ file_version, graph_def, summary, session_log, ...others }: EventFields): EventContent {
    if (file_version !== undefined) return { kind: 'version', version: file_version };
    if (graph_def !== undefined) return { kind: 'graph', graphDef: graph_def };
    if (summary !== undefined) return this.#summaryOf(summary.value ?? []);
    if (session_log !== undefined) {
      return { kind: 'session', status: sessionStatuses[session_log.status ?? 0] ?? 'STATUS_UNSPECIFIED' };
    }
    const what = otherContents.find((name) => others[name] !== undefined);
    return { kind: 'other', ...(what !== undefined && { what }) };
  }

  #summaryOf(fields: readonly ValueFields[]): EventContent {
    const values: SummaryValue[] = [];
    const unread: UnreadValue[] = [];
    for (const value of fields) {
      const { tag = '', metadata } = value;
      const description = metadata?.summary_description;
      const content = this.#valueOf(tag, value);
      if (content.kind === 'unread') unread.push({ tag, what: content.what });
      else values.push({ tag, ...(description !== undefined && { description }), ...content });
    }
    return { kind: 'summary', values, ...(unread.length > 0 && { unread }) };
  }

  #valueOf(tag: string, value: ValueFields): SummaryContent | Unread {
    const { simple_value, histo, image, tensor, metadata } = value;
    const plugin = this.#pluginOf(tag, metadata?.plugin_data?.plugin_name);
    if (simple_value !== undefined) return { kind: 'scalar', value: simple_value };
    if (histo !== undefined) return { kind: 'histogram', histogram: histogramOf(histo) };
    if (image !== undefined) return { kind: 'image', image: imageOf(image) };
    if (plugin === 'hparams') {
      return { kind: 'plugin', plugin, content: metadata?.plugin_data?.content ?? new Uint8Array(0) };
    }
    return (tensor && tensorContent(tensor, plugin)) ?? { kind: 'unread', what: unreadName(value, plugin) };
  }

  #pluginOf(tag: string, named: string | undefined): string | undefined {
    if (named !== undefined && named !== '' && !this.#plugins.has(tag)) this.#plugins.set(tag, named);
    return this.#plugins.get(tag);
  }
}

interface Unread {
  readonly kind: 'unread';
  readonly what: string;
}

function tensorContent(tensor: TensorFields, plugin: string | undefined): SummaryContent | undefined {
  if (plugin === 'scalars' || (plugin === undefined && isScalar(tensor))) {
    const value = scalarOf(tensor);
    return value === undefined ? undefined : { kind: 'scalar', value };
  }
  if (plugin === 'histograms') {
    const histogram = histogramIn(tensor);
    return histogram && { kind: 'histogram', histogram };
  }
  if (plugin === 'images') {
    const image = imageIn(tensor);
    return image && { kind: 'image', image };
  }
  return undefined;
}

function unreadName(
  { audio, obsolete_old_style_histogram, tensor }: ValueFields,
  plugin: string | undefined,
): string {
  if (audio !== undefined) return 'audio';
  if (obsolete_old_style_histogram !== undefined) return 'histogram of an old version';
  return plugin ?? (tensor === undefined ? 'empty value' : 'tensor');
}

function decodeFields(data: Uint8Array, where: string): EventFields {
  try {
    return EventProto.toObject(EventProto.decode(data), { longs: Number });
  } catch (error) {
    const why = oneLine(shortened(messageOf(error)));
    throw new RunError(`${where}: the record is intact, but not a TensorBoard event (${why})`, {
      cause: error,
    });
  }
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
