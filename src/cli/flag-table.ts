/** All flags of the program. Types, parsing, errors and help derive from this table. The records are in `flags/`, in a file for each
 * group of the help. */
import type { CommandName, Flag, FlagValue } from './flag.ts';
import { checkpointFlags } from './flags/checkpoint.ts';
import { computingFlags } from './flags/computing.ts';
import { dashboardFlags } from './flags/dashboard.ts';
import { dataFlags } from './flags/data.ts';
import { keptFlags } from './flags/kept.ts';
import { type PictureFlags, pictureFlags } from './flags/pictures.ts';
import { printedFlags } from './flags/printed.ts';
import { ownRecipeFlags } from './flags/recipe.ts';
import { type RecipeFlags, recipeFlags } from './recipe-flags.ts';

type OwnFlags = typeof dataFlags &
  PictureFlags &
  typeof checkpointFlags &
  typeof ownRecipeFlags &
  typeof computingFlags &
  typeof keptFlags &
  typeof dashboardFlags &
  typeof printedFlags;

/** In the order of the help. */
const ownFlags: OwnFlags = {
  ...dataFlags,
  ...pictureFlags,
  ...checkpointFlags,
  ...ownRecipeFlags,
  ...computingFlags,
  ...keptFlags,
  ...dashboardFlags,
  ...printedFlags,
};

/** The type of the table. A record that is not a Flag is a compile error. */
export type FlagTable = Checked<OwnFlags & RecipeFlags>;
type Checked<Table extends Readonly<Record<string, Flag>>> = Table;

export const flagTable: FlagTable = { ...ownFlags, ...recipeFlags };

/** The flags of a command as properties of an object, without shorthands for other flags. */
export type FlagsOf<C extends CommandName> = {
  readonly [Name in keyof FlagTable as FlagTable[Name] extends { standsFor: unknown }
    ? never
    : BelongsTo<FlagTable[Name], C> extends true
      ? Name
      : never]: FlagValue<FlagTable[Name], C>;
};
type BelongsTo<F, C> = F extends { commands: readonly (infer Of)[] }
  ? C extends Of
    ? true
    : C extends 'sweep'
      ? TakenFromTrain<F, Of>
      : false
  : false;
/** Whether `sweep` has the flag because `train` has it. This is the type of what `isFlagOf` decides. */
type TakenFromTrain<F, Of> = 'train' extends Of
  ? F extends { inSweep: { refused: string } }
    ? false
    : true
  : false;

export type TrainFlags = FlagsOf<'train'>;
export type EvalFlags = FlagsOf<'eval'>;
export type PredictFlags = FlagsOf<'predict'>;
export type SweepFlags = FlagsOf<'sweep'>;
export type BenchFlags = FlagsOf<'bench'>;
export type DownloadFlags = FlagsOf<'download'>;
export type ImportFlags = FlagsOf<'import'>;
export type ExportFlags = FlagsOf<'export'>;
export type InspectFlags = FlagsOf<'inspect'>;
export type DashboardFlags = FlagsOf<'dashboard'>;
export type DoctorFlags = FlagsOf<'doctor'>;
