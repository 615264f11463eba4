/** The flags of the dashboard: the group “The page” of the help. */
import { defaultPort } from '../../dashboard/defaults.ts';

export const dashboardFlags = {
  dashboard: {
    kind: 'boolean',
    default: false,
    help: 'serve a page that shows the run while it trains, and print its link',
    group: 'The page',
    inSweep: { refused: 'a sweep has many runs; start the command dashboard with its folder' },
    commands: ['train'],
  },
  logdir: {
    kind: 'string',
    valueName: 'folder',
    default: 'runs',
    help: 'folder that contains the runs, at any depth',
    group: 'The page',
    commands: ['dashboard'],
  },
  host: {
    kind: 'string',
    valueName: 'address',
    default: '127.0.0.1',
    help: 'address to listen on; with 0.0.0.0, other machines can open the link, which then contains a token',
    group: 'The page',
    commands: ['dashboard'],
  },
  port: {
    kind: 'integer',
    valueName: 'port',
    minimum: 0,
    maximum: 65_535,
    default: defaultPort as typeof defaultPort,
    help: 'port to listen on; 0 uses a free one',
    group: 'The page',
    commands: ['dashboard'],
  },
  export: {
    kind: 'string',
    valueName: 'folder',
    help: 'write the page and its data to this folder, for any web server, instead of serving it',
    group: 'The page',
    commands: ['dashboard'],
  },
} as const;
