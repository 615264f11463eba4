/** The version of this package. It is a constant and not read from package.json, because a bundler puts this file beside the
 * user's own package.json. `src/package.test.ts` compares both versions. */
export const version: string = '0.1.0';
