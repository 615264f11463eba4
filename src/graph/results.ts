/**
 * What a graph computes for whoever runs it: values by role and name. Every pass and both engines keep all roles by
 * `mapResults`, so a new role needs no change in any of them. Programs and plans of engines have results too, of their own kinds of value.
 */

/** The results of a graph or a program. A new role is one line here. */
export interface Results<T> {
  /** Returned by every step. */
  readonly output: ReadonlyMap<string, T>;
  /** The value of the variable of that name after the step. */
  readonly update: ReadonlyMap<string, T>;
  /** Averaged over all workers before anything that depends on it is computed. With a single worker there is nothing to
   * average: engines drop the role (`withoutRole`), and the step is the same to the bit. */
  readonly exchanged: ReadonlyMap<string, T>;
  /** Returned by a step on request. A request changes no bit of the other results. */
  readonly watched: ReadonlyMap<string, T>;
}

export type ResultRole = keyof Results<unknown>;

/** Results of which only some roles are given. */
export function resultsOf<T>(given: Partial<Results<T>>): Results<T> {
  return fromRoles((role) => given[role] ?? new Map<string, T>());
}

/** Every result replaced. */
export function mapResults<T, U>(
  results: Results<T>,
  replace: (value: T, name: string, role: ResultRole) => U,
): Results<U> {
  return fromRoles(
    (role) => new Map([...results[role]].map(([name, value]) => [name, replace(value, name, role)] as const)),
  );
}

/** Every result with its role and name, in the order of the roles. */
export function resultEntries<T>(results: Results<T>): readonly (readonly [ResultRole, string, T])[] {
  const byRole = Object.entries<ReadonlyMap<string, T>>({ ...results }) as [
    ResultRole,
    ReadonlyMap<string, T>,
  ][];
  return byRole.flatMap(([role, named]) => [...named].map(([name, value]) => [role, name, value] as const));
}

/** All values. */
export function resultValues<T>(results: Results<T>): readonly T[] {
  return resultEntries(results).map(([, , value]) => value);
}

/** The same results, none of one role. */
export function withoutRole<T>(results: Results<T>, dropped: ResultRole): Results<T> {
  return fromRoles((role) => (role === dropped ? new Map<string, T>() : results[role]));
}

/** The list of roles as a value. */
function fromRoles<T>(make: (role: ResultRole) => ReadonlyMap<string, T>): Results<T> {
  return {
    output: make('output'),
    update: make('update'),
    exchanged: make('exchanged'),
    watched: make('watched'),
  };
}
