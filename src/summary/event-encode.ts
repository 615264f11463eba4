/** Events → the bytes of their messages (schema.ts). */
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

/** TensorBoard drops a value for a plugin if the value has no tensor. This tensor is empty: float32 (DT_FLOAT) [0]. */
const emptyTensor = { dtype: 1, tensor_shape: { dim: [{ size: 0 }] } };

export function encodeEvent({ wallTime, step, content }: SummaryEvent): Uint8Array {
  return EventProto.encode({ wall_time: wallTime, step, ...contentProto(content) }).finish();
}

function contentProto(content: EventContent): object {
  switch (content.kind) {
    case 'version':
      return { file_version: content.version };
    case 'graph':
      return { graph_def: content.graphDef };
    case 'summary':
      return { summary: { value: content.values.map(valueProto) } };
    case 'session':
      return { session_log: { status: sessionStatuses.indexOf(content.status) } };
    case 'other':
      return {};
  }
}

function valueProto(value: SummaryValue): object {
  const { tag, description } = value;
  const isPlain = value.kind !== 'plugin';
  // Readers warn about metadata that does not name a plugin.
  const plugin = isPlain
    ? { plugin_name: `${value.kind}s` }
    : { plugin_name: value.plugin, content: value.content };
  const metadata = {
    ...((!isPlain || description !== undefined) && { plugin_data: plugin }),
    ...(description !== undefined && { summary_description: description }),
  };
  const hasMetadata = Object.keys(metadata).length > 0;
  return { tag, ...(hasMetadata && { metadata }), ...summaryProto(value) };
}

function summaryProto(value: SummaryContent): object {
  switch (value.kind) {
    case 'scalar':
      return { simple_value: value.value };
    case 'histogram':
      return { histo: histogramProto(value.histogram) };
    case 'image':
      return { image: imageProto(value.image) };
    case 'plugin':
      return { tensor: emptyTensor };
  }
}

function histogramProto({ min, max, num, sum, sumSquares, limits, counts }: Histogram): object {
  return { min, max, num, sum, sum_squares: sumSquares, bucket_limit: limits, bucket: counts };
}

function imageProto({ width, height, channels, png }: EncodedImage): object {
  return { width, height, colorspace: channels, encoded_image_string: png };
}
