/**
 * Values for TensorBoard's HParams page, which compares runs by their hyperparameters. The page reads three values with
 * special tags, whose content is in the metadata (tensorboard/plugins/hparams/summary.py):
 *
 *     _hparams_/experiment           the hyperparameters and metrics that exist; once for all runs, or in each
 *     _hparams_/session_start_info   the hyperparameters of this run; a run without it is not shown
 *     _hparams_/session_end_info     how the run ended; TensorBoard keeps the first one of a run
 */
import { messageOf, RunError } from '../errors.ts';
import type { PluginValue } from './event.ts';
import { HParamsPluginDataProto } from './schema.ts';

/** The hyperparameters of a run, by name. */
export type Hyperparameters = Readonly<Record<string, string | number | boolean>>;

export interface ExperimentInfo {
  readonly description?: string;
  /** Hyperparameters of which only the names and types are used; their values do not matter. */
  readonly hyperparameters: Hyperparameters;
  readonly metrics: readonly MetricInfo[];
  /** Seconds since 1970. */
  readonly created: number;
}

export interface MetricInfo {
  /** The tag of the scalar whose latest value is shown. */
  readonly tag: string;
  /** Where the scalar is: in the run itself, or in a subfolder with this path. */
  readonly folder?: string;
  readonly displayName?: string;
  readonly description?: string;
}

/** HParamInfo.DataType of api.proto. */
const dataTypes = { string: 1, boolean: 2, number: 3 } as const;
/** SessionEndInfo.Status of api.proto. */
const endings = { success: 1, failure: 2 } as const;

export function experimentValue({
  description = '',
  hyperparameters,
  metrics,
  created,
}: ExperimentInfo): PluginValue {
  return hparamsValue('experiment', {
    description,
    time_created_secs: created,
    hparam_infos: Object.entries(hyperparameters).map(([name, value]) => ({ name, type: dataTypeOf(value) })),
    metric_infos: metrics.map(metricInfo),
  });
}

function metricInfo({ tag, folder = '', displayName = '', description = '' }: MetricInfo): object {
  return { name: { group: folder, tag }, display_name: displayName, description };
}

/** @param started seconds since 1970 */
export function sessionStartValue(hyperparameters: Hyperparameters, started: number): PluginValue {
  const hparams = Object.fromEntries(
    Object.entries(hyperparameters).map(([name, value]) => [name, structValue(value)]),
  );
  return hparamsValue('session_start_info', { hparams, start_time_secs: started });
}

/** @param ended seconds since 1970 */
export function sessionEndValue(ending: keyof typeof endings, ended: number): PluginValue {
  return hparamsValue('session_end_info', { status: endings[ending], end_time_secs: ended });
}

/** Returns the hyperparameters in the content of a `session_start_info`. Lists and missing values are omitted.
 * @throws RunError when the bytes are not such a message */
export function hyperparametersOf(content: Uint8Array): Hyperparameters {
  const { session_start_info: info = {} } = decodeFields(content);
  const values = Object.entries(info.hparams ?? {});
  return Object.fromEntries(
    values.flatMap(([name, { string_value, bool_value, number_value }]) => {
      const value = string_value ?? bool_value ?? number_value;
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}

/** The message as protobufjs returns it. Fields that were not written are missing. */
interface ContentFields {
  readonly session_start_info?: { readonly hparams?: Readonly<Record<string, ValueFields>> };
}
interface ValueFields {
  readonly string_value?: string;
  readonly bool_value?: boolean;
  readonly number_value?: number;
}

function decodeFields(content: Uint8Array): ContentFields {
  try {
    return HParamsPluginDataProto.toObject(HParamsPluginDataProto.decode(content));
  } catch (error) {
    throw new RunError(`cannot decode the hyperparameters in an event file: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function dataTypeOf(value: Hyperparameters[string]): number {
  if (typeof value === 'string') return dataTypes.string;
  return typeof value === 'boolean' ? dataTypes.boolean : dataTypes.number;
}

function structValue(value: Hyperparameters[string]): object {
  if (typeof value === 'string') return { string_value: value };
  return typeof value === 'boolean' ? { bool_value: value } : { number_value: value };
}

function hparamsValue(kind: string, data: object): PluginValue {
  const content = HParamsPluginDataProto.encode({ version: 0, [kind]: data }).finish();
  return { tag: `_hparams_/${kind}`, kind: 'plugin', plugin: 'hparams', content };
}
