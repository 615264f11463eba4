/** A flag of `train` for each hyperparameter. */
import { hyperparameterTable } from '../recipe/hyperparameters.ts';

type Table = typeof hyperparameterTable;
interface OfTraining {
  readonly group: 'Recipe';
  readonly commands: readonly ['train'];
}

export type RecipeFlags = { readonly [Name in keyof Table]: Table[Name] & OfTraining };

const ofTraining: OfTraining = { group: 'Recipe', commands: ['train'] };

export const recipeFlags: RecipeFlags = Object.fromEntries(
  Object.entries(hyperparameterTable).map(([name, record]) => [name, { ...record, ...ofTraining }]),
) as RecipeFlags;
