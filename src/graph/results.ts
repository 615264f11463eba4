/**
 * What a graph returns: values by role and name. All passes and engines handle results through `mapResults`, so a new role
 * needs no change in any of them. The programs and plans of an engine have results too, with their own types of values.
 */

/** The results of a graph or a program. To add a role, add one line here. */
export interface Results<T> {
  /** Returned by every step. */
  readonly output: ReadonlyMap<string, T>;
  /** The value that the variable of this name has after the step. */
  readonly update: ReadonlyMap<string, T>;
  /** Averaged over all workers before the values that depend on it are computed. A single worker has nothing to average, so
   * engines drop the role (`withoutRole`) and the step stays bit-identical. */
  readonly exchanged: ReadonlyMap<string, T>;
  /** Scalars that must be finite for the updates to be applied. If one of them is infinite or not a number, the step returns its
   * outputs and watched values as usual, but all variables keep their values. */
  readonly finite: ReadonlyMap<string, T>;
  /** Returned on request. Requesting it does not change any other result. */
  readonly watched: ReadonlyMap<string, T>;
}

/** The role of a result: `output`, `update`, `exchanged`, `finite` or `watched`. */
export type ResultRole = keyof Results<unknown>;

/** Results with the given roles; the others are empty. */
export function resultsOf<T>(given: Partial<Results<T>>): Results<T> {
  return fromRoles((role) => given[role] ?? new Map<string, T>());
}

/** Applies `replace` to every result. */
export function mapResults<T, U>(
  results: Results<T>,
  replace: (value: T, name: string, role: ResultRole) => U,
): Results<U> {
  return fromRoles(
    (role) => new Map([...results[role]].map(([name, value]) => [name, replace(value, name, role)] as const)),
  );
}

/** Returns every result with its role and name, in the order of the roles. */
export function resultEntries<T>(results: Results<T>): readonly (readonly [ResultRole, string, T])[] {
  const byRole = Object.entries<ReadonlyMap<string, T>>({ ...results }) as [
    ResultRole,
    ReadonlyMap<string, T>,
  ][];
  return byRole.flatMap(([role, named]) => [...named].map(([name, value]) => [role, name, value] as const));
}

/** Returns the values of all results. */
export function resultValues<T>(results: Results<T>): readonly T[] {
  return resultEntries(results).map(([, , value]) => value);
}

/** Returns the results without those of the given role. */
export function withoutRole<T>(results: Results<T>, dropped: ResultRole): Results<T> {
  return fromRoles((role) => (role === dropped ? new Map<string, T>() : results[role]));
}

/** Makes the results of each role. This is the only place that lists all roles at run time. */
function fromRoles<T>(make: (role: ResultRole) => ReadonlyMap<string, T>): Results<T> {
  return {
    output: make('output'),
    update: make('update'),
    exchanged: make('exchanged'),
    finite: make('finite'),
    watched: make('watched'),
  };
}
