/** Whether a file of src/ contains tests: those of `npm test`, `npm run test:slow` or `npm run test:soak`. */
export const isTestFile = (path: string): boolean => /\.(test|slow|soak)\.ts$/.test(path);
