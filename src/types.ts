/** The types of the functions that `cifar10-ts` exports, so that all of them can be imported. `index.test.ts` says which are missing. */
export type {
  CheckpointMetadata,
  DatasetDescription as StoredDataset,
  StoredImageShape,
  StoredLossScale,
  StoredOrigin,
  StoredStatistics,
  Versions as StoredVersions,
} from './checkpoint/metadata.ts';
export type { GroupStart, OuterGroup, SharedFloats, SharedMemoryOfGroup } from './collective/group-start.ts';
export type { Job } from './collective/mpi/start-mpi.ts';
export type { DataEvent, DataOptions } from './data/events.ts';
export type { Device } from './engine/device.ts';
export type { DeviceChoice } from './engine/device-names.ts';
export type {
  CompileOptions,
  Engine,
  ExchangeStart,
  PartTime,
  PlacedKernel,
  Recovered,
  Session,
  StepOptions,
} from './engine/engine.ts';
export type { ClassResult, ConfusionMatrix } from './evaluation/confusion.ts';
export type { Evaluation, Score, Scored } from './evaluation/evaluate.ts';
export type { Weights } from './evaluation/weights.ts';
export type { Comparison } from './export/compare.ts';
export type { ExportEvent } from './export/export.ts';
export type { ExportRequest } from './export/export-request.ts';
export type { ExportFormatName, WeightNames } from './export/format.ts';
export type { OutputFile } from './export/output.ts';
export type { TrainedNetwork } from './export/trained-network.ts';
export type { GraphBuilder } from './ops/builder.ts';
export type { PictureFault } from './pictures/decode.ts';
export type * from './portable.ts';
export type { ModelKind, OpenModelOptions } from './predict/open-classifier.ts';
export type { PredictionControl, PredictionEvent, PredictionRequest } from './predict/predict.ts';
export type { ClassifyOptions, PictureInput, TrainedModel } from './predict/trained-model.ts';
export type { ScaledFrom, ScalingName } from './recipe/scale-learning-rate.ts';
export type { ScoringEvent } from './run/checkpoint-scorer.ts';
export type { PreparationEvent } from './run/ensure-dataset.ts';
export type { EvaluateControl, EvaluateRequest, EvaluateResult } from './run/evaluate.ts';
export type { EvaluationControl, EvaluationEvent } from './run/evaluation.ts';
export type { EvalData, EvaluationRequest } from './run/evaluation-request.ts';
export type { DeviceEvent, DeviceTrial, FastestDevice } from './run/fastest-device.ts';
export type { ImportRequest } from './run/import-pictures.ts';
export type { Initialization } from './run/initial-weights.ts';
export type { LearningRateEvent, SearchControl } from './run/learning-rate-search.ts';
export type { PlacementEvent } from './run/placement-file.ts';
export type { ProcessOptions } from './run/process-options.ts';
export type { RecipeObject } from './run/recipe-object.ts';
export type { CacheOption, PictureOptions } from './run/run-data.ts';
export type { RunOptions } from './run/run-options.ts';
export type { StopControl } from './run/stop-control.ts';
export type { EndedRun, SweepEvent } from './run/sweep.ts';
export type { CombinationResult } from './run/sweep-combinations.ts';
export type { PlacedRun, SweepResult } from './run/sweep-folder.ts';
export type { OptionValue, PlannedRun, SweepRequest, VariedOptions } from './run/sweep-request.ts';
export type { TrainControl, TrainedStep, TrainResult } from './run/train.ts';
export type { TrainingControl, TrainingEvent } from './run/training.ts';
export type { TrainingRequest } from './run/training-request.ts';
export type { EncodedImage, PluginValue, SummaryContent } from './summary/event.ts';
export type { Histogram } from './summary/histogram.ts';
export type { RecordedValue } from './summary/recorded-value.ts';
export type { Tag } from './summary/tags.ts';
export type { EpochReport } from './training/epochs.ts';
export type { RangePoint } from './training/learning-rate-range.ts';
export type { PlacedNode, Placement, TowerPlacement } from './training/placement.ts';
export type { Ranks, RunDefinition, TrainingRun } from './training/run-definition.ts';
export type { StepSummary } from './training/summarizer.ts';
export type { TrainEvent } from './training/train.ts';
export type { StepReport } from './training/train-step.ts';
export type { RecipeChange } from './training/training-run.ts';
export type { ValidationReport } from './training/validation.ts';
