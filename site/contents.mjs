// @ts-check
/**
 * The pages of the site, in the order of the sidebar: the file in the repository, the address on the site, and the title in the
 * sidebar. Every Markdown page of docs/ must have a row here (src/site.test.ts).
 */

/** @typedef {{ readonly file: string, readonly route: string, readonly title: string }} Page */
/** @typedef {{ readonly title: string, readonly pages: readonly Page[] }} Group */

/** @param {string} file @param {string} route @param {string} title @returns {Page} */
const page = (file, route, title) => ({ file, route, title });

/** A page of docs/, whose address is its name.
 * @param {string} name @param {string} title */
const doc = (name, title) => page(`docs/${name}.md`, name, title);

/** @type {readonly Group[]} */
export const groups = [
  {
    title: 'Getting started',
    pages: [page('README.md', 'overview', 'Overview'), doc('getting-started', 'Getting started')],
  },
  {
    title: 'Tasks',
    pages: [
      doc('pictures', 'Your own pictures'),
      doc('evaluation', 'Evaluation'),
      doc('predict', 'Predict'),
      doc('export', 'Export'),
      doc('recipes', 'Recipes and networks'),
      doc('devices', 'Devices'),
      doc('docker', 'Docker'),
      doc('precision', 'Precision'),
      doc('scale', 'Several processes'),
      doc('summaries', 'TensorBoard'),
      doc('dashboard', 'Dashboard'),
    ],
  },
  {
    title: 'Reference',
    pages: [
      page('examples/README.md', 'examples', 'Examples'),
      doc('library', 'The library'),
      doc('json', 'What --json prints'),
      doc('reproducibility', 'Reproducibility'),
      doc('dependencies', 'Dependencies'),
      page('CHANGELOG.md', 'changelog', 'Changelog'),
    ],
  },
  {
    title: 'Background',
    pages: [
      doc('ideas', 'The ideas, beside the code'),
      doc('tutorial-map', 'Map of the tutorial'),
      doc('log', 'Log of fast training'),
      doc('deviations', 'Deviations from TensorFlow'),
      doc('architecture', 'Architecture'),
      page('bench/RESULTS.md', 'results', 'Measured results'),
      page('CONTRIBUTING.md', 'contributing', 'Contributing'),
    ],
  },
];

/** All pages, in order. */
export const pages = groups.flatMap((group) => group.pages);
